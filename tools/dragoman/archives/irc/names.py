"""Network, channel and day out of the path of a log."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from dragoman.archives.months import make_date, month_of
from dragoman.archives.sources import File
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import ConversationKind

_ENDING: Final = lazy_pattern(r"\.(?:log|weechatlog|txt|irclog)$", re.IGNORECASE)
_DAY: Final = lazy_pattern(r"[._-]?(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_DAY_WORD: Final = lazy_pattern(r"[._-]?(?<!\d)(\d\d)([A-Za-z]{3})((?:19|20)\d\d)(?!\d)")
_NETWORK: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_WEECHAT: Final = lazy_pattern(rf"irc\.(?P<network>{_NETWORK})\.(?P<channel>[#&+!].*|[^.]+)", re.IGNORECASE)
_JOINED: Final = lazy_pattern(rf"(?P<network>{_NETWORK}?)[-_](?P<channel>[#&].*)")
_MIRC: Final = lazy_pattern(r"(?P<channel>[#&].*)\.(?P<network>[A-Za-z][A-Za-z0-9_-]*)")
_SESSION: Final = lazy_pattern(r"Session Ident: (\S+)", re.MULTILINE)
# Folders around logs that are no network.
_OTHER_FOLDER: Final = lazy_pattern(
    r"(?i:irc|.*logs?|irc.*|weechat|hexchat|x-?chat2?|mirc|znc|moddata|scrollback|users?|networks|home|downloads?"
    r"|documents|desktop|archives?|exports?|backups?|\d{4}|\d\d)"
)
_SIGNS: Final = "#&+!"


class LogName(NamedTuple):
    """What a path tells.

    Attributes:
        network: Empty where no folder and no part of the name is one.
        channel: With its sign; a person's name for a talk with one.
        day: The day of the log, where the name has it.
        title: What people see.
    """

    network: str
    channel: str
    day: date | None
    title: str

    @property
    def id(self) -> str:
        """Id of the conversation."""
        return f"irc.{self.network}.{self.channel}" if self.network else f"irc.{self.channel}"

    @property
    def kind(self) -> ConversationKind:
        """A channel, or a talk with one person."""
        return ConversationKind.CHANNEL if self.channel[:1] in _SIGNS else ConversationKind.DIRECT


def name_of(file: File, title: str) -> LogName:
    """What the path of a log tells.

    Args:
        file: The log.
        title: What to call a log that does not tell its channel.
    """
    folders = file.folder.path.split("/") if file.folder.path else []
    stem, day = _without_day(_ENDING.sub("", file.name))
    beginning = file.head().text
    network = ""
    found = _WEECHAT.fullmatch(stem) or _JOINED.fullmatch(stem)
    if found is None and beginning.lstrip().startswith("Session "):
        # Only mIRC, whose logs begin so, puts the network behind the channel.
        found = _MIRC.fullmatch(stem)
    if found is not None:
        network, stem = found["network"], found["channel"]
    elif not stem and folders:
        stem = folders.pop()
    elif not stem and file.folder.name[:1] in _SIGNS:
        stem = file.folder.name
    session = _SESSION.search(beginning)
    if session is not None and stem[:1] not in _SIGNS:
        stem = session[1]
    channel = stem or title or file.name
    name = channel.lstrip(_SIGNS) or channel
    return LogName(network or _network_of(folders), channel, day, name if channel[:1] in _SIGNS else title or name)


def _without_day(stem: str) -> tuple[str, date | None]:
    """The name without the day in it, and the day."""
    found = _DAY.search(stem)
    if found is not None:
        day = make_date(int(found[1]), int(found[3]), int(found[4]))
    else:
        found = _DAY_WORD.search(stem)
        month = month_of(found[2]) if found else None
        day = make_date(int(found[3]), month, int(found[1])) if found and month else None
    if found is None or day is None:
        return stem, None
    return _ENDING.sub("", (stem[: found.start()] + stem[found.end() :]).strip("._-")), day


def _network_of(folders: list[str]) -> str:
    """The innermost folder that can be called as a network."""
    for folder in reversed(folders):
        if re.fullmatch(_NETWORK, folder) and not _OTHER_FOLDER.fullmatch(folder):
            return folder
    return ""
