"""Commands that are sent together, so that they cost one round trip."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, cast

from imapclient.exceptions import ProtocolError  # pyright: ignore[reportMissingTypeStubs] - it has none
from imapclient.response_parser import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    parse_fetch_response,
)

from dragoman.providers.mail.folder_state import FolderState
from dragoman.providers.mail.imap_arguments import uid_ranges

Fetched: TypeAlias = Mapping[int, Mapping[bytes, Any]]

_SELECT_ITEMS: Final = (b"UIDVALIDITY", b"UIDNEXT", b"EXISTS", b"HIGHESTMODSEQ")
_STATUS_ITEMS: Final = (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES", b"HIGHESTMODSEQ")

MOST_AT_ONCE: Final = 200
"""Messages of one FETCH, so that memory is bounded and other threads get their turn."""

NO_MEANING: Final = (ProtocolError, ValueError, TypeError, IndexError, KeyError, AttributeError)
"""What IMAPClient raises at an answer that it cannot take apart."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Items of messages, whose UIDs stand by folder.

    Attributes:
        read: Makes something of a text that stands alone in an answer, of its folder and its UID, while others are on
            their way. It stands in place of the text then.
    """

    uids: Mapping[str, Sequence[int]]
    items: Sequence[str]
    read: Callable[[str, int, bytes], object] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to commands of which one may overtake another.

    Attributes:
        untagged: Its lines by kind.
        stirred: It told, unasked, that the open folder has changed.
        texts: What was made of texts that stood alone, by UID.
    """

    untagged: Mapping[str, list[Any]]
    stirred: bool
    texts: Mapping[int, object]


def ask_at_once(
    client: Any,
    groups: Sequence[Sequence[bytes]],
    reads: Sequence[Callable[[int, bytes], object] | None] | None = None,
) -> list[Answer]:
    """Send commands together, and read the answer of each group. No command overtakes one of another group.

    Args:
        client: Signed in.
        groups: Commands.
        reads: For each group, what makes something of a UID and a text that stands alone in an answer.

    Raises:
        IMAP4.error: The server refused one of them.
    """
    imap = client._imap  # noqa: SLF001 - imaplib sends one command after the other
    tagged = [[(imap._new_tag(), line) for line in group] for group in groups]  # noqa: SLF001 - as above
    imap.send(b"".join(b"%s %s\r\n" % one for group in tagged for one in group))
    answers: list[Answer] = []
    failure: imaplib.IMAP4.error | None = None
    for group, read in zip(tagged, reads or [None] * len(tagged), strict=True):
        untagged: dict[str, list[Any]] = {}
        texts: dict[int, object] = {}
        imap.untagged_responses, imap.stirred, imap.texts, imap.read_text = untagged, False, texts, read
        for tag, line in group:
            try:
                _complete(imap, tag, line)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                failure = failure or error
        answers.append(Answer(untagged, imap.stirred, texts))
    imap.untagged_responses, imap.read_text = _words(answers), None
    if failure is not None:
        raise failure
    return answers


def _complete(imap: Any, tag: bytes, line: bytes) -> None:
    name = line.partition(b" ")[0].decode()
    kind, data = imap._command_complete(name, tag)  # noqa: SLF001 - as above
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{name} failed: {data[0]!r}")


def _words(answers: Sequence[Answer]) -> dict[str, list[Any]]:
    """Sentences of the server, which may explain what goes wrong later."""
    return {kind: [word for one in answers for word in one.untagged.get(kind, ())] for kind in ("OK", "NO", "BAD")}


@dataclass(frozen=True, slots=True)
class Look:
    """What some folders are like now.

    Attributes:
        states: Each of them.
        found: Items of messages, by folder; one is missing where the answer has no meaning.
        opened: The folder that is open now; ``None``: that which was.
        changed: Folders that have changed since the state of them that is told here.
    """

    states: dict[str, FolderState]
    found: dict[str, Fetched]
    opened: str | None
    changed: frozenset[str]


