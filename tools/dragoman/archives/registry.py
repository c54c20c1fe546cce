"""The formats that can be imported.

The built-in ones are imported when first asked for. An installed package adds a format by an entry point in the group
``dragoman.archives`` that names a subclass of :class:`~dragoman.archives.format.ArchiveFormat`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from dragoman.archives.format import ArchiveFormat
from dragoman.archives.unreadable import UNREADABLE
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import join, sentence

GROUP: Final = "dragoman.archives"
BUILT_IN: Final[dict[str, str]] = {
    "mail": "dragoman.archives.mail:MailFormat",
    "slack": "dragoman.archives.slack:SlackFormat",
    "signal": "dragoman.archives.signal:SignalFormat",
    "irc": "dragoman.archives.irc:IrcFormat",
    "whatsapp": "dragoman.archives.whatsapp:WhatsAppFormat",
    "messenger": "dragoman.archives.messenger:MessengerFormat",
    "telegram": "dragoman.archives.telegram:TelegramFormat",
    "discord": "dragoman.archives.discord:DiscordFormat",
    "mattermost": "dragoman.archives.mattermost:MattermostFormat",
    "matrix": "dragoman.archives.matrix:MatrixFormat",
    "teams": "dragoman.archives.teams:TeamsFormat",
    "gchat": "dragoman.archives.google_chat:GoogleChatFormat",
    "skype": "dragoman.archives.skype:SkypeFormat",
    "zulip": "dragoman.archives.zulip:ZulipFormat",
    "imessage": "dragoman.archives.imessage:IMessageFormat",
    "chat": "dragoman.archives.chat_export:ChatExportFormat",
    "jsonl": "dragoman.archives.json_lines:JsonLinesFormat",
}
"""From the name to ``module:class``, where the formats that win a tie come first."""


def format_names() -> list[str]:
    """Names of all formats, built-in ones first."""
    # A package cannot replace a format of ours.
    outside = sorted({point.name for point in entry_points(group=GROUP)} - BUILT_IN.keys())
    return [*BUILT_IN, *outside]


def format_of(name: str) -> ArchiveFormat:
    """The format of that name.

    Raises:
        InvalidArgument: There is none, or the package that has it is broken.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found: object = getattr(import_module(module), attribute)
    else:
        found = _outside(name)
    if not (isinstance(found, type) and issubclass(found, ArchiveFormat)):
        raise InvalidArgument(sentence("The entry point of the archive format {!r} is no ArchiveFormat class.", name))
    return found()


@cache
def all_formats() -> tuple[ArchiveFormat, ...]:
    """Every format, also those that are only recognised.

    Raises:
        InvalidArgument: The package of one of them is broken.
    """
    readable = (format_of(name) for name in format_names())
    return (*readable, *UNREADABLE)


def _outside(name: str) -> object:
    for point in entry_points(group=GROUP, name=name):
        return _load(point)
    readable = join(format_.name for format_ in all_formats() if format_.readable)
    raise InvalidArgument(
        sentence("There is no archive format {!r}.", name), hint=sentence("Known formats: {}.", readable)
    )


def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        package = point.dist.name if point.dist else point.name
        raise InvalidArgument(
            sentence("The archive format {!r} cannot be imported ({}).", point.name, type(error).__name__),
            hint=sentence("Reinstall or remove the package {}.", package),
        ) from error
