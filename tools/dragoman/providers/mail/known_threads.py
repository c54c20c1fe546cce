"""Threads that were read before, and what has changed of them since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.mail.copies import without_copies
from dragoman.providers.mail.heads import MailHead, fetch_heads
from dragoman.providers.mail.threads import names_of

if TYPE_CHECKING:
    from dragoman.providers.mail.folder_state import FolderState
    from dragoman.providers.mail.imap_session import ImapSession

_MOST_NEW: Final = 200  # mails that arrived since, which are looked at one by one


@dataclass(frozen=True, slots=True)
class FoundThread:
    """A thread as it was found in folders of these states.

    Attributes:
        heads: Its mails, oldest first.
        complete: The folders held no other mail of it.
    """

    states: tuple[FolderState, ...]
    heads: tuple[MailHead, ...]
    complete: bool = True


def catch_up(
    session: ImapSession, known: FoundThread, states: Sequence[FolderState], thread: str
) -> FoundThread | None:
    """A thread with what has changed in its folders; ``None`` where only a search can tell.

    Args:
        session: The connection.
        known: The thread as it was.
        states: The folders as they are, in the same order.
        thread: Its id.
    """
    if [(one.name, one.validity) for one in known.states] != [(one.name, one.validity) for one in states]:
        return None
    found: list[MailHead] = []
    for was, state in zip(known.states, states, strict=True):
        uids = [place.uid for head in known.heads for place in head.places if place.folder == state.name]
        if uids or was.next_uid != state.next_uid or not state.next_uid:
            new = _new_mails(session, was, state)
            if new is None:
                return None
            found += fetch_heads(session, state, [*uids, *new])
    heads = without_copies(_members(found, known, thread))
    return FoundThread(tuple(states), tuple(heads)) if heads else None


def _new_mails(session: ImapSession, was: FolderState, state: FolderState) -> list[int] | None:
    """UIDs of mails that came into a folder, which is open then; ``None`` for too many, or for another folder."""
    if session.opened_folder(state.name).validity != state.validity or not was.next_uid:
        return None
    if was.next_uid == state.next_uid:
        return []
    uids = [uid for uid in session.search(["UID", f"{was.next_uid}:*"]) if uid >= was.next_uid]
    return uids if len(uids) <= _MOST_NEW else None


def _members(heads: Sequence[MailHead], known: FoundThread, thread: str) -> list[MailHead]:
    """Those of some mails that belong to a thread; none where they name others that were not looked for."""
    if not thread.startswith("t."):
        return [head for head in heads if head.thread == thread]
    places = {place for head in known.heads for place in head.places}
    names = {name for head in known.heads for name in names_of(head)}
    found = [head for head in heads if head.place in places]
    others = [head for head in heads if head.place not in places]
    while new := [head for head in others if not names.isdisjoint(names_of(head))]:
        names.update(head.id for head in new)
        if any(not names.issuperset(head.ancestors) for head in new):
            return []
        found += new
        others = [head for head in others if head not in new]
    return found


def below(heads: Sequence[MailHead], root: str) -> list[MailHead]:
    """A mail and those that answer it, however deep."""
    if all(head.id != root for head in heads):
        raise no_such_message()
    answers: dict[str, list[str]] = defaultdict(list)
    for head in heads:
        answers[head.mail.reply_to].append(head.id)
    found, waiting = set[str](), [root]
    while waiting:
        message = waiting.pop()
        if message not in found:
            found.add(message)
            waiting.extend(answers[message])
    return [head for head in heads if head.id in found]
