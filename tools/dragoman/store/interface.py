"""What every store offers, whatever database it is in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from dragoman.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Hashable

    from dragoman.store.cursors import CursorStore
    from dragoman.store.messages import MessageStore
    from dragoman.store.rate_budgets import RateBudgetStore
    from dragoman.store.retention import RetentionStore
    from dragoman.store.sync_store import SyncStore
    from dragoman.store.usage import UsageStore
    from dragoman.store.writes import AuditLog, ConfirmationStore, ExposureStore, WriteStore


class NotWritableError(Unavailable):
    """The store cannot be written now, because its disk is full for example. Reading goes on."""


class Store(ABC):
    """The server's memory, in parts that share one database.

    Any number of tasks, threads and processes may use one store at the same time. What a method has acknowledged by
    returning survives a crash of the process and of the machine. A method that raises has changed nothing. A call
    that is cancelled has been carried out wholly or not at all.

    ``tests/store/store_contract.py`` checks these promises for every implementation.
    """

    messages: MessageStore
    cursors: CursorStore
    writes: WriteStore
    confirmations: ConfirmationStore
    exposures: ExposureStore
    audit: AuditLog
    usage: UsageStore
    retention: RetentionStore
    rate_budgets: RateBudgetStore
    sync: SyncStore

    def reading_once(self) -> AbstractContextManager[None]:
        """A block of reads that belong together: what was read in it once may be taken for true until it ends.

        What this process writes meanwhile is found. The block must not wait for what another process writes.
        """
        return nullcontext()

    @abstractmethod
    def version(self) -> Hashable | None:
        """Something that changes with every write of any process; ``None`` when it cannot be told at once."""

    @abstractmethod
    async def check(self) -> None:
        """Look whether everything can be read and, where this user may write it, also written now.

        Raises:
            NotWritableError: It can be read only.
            DragomanError: It cannot be read.
        """
