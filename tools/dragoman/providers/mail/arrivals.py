"""What has come into the folders of a mailbox since a position, and what has gone out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Author, Changes, Message
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.mail.heads import MailHead, fetch_heads
from dragoman.providers.mail.imap_arguments import uid_ranges
from dragoman.providers.mail.threads import find_ids

if TYPE_CHECKING:
    from dragoman.providers.mail.folders import Folders, FolderState
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

_LIST: Final = "arrivals"
_MOST: Final = 100
_FOLLOWED: Final = 200  # newest mails of a folder whose removal is told
_FOLLOWED_OF_ALL: Final = 600
_ROUND: Final = 60.0  # seconds after which folders that are not open are looked at


class _Folder(NamedTuple):
    """A folder as far as it was read."""

    name: str
    validity: int
    next_uid: int
    mails: int
    mod_seq: int

    def is_as(self, state: FolderState) -> bool:
        """Whether no mail came or went since, and no flag has changed, as far as the server tells."""
        return tuple(self) == (state.name, state.validity, state.next_uid, state.count, state.mod_seq)

    def has_same_mails(self, state: FolderState) -> bool:
        """Whether no mail came or went since."""
        return tuple(self[:4]) == (state.name, state.validity, state.next_uid, state.count)


class _Followed(NamedTuple):
    """A mail whose removal is told, and the place by which it is known."""

    folder: str
    uid: int
    id: str
    conversation: str


@dataclass(frozen=True, slots=True)
class _Position:
    folders: tuple[_Folder, ...]
    mails: tuple[_Followed, ...]


@dataclass(frozen=True, slots=True)
class _News:
    """What has changed since a position.

    Attributes:
        heads: Mails that came, in the order of their arrival.
        gone: Mails that are in no folder any more that is read.
        left: Mails that are followed still.
    """

    heads: list[MailHead]
    gone: list[_Followed]
    left: list[_Followed]
    folders: list[_Folder]
    more: bool


class Arrivals:
    """Follows the folders of one mailbox. Mails do not change; a mail that was moved counts as one that arrived.

    Removals are told of the newest mails of each folder, which the position names.

    Args:
        mailbox: The mailbox.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._clock = current_clock()

    async def changes(self, position: str | None) -> Changes:
        """The mails that came since a position in the order of arrival, each once, and those that went.

        Raises:
            Conflict: The position is not known, or a folder was made anew.
        """
        folders = await self._mailbox.folders()
        if position is None:
            reached, heads = await self._mailbox.run(partial(_begin, names=folders.read))
            start = _Position(tuple(reached), self._followed([], _finished(heads, folders), folders.read))
            return Changes(position=encode(start, list_id=_LIST))
        known = _known(position)
        news = await self._mailbox.run(partial(_news, names=folders.read, known=known))
        news = replace(news, heads=_finished(news.heads, folders))
        messages = [self._removed(one) for one in news.gone]
        mails = await self._mailbox.texts(news.heads)
        for head in news.heads:
            if head.place in mails:
                conversation = self._mailbox.thread_of(head.id, head.thread)
                messages.append(self._mailbox.view(folders, conversation).message(head, mails[head.place]))
        after = _Position(tuple(news.folders), self._followed(news.left, news.heads, folders.read))
        onward = position if after == known else encode(after, list_id=_LIST)
        latest = {(one.conversation, one.id): one for one in messages}
        return Changes(messages=list(latest.values()), position=onward, more=news.more)

    async def wait(self, position: str, seconds: float) -> bool:
        """Wait until mails come or go; false after so many seconds.

        The inbox tells at once where the server can; other folders are looked at in between.

        Raises:
            Conflict: The position is not known.
        """
        known, folders = _known(position), await self._mailbox.folders()
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            work = partial(_wait, names=folders.read, known=known, seconds=min(left, _ROUND))
            changed = await self._mailbox.watch(work)
            if changed:
                return True
            if changed is None:  # the server does not tell by itself
                await self._clock.sleep(min(left, _ROUND))
        return False

    def _followed(
        self, known: Sequence[_Followed], new: Sequence[MailHead], names: Sequence[str]
    ) -> tuple[_Followed, ...]:
        """The newest mails of each folder."""
        found = [
            *known,
            *(_Followed(one.folder, one.uid, one.id, self._mailbox.thread_of(one.id, one.thread)) for one in new),
        ]
        most = _most_followed(names)
        return tuple(one for name in names for one in [mail for mail in found if mail.folder == name][-most:])

    def _removed(self, mail: _Followed) -> Message:
        return Message(
            id=mail.id,
            conversation=self._mailbox.thread_of(mail.id, mail.conversation),
            author=Author(name="unknown"),
            sent_at=None,
            text="",
            deleted_at=datetime.now(UTC),
        )


