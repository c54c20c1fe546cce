"""One connection to a mailbox. No other module gives commands to IMAPClient.

Every method blocks and is called in a worker thread. Every argument is checked here: IMAPClient would put line breaks
on the wire, where they begin another command.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

from imapclient.exceptions import IMAPClientError  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.providers.kit.cache import LruCache
from dragoman.providers.mail.folder_state import FolderEntry, FolderState
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.imap_arguments import (
    CharsetRefusedError,
    PuzzlingAnswerError,
    SearchKey,
    read_folder_list,
    require_flags,
    require_one_line,
    search_arguments,
)
from dragoman.providers.mail.imap_client import untagged_words, wait_in_idle
from dragoman.providers.mail.imap_transport import ImapTransport
from dragoman.providers.mail.pipelining import (
    MOST_AT_ONCE,
    NO_MEANING,
    Fetched,
    Wanted,
    look_at,
    resync,
    search_at_once,
    state_of,
)

TRUSTED: Final = 2.0
"""Seconds for which a folder that is open is taken for the one that has its name."""

_HEADS: Final = 3000


class ImapSession(ImapTransport):
    """Commands on a connection.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        ca_file: Authorities to trust instead of the usual ones.

    Attributes:
        changing: A command that changes something was sent since this was cleared.
        takes_keywords: The open folder takes new keywords.
        heads: Heads of mails that were read on this connection.
    """

    def __init__(self, server: Server, *, timeout: float, ca_file: Path | None = None) -> None:
        super().__init__(server, timeout=timeout, ca_file=ca_file)
        self.changing = False
        self.takes_keywords = False
        self.heads = LruCache[object, object](_HEADS)
        self._opened: FolderState | None = None
        self._opened_at = 0.0

    def folders(self) -> list[FolderEntry]:
        """All folders."""
        self._client.folder_encode = False
        try:
            listed = cast("Iterable[tuple[Iterable[bytes], bytes | None, Any]]", self._client.list_folders())
        finally:
            self._client.folder_encode = True
        return list(read_folder_list(listed))

    def folder_states(self, names: Sequence[str]) -> list[FolderState]:
        """Folders as they are now, asked for at once."""
        return self.look(names, Wanted({}, ()))[0]

    def look(self, names: Sequence[str], wanted: Wanted) -> tuple[list[FolderState], Mapping[str, Fetched]]:
        """Folders as they are now, and what is wanted of messages in some of them, asked for at once.

        Messages that are gone are missing, and so is a folder where the answer has no meaning.
        """
        require_one_line(*names, *wanted.items)
        if not names:
            return [], {}
        opened, self._opened = self._opened, None
        trusted = not self._client._imap.stirred and monotonic() - self._opened_at <= TRUSTED  # noqa: SLF001 - it hears
        found = look_at(self._client, names, wanted, opened, is_trusted=trusted)
        if found.opened is not None:
            opened, self._opened_at = found.states[found.opened], monotonic()
        self._opened = opened
        self._client._imap.stirred = False  # noqa: SLF001 - as above
        # the server tells of mails and flags meanwhile, but not how far a folder has got by them
        states = found.states | {name: self.open_folder(name) for name in found.changed}
        return [states[name] for name in names], found.found

    def search_folders(
        self, searches: Mapping[str, Sequence[Sequence[SearchKey]]]
    ) -> dict[str, tuple[FolderState, list[int]]]:
        """Folders, and rising UIDs of those of their messages that one of some searches finds; asked for at once."""
        require_one_line(*searches)
        arguments = {name: [list(search_arguments(keys)) for keys in some] for name, some in searches.items()}
        if not all(one.isascii() for some in arguments.values() for words in some for one in words):
            return {  # a word beyond ASCII goes out only after the server has asked for it
                name: (self.opened_folder(name), sorted({uid for keys in some for uid in self.search(keys)}))
                for name, some in searches.items()
            }
        opened, self._opened = self._opened, None
        found = search_at_once(self._client, arguments, opened) if arguments else {}
        last = next(reversed(found), "")
        if last and (opened is None or last != opened.name):
            opened, self._opened_at = found[last][0], monotonic()
        self._opened = opened
        return found

    def opened_folder(self, name: str) -> FolderState:
        """A folder as it was when it was opened; it is opened now unless it is the one that is open."""
        return self._opened if self._opened is not None and self._opened.name == name else self.open_folder(name)

    def open_folder(self, name: str, *, writing: bool = False) -> FolderState:
        """Open a folder. Without ``writing`` nothing of it can change, not even which mails are unread."""
        require_one_line(name)
        self._opened = None
        told = cast("Mapping[bytes, Any]", self._client.select_folder(name, readonly=not writing))
        self.takes_keywords = b"\\*" in told.get(b"PERMANENTFLAGS", ())
        found = state_of(name, told)
        self._opened, self._opened_at = None if writing else found, monotonic()
        self._client._imap.stirred = False  # noqa: SLF001 - this is how it is now
        return found

    def open_folder_since(self, was: FolderState, uids: Sequence[int]) -> tuple[FolderState, set[int] | None]:
        """Open a folder for reading, and hear what has become of some messages since it was in a state.

        Args:
            was: The folder as it was.
            uids: Rising UIDs of messages that were in it.

        Returns:
            The folder as it is, and those of the UIDs whose messages were removed or marked as deleted; ``None`` for
            them where the server cannot tell.
        """
        require_one_line(was.name)
        if not (self.resyncs and was.mod_seq and uids):
            return self.open_folder(was.name), None
        self._opened = None
        try:
            now, gone = resync(self._client, was, uids)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:  # some servers promise more than they can
            return self.open_folder(was.name), None
        self._opened, self._opened_at = now, monotonic()
        self._client._imap.stirred = False  # noqa: SLF001 - this is how it is now
        # a server that was restored from a backup counts its changes anew
        return now, gone if now.mod_seq >= was.mod_seq else None

    def wait(self, seconds: float) -> bool | None:
        """Wait until mails come into the open folder or leave it; false when none did for so many seconds.

        ``None``, at once, where the server does not tell by itself.
        """
        return wait_in_idle(self._client, seconds) if "IDLE" in self.capabilities else None

    def search(self, keys: Sequence[SearchKey]) -> list[int]:
        """UIDs of the open folder's messages for which all keys hold, rising."""
        arguments = list(search_arguments(keys))
        if any(not argument.isascii() for argument in arguments):
            arguments[:0] = [b"CHARSET", b"UTF-8"]
        answer = self._searched(b"SEARCH", arguments)
        return sorted({int(one) for line in answer if line for one in line.split() if one.isdigit()})

    def sort_by_arrival(self, keys: Sequence[SearchKey] = ("ALL",)) -> list[int]:
        """UIDs of the open folder's messages, the one that arrived last first."""
        arguments = [b"(REVERSE ARRIVAL)", b"UTF-8", *search_arguments(keys)]
        answer = self._searched(b"SORT", arguments)
        return [int(one) for line in answer if line for one in line.split() if one.isdigit()]

    def _searched(self, command: bytes, arguments: list[bytes]) -> list[bytes]:
        try:
            # IMAPClient's own search would leave words such as `(` and `{1}` without quotes
            return cast("list[bytes]", self._client._raw_command_untagged(command, arguments))  # noqa: SLF001
        except imaplib.IMAP4.error as error:
            if "BADCHARSET" in str(error):
                raise CharsetRefusedError(str(error)) from error
            raise

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, Any]]:
        """What is wanted of messages; those that are gone are missing. Nothing becomes read by it."""
        require_one_line(*items)
        if any("BODY[" in item for item in items):
            raise ValueError("this would mark messages as read")
        found: dict[int, Mapping[bytes, Any]] = {}
        for start in range(0, len(uids), MOST_AT_ONCE):
            try:
                found.update(cast("Fetched", self._client.fetch(list(uids[start : start + MOST_AT_ONCE]), list(items))))
            except NO_MEANING as error:
                raise PuzzlingAnswerError(str(error)) from error  # it was read whole, and has no meaning
        return found

    def change_flags(self, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Set and clear flags of messages of the open folder."""
        require_flags(*add, *remove)
        self.changing = True
        if add:
            self._client.add_flags(list(uids), list(add), silent=True)
        if remove:
            self._client.remove_flags(list(uids), list(remove), silent=True)

    def change_gmail_labels(self, uids: Sequence[int], *, add: Sequence[str], remove: Sequence[str]) -> None:
        """Put Gmail's labels on messages of the open folder, and take others off."""
        require_one_line(*add, *remove)
        self.changing = True
        if add:
            self._client.add_gmail_labels(list(uids), list(add), silent=True)
        if remove:
            self._client.remove_gmail_labels(list(uids), list(remove), silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages of the open folder."""
        require_one_line(folder)
        self.changing = True
        if "MOVE" in self.capabilities:
            self._client.move(list(uids), folder)
            return
        self._client.copy(list(uids), folder)
        self.remove(uids)

    def remove(self, uids: Sequence[int]) -> None:
        """Remove messages of the open folder; where the server cannot remove single ones, they are only marked."""
        self.change_flags(uids, add=("\\Deleted",))
        if "UIDPLUS" in self.capabilities:  # without it, EXPUNGE would take what others have marked as well
            self._client.uid_expunge(list(uids))

    def append(self, folder: str, data: bytes, flags: Sequence[str], at: datetime | None) -> None:
        """Add a message to a folder."""
        require_one_line(folder)
        require_flags(*flags)
        self._client.noop()  # a connection that broke while it rested is found out before anything can have happened
        self.changing = True
        self._client.append(folder, data, list(flags), at)

    def create_folder(self, name: str) -> None:
        """Make a folder unless it is there, and subscribe to it, so that mail programs show it."""
        require_one_line(name)
        self._client.noop()  # as above
        self.changing = True
        try:
            self._client.create_folder(name)
        except IMAPClientError:  # somebody may have made it meanwhile; not each server says so by a code
            if all(one.name != name for one in self.folders()):
                raise
        with suppress(IMAPClientError):
            self._client.subscribe_folder(name)

    def told(self) -> list[str]:
        """What the server said beside its answers, newest last."""
        return untagged_words(self._client)