def look_at(client: Any, names: Sequence[str], wanted: Wanted, opened: FolderState | None, *, is_trusted: bool) -> Look:
    """Look at folders and read of their messages what is wanted, in one round trip.

    Args:
        client: Signed in.
        names: The folders.
        wanted: What is read.
        opened: The folder that is open for reading.
        is_trusted: What has changed of it is told unasked, or by ``NOOP``.

    Raises:
        IMAP4.error: A folder is not there.
    """
    groups = list(_groups(names, wanted, opened, is_trusted=is_trusted))
    lines = [[_line(client, kind, name, wanted) for kind, name in group] for group in groups]
    reads = [_read_of(group, wanted) for group in groups]
    states: dict[str, FolderState] = {} if opened is None else {opened.name: opened}
    found: dict[str, Fetched] = {}
    changed, now_open = set[str](), None
    for group, answer in zip(groups, ask_at_once(client, lines, reads), strict=True):
        kind, name = group[0]
        if kind == "EXAMINE":
            states[name], now_open = _opened_state(client, name, answer), name
            continue
        states.update(_asked_states([one for kind, one in group if kind == "STATUS"], answer))
        if ("FETCH", name) in group and (fetched := _fetched(answer)) is not None:
            found[name] = fetched
        if answer.stirred and kind != "STATUS":
            changed.add(name)
    return Look(states, found, now_open, frozenset(changed))


def _read_of(group: Sequence[tuple[str, str]], wanted: Wanted) -> Callable[[int, bytes], object] | None:
    """What reads the texts of a group of commands, of which one at most asks for any."""
    folder = next((name for kind, name in group if kind == "FETCH"), None)
    return None if folder is None or wanted.read is None else partial(wanted.read, folder)


def _groups(
    names: Sequence[str], wanted: Wanted, opened: FolderState | None, *, is_trusted: bool
) -> Iterator[list[tuple[str, str]]]:
    """Commands and their folders. A folder whose messages are wanted is opened; of the others the state is asked.

    Servers answer ``NOOP`` after commands that follow it, but open another folder only when all are done.
    """
    before = "" if opened is None else opened.name
    first = before if before in names else names[0] if opened is None else ""
    group: list[tuple[str, str]] = []
    for name in sorted(names, key=lambda one: one != first):
        if name == first and name == before and is_trusted:
            group.append(("NOOP", name))
        elif name == first or wanted.uids.get(name):
            yield from [one for one in (group, [("EXAMINE", name)]) if one]
            group = []
        if wanted.uids.get(name):
            group.append(("FETCH", name))
    group += [("STATUS", name) for name in names if name != first and not wanted.uids.get(name)]
    yield from [group] if group else []


def _line(client: Any, kind: str, name: str, wanted: Wanted) -> bytes:
    if kind == "NOOP":
        return b"NOOP"
    if kind == "FETCH":
        return f"UID FETCH {uid_ranges(wanted.uids[name])} ({' '.join(wanted.items)})".encode("ascii")
    folder = cast("bytes", client._normalise_folder(name))  # noqa: SLF001 - IMAPClient asks one after the other
    if kind == "EXAMINE":
        return b"EXAMINE " + folder
    items = _STATUS_ITEMS if client.has_capability("CONDSTORE") else _STATUS_ITEMS[:-1]
    return b"STATUS %s (%s)" % (folder, b" ".join(items))


