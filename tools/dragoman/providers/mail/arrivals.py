"""What has arrived in the folders of a mailbox since a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Changes, Message
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.mail.heads import MailHead, fetch_heads

if TYPE_CHECKING:
    from dragoman.providers.mail.folders import FolderState
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

_LIST: Final = "arrivals"
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class _Position:
    """Name, UIDVALIDITY and next UID of each folder."""

    folders: tuple[tuple[str, int, int], ...]


class Arrivals:
    """Follows the folders of one mailbox. Mails do not change; a mail that was moved counts as one that arrived.

    Args:
        mailbox: The mailbox.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def changes(self, position: str | None) -> Changes:
        """The mails that arrived since a position, each once, in the order of their arrival.

        Raises:
            Conflict: The position is not known, or a folder was made anew.
        """
        folders = await self._mailbox.folders()
        known = None if position is None else _known(position)
        heads, reached, more = await self._mailbox.run(partial(_arrived, names=folders.read, known=known))
        mails = await self._mailbox.texts(heads)
        found: dict[tuple[str, str], Message] = {}
        for head in heads:
            if head.place in mails:
                conversation = self._mailbox.thread_of(head.id, head.thread)
                message = self._mailbox.view(folders, conversation).message(head, mails[head.place])
                found[conversation, message.id] = message
        onward = encode(_Position(tuple(reached)), list_id=_LIST)
        return Changes(messages=list(found.values()), position=onward, more=more)


def _known(position: str) -> Mapping[str, tuple[int, int]]:
    try:
        found = decode(_Position, position, list_id=_LIST)
    except InvalidArgument:
        found = None
    if found is None:
        raise _unknown()
    return {name: (validity, uid) for name, validity, uid in found.folders}


def _arrived(
    session: ImapSession, names: Sequence[str], known: Mapping[str, tuple[int, int]] | None
) -> tuple[list[MailHead], list[tuple[str, int, int]], bool]:
    """Heads of mails that are new, how far each folder was read, and whether there are more.

    With nothing known it tells only how far each folder reaches.
    """
    found: list[MailHead] = []
    more = False
    reached: list[tuple[str, int, int]] = []
    for state in session.folder_states(names):
        validity, first = (state.validity, 1) if known is None else known.get(state.name, (state.validity, 1))
        if validity != state.validity:
            raise _unknown()
        following = state.next_uid or _next_uid(session, state)
        if known is not None and first < following:
            now = session.open_folder(state.name)
            uids = [uid for uid in session.search(("UID", f"{first}:*")) if uid >= first]
            chosen = uids[: _MOST - len(found)]
            found += fetch_heads(session, now, chosen)
            following = chosen[-1] + 1 if chosen else first if uids else following
            more = more or len(chosen) < len(uids)
        reached.append((state.name, state.validity, following))
    return sorted(found, key=lambda one: one.arrived_at), reached, more


def _next_uid(session: ImapSession, state: FolderState) -> int:
    """The next UID of a folder whose server does not tell it."""
    session.open_folder(state.name)
    return max(session.search(("ALL",)), default=0) + 1


def _unknown() -> Conflict:
    return Conflict(
        "The mail server no longer knows from where on mails are new.", hint="Read the conversations instead."
    )
