"""What is done with an open connection, in a worker thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from dragoman.core.errors import NotFound
from dragoman.core.mail import Mail
from dragoman.providers.mail.bodies import SMALL, SMALL_MAIL, fetch_mails, read_small, read_text
from dragoman.providers.mail.folder_state import FolderState
from dragoman.providers.mail.folders import Folders
from dragoman.providers.mail.heads import MailHead, Place
from dragoman.providers.mail.imap_arguments import SearchKey, Word
from dragoman.providers.mail.imap_session import ImapSession
from dragoman.providers.mail.known_threads import FoundThread, catch_up
from dragoman.providers.mail.pipelining import MOST_AT_ONCE, Wanted
from dragoman.providers.mail.threads import find_thread


def people_keys(text: str) -> list[SearchKey]:
    """Mails in whose subject or people each word occurs."""
    keys: list[SearchKey] = []
    for text_word in text.split()[:10]:
        word = Word(text_word)
        keys += ["OR", "SUBJECT", word, "OR", "FROM", word, "OR", "TO", word, "CC", word]
    return keys or ["ALL"]


def load_thread(
    session: ImapSession, folders: Folders, thread: str, known: FoundThread | None, missing: Sequence[MailHead]
) -> tuple[FoundThread, dict[Place, Mail]]:
    """The mails of a thread; what is known of it counts where no folder has changed.

    Args:
        session: The connection.
        folders: The folders of the mailbox.
        thread: Its id.
        known: The thread as it was.
        missing: Mails of it whose texts are wanted. Small ones come in the same round trip.
    """
    states, mails = _small_mails(session, folders.read, missing)
    return _followed(session, folders, thread, known, states), mails


def _small_mails(
    session: ImapSession, names: Sequence[str], heads: Iterable[MailHead]
) -> tuple[tuple[FolderState, ...], dict[Place, Mail]]:
    """Folders as they are now, and those of some mails in them that are small, all asked for at once."""
    small = [head for head in heads if head.size <= SMALL and head.folder in names][:MOST_AT_ONCE]
    uids = {name: sorted(one.uid for one in some) for name, some in _by_folder(small).items()}
    known = {(head.folder, head.uid): head.mail for head in small}
    wanted_texts = Wanted(uids, SMALL_MAIL, lambda folder, uid, text: read_text(text, known.get((folder, uid))))
    looked, answers = session.look(names, wanted_texts)
    states, wanted = {state.name: state for state in looked}, {head.place for head in small}
    mails = {
        place: mail
        for name, answer in answers.items()
        for uid, mail in read_small(answer).items()
        if (place := Place(name, states[name].validity, uid)) in wanted
    }
    return tuple(looked), mails


def _followed(
    session: ImapSession, folders: Folders, thread: str, known: FoundThread | None, states: tuple[FolderState, ...]
) -> FoundThread:
    """A thread in folders as they are now: as it was, with what has changed, or looked for."""
    names = {state.name for state in states}
    if known is not None and any(place.folder not in names for head in known.heads for place in head.places):
        known = None  # it was found among drafts, spam and trash, of which nothing was asked now
    if known is not None and known.states == states and all(state.mod_seq for state in states):
        return known
    caught_up = None if known is None else catch_up(session, known, states, thread)
    if caught_up is not None:
        heads = tuple(one for one in caught_up.heads if not folders.is_unfinished(one.folder, one.flags))
        return replace(caught_up, heads=heads or caught_up.heads)
    filled = replace(folders, read=tuple(state.name for state in states if state.count))
    return FoundThread(states, tuple(find_thread(session, filled, thread)))


def load_mails(session: ImapSession, heads: Sequence[MailHead]) -> dict[Place, Mail]:
    """The mails of some heads; those that are gone are missing."""
    _, found = _small_mails(session, list(_by_folder(heads)), heads)
    for folder, some in _by_folder(head for head in heads if head.place not in found).items():
        state = session.opened_folder(folder)
        good = [head for head in some if head.place.validity == state.validity]
        mails = fetch_mails(session, {head.uid: head.size for head in good})
        found |= {Place(folder, state.validity, uid): mail for uid, mail in mails.items()}
    return found


def _by_folder(heads: Iterable[MailHead]) -> dict[str, list[MailHead]]:
    found: dict[str, list[MailHead]] = defaultdict(list)
    for head in heads:
        found[head.folder].append(head)
    return found


def append_read(session: ImapSession, folder: str, data: bytes, at: datetime | None, *, missing: bool) -> None:
    """Add a mail that is read already; ``missing``: the folder has to be made."""
    if missing:
        session.create_folder(folder)
    session.append(folder, data, ("\\Seen",), at)


def write_to_places(session: ImapSession, places: Sequence[Place], work: Callable[[ImapSession, Place], None]) -> None:
    """Do something with a mail wherever it lies.

    Raises:
        NotFound: It has been moved or removed.
    """
    for place in places:
        state = session.open_folder(place.folder, writing=True)
        if state.validity != place.validity or not session.fetch([place.uid], ("UID",)):
            raise NotFound("The mail has been moved or removed.", hint="Look for it again with list_messages.")
        work(session, place)