def search_at_once(
    client: Any, searches: Mapping[str, Sequence[Sequence[bytes]]], opened: FolderState | None
) -> dict[str, tuple[FolderState, list[int]]]:
    """States of folders, and rising UIDs of those of their messages that one of some searches finds.

    Args:
        client: Signed in.
        searches: Arguments of searches by folder, each without line breaks.
        opened: The folder that is open for reading, which is taken as it is.

    Raises:
        IMAP4.error: A folder is not there.
    """
    before = "" if opened is None else opened.name
    names = sorted(searches, key=lambda one: one != before)
    groups: list[list[bytes]] = []
    for name in names:
        groups += [] if name == before else [[_line(client, "EXAMINE", name, Wanted({}, ()))]]
        groups.append([b" ".join((b"UID SEARCH", *arguments)) for arguments in searches[name]])
    answers = iter(ask_at_once(client, groups))
    found: dict[str, tuple[FolderState, list[int]]] = {}
    for name in names:
        state = opened if opened is not None and name == before else _opened_state(client, name, next(answers))
        lines = cast("list[bytes | None]", next(answers).untagged.get("SEARCH", []))
        uids = {int(one) for line in lines if line for one in line.split() if one.isdigit()}
        found[name] = state, sorted(uids)
    return found


def resync(client: Any, was: FolderState, uids: Sequence[int]) -> tuple[FolderState, set[int] | None]:
    """Open a folder for reading with what QRESYNC tells: which of some messages have gone since it was in a state.

    They are ``None`` where the answer has no meaning.

    Args:
        client: Signed in, with QRESYNC enabled.
        was: The folder as it was.
        uids: Rising UIDs of messages that were in it.

    Raises:
        IMAP4.error: The folder is not there, or the server does not understand.
    """
    since = f" (QRESYNC ({was.validity} {was.mod_seq} {uid_ranges(uids)}))".encode("ascii")
    examine = _line(client, "EXAMINE", was.name, Wanted({}, ()))
    [answer] = ask_at_once(client, [[examine + since]])
    gone = {uid for line in answer.untagged.get("VANISHED", ()) for uid in _uids_in(line, uids)}
    marked, state = _fetched(answer), _opened_state(client, was.name, answer)
    if marked is None:  # what was marked as deleted stood there, and is not told again
        return state, None
    gone |= {uid for uid, item in marked.items() if b"\\DELETED" in {one.upper() for one in item.get(b"FLAGS", ())}}
    return state, gone.intersection(uids)


def _uids_in(line: bytes, uids: Sequence[int]) -> Iterator[int]:
    """Those of some UIDs that a set such as ``(EARLIER) 3:17,20`` has."""
    for low, high in re.findall(rb"(\d+)(?::(\d+))?", line):
        ends = sorted((int(low), int(high or low)))
        yield from (uid for uid in uids if ends[0] <= uid <= ends[1])


def _opened_state(client: Any, name: str, answer: Answer) -> FolderState:
    client._imap.state, client._imap.is_readonly = "SELECTED", True  # noqa: SLF001 - imaplib did not see the command
    return state_of(name, client._process_select_response(answer.untagged))  # noqa: SLF001 - as above


def state_of(name: str, told: Mapping[bytes, Any]) -> FolderState:
    """A folder as the answer to its opening tells."""
    return FolderState(name, *(int(told.get(key, 0)) for key in _SELECT_ITEMS))


def _asked_states(names: Sequence[str], answer: Answer) -> Iterator[tuple[str, FolderState]]:
    """States of folders; servers tell them in the order in which they are asked."""
    lines = [line for line in answer.untagged.get("STATUS", ()) if isinstance(line, bytes)]  # a name may stand before
    if len(lines) != len(names):
        raise imaplib.IMAP4.abort("unexpected number of states")
    for name, line in zip(names, lines, strict=True):
        told = line.rpartition(b"(")[2].upper()
        values = (re.search(rb"\b%s (\d+)" % item, told) for item in _STATUS_ITEMS)
        yield name, FolderState(name, *(0 if found is None else int(found[1]) for found in values))


def _fetched(answer: Answer) -> Fetched | None:
    """What the server gave of messages; ``None`` where that has no meaning."""
    try:
        parsed = cast("Fetched", parse_fetch_response(answer.untagged.get("FETCH", []), normalise_times=False))
    except NO_MEANING:
        return None
    return {**parsed, **{uid: {b"BODY[]": text} for uid, text in answer.texts.items()}}
