"""How far the folders of a mailbox were read, and what has come into them and gone out of them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from dragoman.core.errors import Conflict
from dragoman.providers.mail.folder_state import FolderState
from dragoman.providers.mail.heads import MailHead, fetch_heads
from dragoman.providers.mail.imap_arguments import uid_ranges
from dragoman.providers.mail.threads import find_ids

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession

_MOST: Final = 100
_MOST_FOLLOWED: Final = 200  # newest mails of a folder whose removal is told
_MOST_FOLLOWED_OF_ALL: Final = 600


class FolderReach(NamedTuple):
    """A folder as far as it was read."""

    name: str
    validity: int
    next_uid: int
    mails: int
    mod_seq: int

    def is_as(self, state: FolderState) -> bool:
        """Whether no mail came or went since, and none was marked; false where the server does not tell that."""
        same = tuple(self) == (state.name, state.validity, state.next_uid, state.count, state.mod_seq)
        return same and bool(state.next_uid and (state.mod_seq or not state.count))

    def has_same_mails(self, state: FolderState) -> bool:
        """Whether no mail came or went since."""
        return tuple(self[:4]) == (state.name, state.validity, state.next_uid, state.count)


class FollowedMail(NamedTuple):
    """A mail whose removal is told, and the place by which it is known."""

    folder: str
    uid: int
    id: str
    conversation: str


@dataclass(frozen=True, slots=True)
class SyncPosition:
    """How far the changes of a mailbox were told.

    Attributes:
        folders: The folders.
        mails: The mails whose removal is told.
        at: When something had changed last, in seconds since 1970.
    """

    folders: tuple[FolderReach, ...]
    mails: tuple[FollowedMail, ...]
    at: int


@dataclass(frozen=True, slots=True)
class FolderNews:
    """What has changed since a position.

    Attributes:
        heads: Mails that came, in the order of their arrival.
        gone: Mails that are in no folder any more that is read.
        left: Mails that are followed still.
    """

    heads: list[MailHead]
    gone: list[FollowedMail]
    left: list[FollowedMail]
    folders: list[FolderReach]
    more: bool


def begin(session: ImapSession, names: Sequence[str]) -> tuple[list[FolderReach], list[MailHead]]:
    """How far each folder reaches, and the heads of its newest mails."""
    reached: list[FolderReach] = []
    heads: list[MailHead] = []
    for state in session.folder_states(names):
        now = session.opened_folder(state.name) if state.count else state
        uids = session.search(("UNDELETED",)) if state.count else []
        reached.append(_reached(now, now.next_uid or max(uids, default=0) + 1))
        heads += fetch_heads(session, now, uids[-most_followed(names) :])
    return reached, sorted(heads, key=lambda one: (one.folder, one.uid))


def read_news(session: ImapSession, names: Sequence[str], known: SyncPosition) -> FolderNews:
    """What has changed in folders since a position."""
    news = FolderNews([], [], [], [], more=False)
    before = {one.name: one for one in known.folders}
    missing = [one for one in known.mails if one.folder not in names]  # their folder has gone
    for state in session.folder_states(names):
        was = before.get(state.name, FolderReach(state.name, state.validity, 1, 0, 0))
        if was.validity != state.validity:
            raise unknown_position()
        followed = [one for one in known.mails if one.folder == state.name]
        if was.is_as(state):
            news.folders.append(was)
            news.left.extend(followed)
            continue
        now, gone = _open_again(session, was, followed)
        news.left.extend(one for one in followed if one.uid not in gone)
        missing += [one for one in followed if one.uid in gone]
        following, more = _read_new(session, now, was.next_uid, news.heads)
        news.folders.append(_reached(now, following))
        news = replace(news, more=news.more or more)
    known_ids = {head.id for head in news.heads} | {mail.id for mail in news.left}
    heads = sorted(news.heads, key=lambda one: one.arrived_at)
    return replace(news, heads=heads, gone=_gone(session, names, missing, known_ids))


def _open_again(
    session: ImapSession, was: FolderReach, followed: Sequence[FollowedMail]
) -> tuple[FolderState, set[int]]:
    """Open a folder; gives the UIDs of followed mails that were taken out of it or marked as deleted.

    Raises:
        Conflict: The folder was made anew.
    """
    uids = sorted(one.uid for one in followed)
    now, gone = session.open_folder_since(FolderState(*was), uids)
    if now.validity != was.validity:
        raise unknown_position()
    if gone is None:
        gone = set(uids).difference(session.search(("UNDELETED", "UID", uid_ranges(uids))) if uids else ())
    return now, gone


def _read_new(session: ImapSession, state: FolderState, first: int, heads: list[MailHead]) -> tuple[int, bool]:
    """Add heads of mails from a UID on; gives the UID to go on from, and whether some are left."""
    if state.next_uid == first:
        return first, False
    uids = [uid for uid in session.search(("UID", f"{first}:*")) if uid >= first]
    chosen = uids[: _MOST - len(heads)]
    heads += fetch_heads(session, state, chosen)
    if len(chosen) < len(uids):
        return (chosen[-1] + 1 if chosen else first), True
    return max(state.next_uid, uids[-1] + 1 if uids else first), False


def _gone(
    session: ImapSession, names: Sequence[str], missing: Sequence[FollowedMail], there: set[str]
) -> list[FollowedMail]:
    """Those of some mails that left their folder which are in no other one."""
    wanted = {one.id: one for one in missing if one.id not in there}
    if not wanted:
        return []
    elsewhere = find_ids(session, names, list(wanted))
    return [one for id_, one in wanted.items() if id_ not in elsewhere]


def wait_for_news(session: ImapSession, names: Sequence[str], known: SyncPosition, seconds: float) -> bool | None:
    """Wait for a change of the first folder, once none of them has changed; ``None`` where the server cannot."""
    before: Mapping[str, FolderReach] = {one.name: one for one in known.folders}
    others = session.folder_states(names[1:]) if names[1:] else []
    for state in [*others, session.open_folder(names[0])]:
        was = before.get(state.name)
        if was is None or not was.has_same_mails(state):
            return True
    return session.wait(seconds)


def _reached(state: FolderState, next_uid: int) -> FolderReach:
    return FolderReach(state.name, state.validity, next_uid, state.count, state.mod_seq)


def most_followed(names: Sequence[str]) -> int:
    """Of how many mails of a folder the removal is told, where so many folders are read."""
    return max(1, min(_MOST_FOLLOWED, _MOST_FOLLOWED_OF_ALL // max(1, len(names))))


def unknown_position() -> Conflict:
    """The error for a position that nothing can be told from."""
    return Conflict(
        "The mail server no longer knows from where on mails are new.", hint="Read the conversations instead."
    )
