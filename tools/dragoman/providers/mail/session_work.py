"""What is done with an open connection, in a worker thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from dragoman.core.errors import NotFound
from dragoman.core.mail import Mail
from dragoman.providers.mail.bodies import fetch_mails
from dragoman.providers.mail.folders import Folders
from dragoman.providers.mail.heads import MailHead, Place
from dragoman.providers.mail.imap_arguments import SearchKey, Word
from dragoman.providers.mail.imap_session import ImapSession
from dragoman.providers.mail.known_threads import FoundThread, catch_up
from dragoman.providers.mail.threads import find_thread


def people_keys(text: str) -> list[SearchKey]:
    """Mails in whose subject or people each word occurs."""
    keys: list[SearchKey] = []
    for text_word in text.split()[:10]:
        word = Word(text_word)
        keys += ["OR", "SUBJECT", word, "OR", "FROM", word, "OR", "TO", word, "CC", word]
    return keys or ["ALL"]


def load_thread(session: ImapSession, folders: Folders, thread: str, known: FoundThread | None) -> FoundThread:
    """The mails of a thread; what is known of it counts where no folder has changed."""
    states = tuple(session.folder_states(folders.read))
    if known is not None and known.states == states and all(state.mod_seq for state in states):
        return known
    caught_up = None if known is None else catch_up(session, known, states, thread)
    if caught_up is not None:
        return caught_up
    filled = replace(folders, read=tuple(state.name for state in states if state.count))
    return FoundThread(states, tuple(find_thread(session, filled, thread)))


def load_mails(session: ImapSession, heads: Iterable[MailHead]) -> dict[Place, Mail]:
    """The mails of some heads; those that are gone are missing."""
    by_folder: dict[str, list[MailHead]] = defaultdict(list)
    for head in heads:
        by_folder[head.folder].append(head)
    found: dict[Place, Mail] = {}
    for folder, some in by_folder.items():
        state = session.opened_folder(folder)
        good = [head for head in some if head.place.validity == state.validity]
        for uid, mail in fetch_mails(session, good).items():
            _ = mail.body  # takes apart HTML, which nobody else should wait for
            found[Place(folder, state.validity, uid)] = mail
    for mail in found.values():
        _ = mail.body  # decoded here, in the thread of the connection: the event loop would wait for it
    return found


def append_read(session: ImapSession, folder: str, data: bytes, at: datetime | None, *, missing: bool) -> None:
    """Add a mail that is read already; ``missing``: the folder has to be made."""
    if missing:
        session.create_folder(folder)
    session.append(folder, data, ("\\Seen",), at)


def write_to_places(
    session: ImapSession, places: Sequence[Place], work: Callable[[ImapSession, list[int]], None]
) -> None:
    """Do something with a mail wherever it lies.

    Raises:
        NotFound: It has been moved or removed.
    """
    for place in places:
        state = session.open_folder(place.folder, writing=True)
        if state.validity != place.validity or not session.fetch([place.uid], ("UID",)):
            raise NotFound("The mail has been moved or removed.", hint="Look for it again with list_messages.")
        work(session, [place.uid])


def every_folder(folders: Folders) -> list[str]:
    """All folders in which a mail may be, those that are read first."""
    return list(dict.fromkeys((*folders.read, *folders.roles.values())))
