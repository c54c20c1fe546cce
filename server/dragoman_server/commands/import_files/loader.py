"""Loads archives into an account in batches; loading again doubles nothing."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from threading import Lock
from typing import Final, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from dragoman.accounts.account import Account
from dragoman.archives.format import StoredId, StoredIds
from dragoman.archives.ids import LargeSet
from dragoman.archives.notes import Notes
from dragoman.archives.reader_process.parent import ReaderProcess, reader_process
from dragoman.archives.reading import Archives, ReadRequest, open_archives
from dragoman.core.errors import DragomanError, InvalidArgument, UnsupportedOperation
from dragoman.core.model import Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.base.provider import Capability, Provider
from dragoman.store.sql.messages.prepared import PreparedBatch
from dragoman.toolset import ToolServices, policy
from dragoman_server.commands.import_files.request import ImportReport, ImportRequest, skipped_lines

T = TypeVar("T")

BATCH: Final = 5000
"""Items that are held in memory, and stored in one transaction."""

_NEW_OBJECTS: Final = 200_000
"""New objects before a garbage collection: those of about two batches."""

Progress = Callable[[int, int, int], None]
"""Is told the bytes that are done, of how many, and the number of messages."""


async def load(
    shared: ToolServices,
    request: ImportRequest,
    progress: Progress | None = None,
    on_stop: Callable[[], None] | None = None,
) -> ImportReport:
    """Import archives. What was stored before a failure stays; importing again doubles nothing.

    Cancelled, it still stores what was read.

    Args:
        shared: Where the accounts are.
        request: What to import.
        progress: Is told how far it is.
        on_stop: Is told that much is still to be stored of what was read before it was cancelled.

    Raises:
        DragomanError: Nothing can be read, or the account takes no imports.
    """
    target = target_of(shared, request.account)
    provider = await target.provider()
    if request.strict:  # all is read once before, because a flaw may stand in the last line
        await _require_flawless(shared, request)
    started = time.monotonic()
    report = ImportReport(account=target.name, notes=Notes())
    loader = _Loader(target, provider, report, (progress, on_stop))
    with _rare_collections():
        await _load_all(loader, _read_request(shared, request, target, provider), partial(_stored, provider))
    report.seconds = time.monotonic() - started
    return report


async def _load_all(loader: _Loader, reading: ReadRequest, stored: StoredIds) -> None:
    """Store everything, unless it is known; a process of its own reads what is large."""
    async with AsyncExitStack() as processes:
        async with _in_threads(open_archives(reading, loader.notes, stored)) as archives:
            reader = None
            if archives.is_large and sys.executable:
                reader = await processes.enter_async_context(_in_threads(reader_process(loader.notes, stored)))
                # It reads the first batch while this process makes the digest. What is known is seldom imported again.
                reader.begin(reading, BATCH)
            digest = await loader.find_known(archives)
            if digest is not None and reader is None:
                await loader.run(archives, digest)
        if digest is not None and reader is not None:
            await anyio.to_thread.run_sync(reader.open)
            await loader.run(reader, digest)


async def survey(shared: ToolServices, request: ImportRequest, look: Callable[[Archives], None], notes: Notes) -> None:
    """Have ``look`` read archives in a worker thread without storing anything."""
    target = target_of(shared, request.account)
    provider = await target.provider()
    reading = _read_request(shared, request, target, provider)
    async with _in_threads(open_archives(reading, notes, partial(_stored, provider))) as found:
        await anyio.to_thread.run_sync(look, found)


class _Loader:
    """Stores the batches of one import."""

    def __init__(
        self,
        target: Account,
        provider: Provider,
        report: ImportReport,
        listeners: tuple[Progress | None, Callable[[], None] | None],
    ) -> None:
        self._target = target
        self._provider = provider
        self._report = report
        self._progress, self._on_stop = listeners
        self._conversations = LargeSet()
        self._fetching = Lock()
        self._fetched: list[list[Conversation | Message] | PreparedBatch | None] = []

    @property
    def notes(self) -> Notes:
        """Of the report."""
        return self._report.notes

    async def find_known(self, archives: Archives) -> str | None:
        """Take over the report of an earlier import of the same, if all of it is still there.

        Returns:
            The digest of the archives; ``None`` when there was such an import, so that nothing is to be read.
        """
        self._report.archives = archives.titles
        digest = await anyio.to_thread.run_sync(archives.digest, anyio.from_thread.check_cancelled)
        record = await self._provider.find_import(digest)
        if record is None:
            return digest
        self._report.restore(record)
        return None

    async def run(self, found: Archives | ReaderProcess, digest: str) -> None:
        """Store everything.

        Args:
            found: What reads.
            digest: That of the archives.
        """
        report = self._report
        try:
            await self._store_all(found)
        except DragomanError as error:
            error.hint = join([safe(error.hint), stored_sentence(report.read)], " ")
            raise
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._store_rest(found)
            raise
        report.conversations = len(self._conversations)
        await self._provider.record_import(digest, report.to_record(), self._conversations)

    async def _store_all(self, found: Archives | ReaderProcess) -> None:
        is_process = isinstance(found, ReaderProcess)
        while True:
            # Another process is ended when this is cancelled, so nobody need wait for it.
            await anyio.to_thread.run_sync(self._fetch, found, abandon_on_cancel=is_process)
            if not self._fetched[0]:
                return
            await self._store(self._fetched[0])
            self._fetched.clear()  # before the next one is fetched, so that memory holds one
            if self._progress is not None:
                self._progress(found.position, found.size, self._report.read)

    async def _store_rest(self, found: Archives | ReaderProcess) -> None:
        """Store what was read before the user stopped the import."""
        if found.gives_late and self._on_stop is not None:
            self._on_stop()
        with suppress(DragomanError):
            await anyio.to_thread.run_sync(found.stop)
            await self._store_all(found)

    def _fetch(self, found: Archives | ReaderProcess) -> None:
        """Have the next batch. One that was fetched for a call that was cancelled is still there."""
        with self._fetching:
            if not self._fetched:
                self._fetched.append(found.next_batch(BATCH) if isinstance(found, Archives) else found.next_batch())

    async def _store(self, batch: list[Conversation | Message] | PreparedBatch) -> None:
        if isinstance(batch, PreparedBatch):
            self._permit({group.conversation.id for group in batch.groups})
            self._report.counts += await self._provider.import_prepared(batch)
        else:
            self._permit({item.conversation if isinstance(item, Message) else item.id for item in batch})
            self._report.counts += await self._provider.import_batch(batch)

    def _permit(self, ids: set[str]) -> None:
        for id_ in ids:
            policy.require_permission(self._target.settings, Reference(self._target.name, id_))
        self._conversations.update(ids)


def stored_sentence(messages: int) -> SafeText:
    """What stays of an import that did not come to its end."""
    if not messages:
        return sentence("Nothing of the import was stored.")
    return sentence("{:,} entries before that are stored; importing again doubles nothing.", messages)


@contextmanager
def _rare_collections() -> Generator[None]:
    """Collect garbage seldom."""
    # Messages make no cycles of references, and looking for some takes a tenth of the time.
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _read_request(shared: ToolServices, request: ImportRequest, target: Account, provider: Provider) -> ReadRequest:
    own_name: str = getattr(provider.settings, "name", "me")
    return request.read_request(shared.zone, own_name, target.name)


def _stored(provider: Provider, prefix: str) -> Iterator[StoredId]:
    """The stored messages of the conversations whose ids begin so. Runs in a worker thread."""
    position = 0
    while part := anyio.from_thread.run(provider.list_stored_ids, prefix, position):
        for position, message, conversation, related in part:  # noqa: B007 - the last one is where to go on
            yield message, conversation, related


@asynccontextmanager
async def _in_threads(manager: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """Enter and leave in worker threads: opening reads the whole directory of an archive, which may take seconds."""
    found = await anyio.to_thread.run_sync(manager.__enter__)
    try:
        yield found
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(manager.__exit__, None, None, None)


async def _require_flawless(shared: ToolServices, request: ImportRequest) -> None:
    """Read everything once without storing it.

    Raises:
        InvalidArgument: Something cannot be read.
    """
    notes = Notes()

    def look(found: Archives) -> None:
        for _ in found.items():
            pass

    await survey(shared, request, look, notes)
    if notes.has_flaws:
        flaws = join([*skipped_lines(notes), *notes.sentences], " ")
        raise InvalidArgument(sentence("Nothing was stored: {}", flaws), hint="Without --strict the rest is imported.")


def target_of(shared: ToolServices, name: str | None) -> Account:
    """The account that takes the import.

    Raises:
        UnsupportedOperation: No account on this machine takes imports.
        InvalidArgument: Several do, and none is named.
    """
    offering = shared.workspace.accounts_for(Capability.IMPORT_MESSAGE, name)
    able = [account for account in offering if not account.provider_class.external]
    if not able:
        raise UnsupportedOperation(
            "A file is imported into an account on this machine only.",
            hint="The tool import_message stores a message in a service, and asks as the settings say.",
            account=name or "",
        )
    usual = [account for account in able if account.name == "local"]
    if len(able) > 1 and not usual:
        names = ", ".join(account.name for account in able)
        raise InvalidArgument("Several accounts take imports.", hint=sentence("Say --account with one of {}.", names))
    return (usual or able)[0]
