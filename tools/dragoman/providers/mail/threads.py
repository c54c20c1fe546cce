"""Finds all mails of a thread, wherever they lie."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from dragoman.providers.mail.copies import without_copies
from dragoman.providers.mail.folders import SENT
from dragoman.providers.mail.heads import (
    GMAIL,
    OBJECT_IDS,
    MailHead,
    Place,
    fetch_heads,
    fetch_heads_of,
)
from dragoman.providers.mail.imap_arguments import SearchKey, Word

if TYPE_CHECKING:
    from dragoman.providers.mail.folder_state import FolderState
    from dragoman.providers.mail.folders import Folders
    from dragoman.providers.mail.imap_session import ImapSession

MOST: Final = 2000
"""Mails of a thread that are looked at."""

_ROUNDS: Final = 50  # mails that name only the one which they answer need one each
_FIRST_NAMED: Final = 2
_LAST_NAMED: Final = 20
_IDS_AT_ONCE: Final = 20
_DAY: Final = timedelta(days=1)
_REPORTED_WITHIN: Final = timedelta(days=15)
_MOST_REPORTS: Final = 200
_OBJECT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_OWN_ID: Final = "x."


def find_thread(session: ImapSession, folders: Folders, thread: str) -> list[MailHead]:
    """The mails of a thread, oldest first; none when there is no such thread.

    Those in the folders that are read count. A thread that is nowhere else is found among drafts, spam and trash.

    Args:
        session: The connection.
        folders: The folders of the mailbox.
        thread: Its id, or that of a thread which one of its mails would begin.
    """
    for names in (folders.read, folders.hidden):
        found = _find_in(session, names, thread)
        if names is folders.read:
            found = [head for head in found if not folders.is_unfinished(head.folder, head.flags)]
        found += _find_reports(session, names, found, thread, folders.roles.get(SENT, ""))
        if found:
            return without_copies(found)
    return []


def _find_reports(
    session: ImapSession, names: Iterable[str], found: Sequence[MailHead], thread: str, sent: str
) -> list[MailHead]:
    """Reports of mail systems about mails of a thread. Not each names its mail where a search would find that."""
    kind, _, root = thread.partition(".")
    if kind != "t" or root.startswith(_OWN_ID):
        return []
    own = [head for head in found if head.folder == sent]
    if root not in {head.id for head in found}:  # the mail itself may be gone, or never have been kept
        return _reports_naming(session, names, {root, *(head.id for head in own)})
    times = [head.arrived_at.date() for head in own]
    return _reports_naming(session, names, {head.id for head in own}, (min(times), max(times))) if own else []


def reports_about(
    session: ImapSession, names: Iterable[str], ids: Collection[str], sent: tuple[date, date] | None = None
) -> list[MailHead]:
    """Reports about mails with some ids that have not arrived.

    Args:
        session: The connection.
        names: The folders.
        ids: Of the mails.
        sent: The days from and to which they were sent, where that is known.
    """
    found = _reports_naming(session, names, ids, sent)
    return [head for head in found if head.report is not None and head.report.mail in ids]


def _reports_naming(
    session: ImapSession, names: Iterable[str], ids: Collection[str], sent: tuple[date, date] | None = None
) -> list[MailHead]:
    """The same with reports that a mail has arrived, or was read."""
    within: list[SearchKey] = [] if sent is None else ["SINCE", sent[0] - _DAY, "BEFORE", sent[1] + _REPORTED_WITHIN]
    plain: list[SearchKey] = ["FROM", Word("mailer-daemon")]
    search = [*within, "OR", "HEADER", "Content-Type", Word("multipart/report"), *plain]
    found = session.search_folders({name: [search] for name in names})
    heads = fetch_heads_of(session, {name: (state, uids[-_MOST_REPORTS:]) for name, (state, uids) in found.items()})
    about = ((head, head.ancestors if head.report is None else (head.report.mail,)) for head in heads)
    return [head for head, mails in about if head.mail.is_report and any(mail in ids for mail in mails)]


def find_mail(session: ImapSession, names: Iterable[str], message: str) -> list[MailHead]:
    """The mails with an id in some folders."""
    found: list[MailHead] = []
    for name in names:
        state = session.open_folder(name)
        found += [head for head in fetch_heads(session, state, with_id(session, message)) if head.id == message]
    return found


def find_since(session: ImapSession, name: str, day: date) -> list[MailHead]:
    """The newest mails of a folder that arrived on a day or later."""
    state = session.open_folder(name)
    return fetch_heads(session, state, session.search(["SINCE", day])[-_MOST_REPORTS:]) if state.count else []


def find_ids(session: ImapSession, names: Iterable[str], ids: Sequence[str]) -> set[str]:
    """Those of some ids that mails in some folders have."""
    plain, found = [id_ for id_ in ids if not id_.startswith(_OWN_ID)], set[str]()
    own = [id_ for id_ in ids if id_.startswith(_OWN_ID)][:1]  # one search finds all mails without an id
    for name in names:
        state = session.opened_folder(name)
        uids = [uid for some in _parts(plain) for uid in session.search(_any_of(some, ("Message-ID",)))]
        uids += [uid for id_ in own for uid in with_id(session, id_)]
        found.update(head.id for head in fetch_heads(session, state, list(dict.fromkeys(uids))))
    return found.intersection(ids)


def find_citing(session: ImapSession, names: Iterable[str], message: str) -> list[MailHead]:
    """The mails in some folders that name another one as one before them."""
    found: list[MailHead] = []
    for name in names:
        state = session.open_folder(name)
        found += [head for head in _heads(session, state, _naming([message])) if message in names_of(head)]
    return found


def _find_in(session: ImapSession, names: Sequence[str], thread: str) -> list[MailHead]:
    kind, _, value = thread.partition(".")
    if kind == "t" and value:
        found = _find_by_ids(session, names, value)
        own = next((head.thread for head in found if head.thread[:2] != "t."), None)
        return found if own is None else _find_in(session, names, own)  # the server knows of more than the ids tell
    if kind == "g":
        is_gmail = GMAIL in session.capabilities and value.isdecimal()
        return _find_by_key(session, names, ["X-GM-THRID", str(int(value))]) if is_gmail else []
    if kind == "o":
        has_ids = OBJECT_IDS in session.capabilities and _OBJECT_ID.fullmatch(value) is not None
        return _find_by_key(session, names, ["THREADID", value]) if has_ids else []
    return []


def _find_by_key(session: ImapSession, names: Sequence[str], keys: Sequence[SearchKey]) -> list[MailHead]:
    """Mails of a thread that the server knows by itself."""
    found: list[MailHead] = []
    for name in names:
        found += _heads(session, session.opened_folder(name), keys)
    return found


def _find_by_ids(session: ImapSession, names: Sequence[str], root: str) -> list[MailHead]:
    """Mails that have an id or name it, then those that do so with the ids found, and so on."""
    found: dict[Place, MailHead] = {}
    members, asked, tops, answered = {root}, {root}, [root], list[str]()
    for _ in range(_ROUNDS):
        new = _round(session, names, tops, answered, found)
        fitting = [head for head in new if not members.isdisjoint(names_of(head))]
        if not fitting or len(found) > MOST:
            break
        found.update((head.place, head) for head in fitting)
        members.update(*(names_of(head) for head in fitting))
        here = {head.id for head in found.values()}
        tops = _new((name for head in found.values() for name in _tops(head) if name not in here), asked)
        answered = _new((id_ for id_ in here if not id_.startswith(_OWN_ID)), asked)
        if not tops and not answered:
            break
    return list(found.values())[:MOST]


def _round(
    session: ImapSession,
    names: Sequence[str],
    tops: Sequence[str],
    answered: Sequence[str],
    known: Mapping[Place, MailHead],
) -> list[MailHead]:
    """Mails of folders that were not known.

    Args:
        session: The connection.
        names: The folders.
        tops: Ids of mails that are wanted themselves, and all that name them.
        answered: Ids of mails that are known already, whose answers are wanted; they came later.
        known: The mails that are known.
    """
    searches: list[list[SearchKey]] = [_id_keys(tops[0])] if tops[:1] and tops[0].startswith(_OWN_ID) else []
    searches = searches or [_naming(some) for some in _parts(tops)]
    if answered:
        since = min(head.arrived_at for head in known.values()).date() - _DAY
        searches += [["SINCE", since, *_naming(some, own=False)] for some in _parts(answered)]
    found = session.search_folders(dict.fromkeys(names, searches))
    new = {
        name: (state, [uid for uid in uids if Place(name, state.validity, uid) not in known][-MOST:])
        for name, (state, uids) in found.items()
    }
    return fetch_heads_of(session, new)


def _tops(head: MailHead) -> Sequence[str]:
    """The mails before one, of which the first and the last ones are looked for."""
    return (*head.ancestors[:_FIRST_NAMED], *head.ancestors[_FIRST_NAMED:][-_LAST_NAMED:])


def _new(ids: Iterable[str], asked: set[str]) -> list[str]:
    """Ids that were not asked for yet; from now on they count as such."""
    found = [id_ for id_ in dict.fromkeys(ids) if id_ not in asked]
    asked.update(found)
    return found


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]


def names_of(head: MailHead) -> set[str]:
    """The ids that tell which thread a mail belongs to."""
    return {head.id, *head.ancestors, head.thread.removeprefix("t.")}


def _naming(ids: Sequence[str], *, own: bool = True) -> list[SearchKey]:
    """Mails that name one of some ids, or have it."""
    return _any_of(ids, ("Message-ID", "References", "In-Reply-To") if own else ("References", "In-Reply-To"))


def _any_of(ids: Sequence[str], fields: Sequence[str]) -> list[SearchKey]:
    """Mails with one of some ids in one of some header fields."""
    alternatives: list[list[SearchKey]] = [["HEADER", field, Word(id_)] for id_ in ids for field in fields]
    keys = alternatives[-1]
    for one in reversed(alternatives[:-1]):
        keys = ["OR", *one, *keys]
    return keys


def _heads(session: ImapSession, state: FolderState, keys: Sequence[SearchKey]) -> list[MailHead]:
    return fetch_heads(session, state, session.search(keys)[-MOST:]) if state.count else []


def with_id(session: ImapSession, message: str) -> list[int]:
    """UIDs of messages that may have an id; of one that has none of its own, of all that have none."""
    return session.search(_id_keys(message))[-MOST:]


def _id_keys(message: str) -> list[SearchKey]:
    """The search for messages that may have an id."""
    if message.startswith(_OWN_ID):
        return ["NOT", "HEADER", "Message-ID", Word("@")]
    return ["HEADER", "Message-ID", Word(message)]