def _finished(heads: Sequence[MailHead], folders: Folders) -> list[MailHead]:
    return [head for head in heads if not folders.is_unfinished(head.folder, head.flags)]


def _known(position: str) -> _Position:
    try:
        found = decode(_Position, position, list_id=_LIST)
    except InvalidArgument:
        found = None
    if found is None:
        raise _unknown()
    return found


def _begin(session: ImapSession, names: Sequence[str]) -> tuple[list[_Folder], list[MailHead]]:
    """How far each folder reaches, and the heads of its newest mails."""
    reached: list[_Folder] = []
    heads: list[MailHead] = []
    for state in session.folder_states(names):
        now = session.opened_folder(state.name) if state.count else state
        uids = session.search(("UNDELETED",)) if state.count else []
        reached.append(_reached(now, now.next_uid or max(uids, default=0) + 1))
        heads += fetch_heads(session, now, uids[-_most_followed(names) :])
    return reached, sorted(heads, key=lambda one: (one.folder, one.uid))


def _news(session: ImapSession, names: Sequence[str], known: _Position) -> _News:
    """What has changed in folders since a position."""
    news = _News([], [], [], [], more=False)
    before = {one.name: one for one in known.folders}
    missing: list[_Followed] = []
    for state in session.folder_states(names):
        was = before.get(state.name, _Folder(state.name, state.validity, 1, 0, 0))
        if was.validity != state.validity:
            raise _unknown()
        followed = [one for one in known.mails if one.folder == state.name]
        if was.is_as(state) and state.next_uid:
            news.folders.append(was)
            news.left.extend(followed)
            continue
        now = session.open_folder(state.name)
        there = _still_there(session, followed) if followed else set[int]()
        news.left.extend(one for one in followed if one.uid in there)
        missing += [one for one in followed if one.uid not in there]
        following, more = _read_new(session, now, was.next_uid, news.heads)
        news.folders.append(_reached(now, following))
        news = replace(news, more=news.more or more)
    known_ids = {head.id for head in news.heads} | {mail.id for mail in news.left}
    gone = _gone(session, names, missing, known_ids)
    heads = sorted(news.heads, key=lambda one: one.arrived_at)
    return replace(news, heads=heads, gone=gone)


def _read_new(session: ImapSession, state: FolderState, first: int, heads: list[MailHead]) -> tuple[int, bool]:
    """Add heads of mails from a UID on; gives the UID to go on from, and whether some are left."""
    uids = [uid for uid in session.search(("UID", f"{first}:*")) if uid >= first]
    chosen = uids[: _MOST - len(heads)]
    heads += fetch_heads(session, state, chosen)
    if len(chosen) < len(uids):
        return (chosen[-1] + 1 if chosen else first), True
    return max(state.next_uid, uids[-1] + 1 if uids else first), False


def _still_there(session: ImapSession, mails: Sequence[_Followed]) -> set[int]:
    """UIDs of those mails that are in the open folder and not marked as deleted."""
    return set(session.search(("UNDELETED", "UID", uid_ranges(sorted(one.uid for one in mails)))))


def _gone(session: ImapSession, names: Sequence[str], missing: Sequence[_Followed], there: set[str]) -> list[_Followed]:
    """Those of some mails that left their folder which are in no other one."""
    wanted = {one.id: one for one in missing if one.id not in there}
    if not wanted:
        return []
    elsewhere = find_ids(session, names, list(wanted))
    return [one for id_, one in wanted.items() if id_ not in elsewhere]


def _wait(session: ImapSession, names: Sequence[str], known: _Position, seconds: float) -> bool | None:
    """Wait for a change of the first folder, once none of them has changed; ``None`` where the server cannot."""
    before: Mapping[str, _Folder] = {one.name: one for one in known.folders}
    others = session.folder_states(names[1:]) if names[1:] else []
    for state in [*others, session.open_folder(names[0])]:
        was = before.get(state.name)
        if was is None or not was.has_same_mails(state):
            return True
    return session.wait(seconds)


def _reached(state: FolderState, next_uid: int) -> _Folder:
    return _Folder(state.name, state.validity, next_uid, state.count, state.mod_seq)


def _most_followed(names: Sequence[str]) -> int:
    return max(1, min(_FOLLOWED, _FOLLOWED_OF_ALL // max(1, len(names))))


def _unknown() -> Conflict:
    return Conflict(
        "The mail server no longer knows from where on mails are new.", hint="Read the conversations instead."
    )
