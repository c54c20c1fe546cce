"""Observers of tools and accounts: they learn names, numbers and outcomes, never content.

Work that nobody watches costs nothing::

    with instrumentation.observe(observers, Operation("list_messages")) as work:
        ...                                   # in there: instrumentation.note_account("support")
        work.tokens = answer.tokens
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from time import monotonic, perf_counter
from typing import Final, Protocol, TypeVar, cast

from dragoman.core.errors import DragomanError

T = TypeVar("T")

SEVERAL: Final = "several"
"""Stands for the accounts of a call that reached more than one."""


@dataclass(slots=True)
class Operation:
    """Something that is done, from its beginning to its end.

    Attributes:
        name: Of the tool, or of the operation of an account.
        inner: It is an operation of an account, inside a tool.
        accounts: Names of the accounts it reached.
        tokens: What its answer costs the model that reads it.
        failed: Code of the error that ended it, ``None`` when none did.
        seconds: How long it took; filled in at its end.
    """

    name: str
    inner: bool = False
    accounts: set[str] = field(default_factory=set[str])
    tokens: int = 0
    failed: str | None = None
    seconds: float = 0.0

    @property
    def account(self) -> str:
        """The account it reached, ``several``, or nothing."""
        return SEVERAL if len(self.accounts) > 1 else next(iter(self.accounts), "")


class AwaitingInput(Exception):
    """Ends work that goes on in another call, once somebody has answered: it has not failed."""


class Observer(Protocol):
    """Somebody who looks on."""

    sees_accounts: bool
    """Whether operations of accounts are of interest, or only tools."""

    def on_operation(self, work: Operation) -> AbstractContextManager[object]:
        """Enter when the work begins, and leave when everything about it is known. Must not fail."""
        ...


_under_way: Final[dict[int, Operation]] = {}
"""Tool calls of this process that have not ended."""

_last_end: Final = [float("-inf")]

_now: ContextVar[tuple[Operation, Sequence[Observer]] | None] = ContextVar("dragoman_watch", default=None)


@contextmanager
def observe(observers: Sequence[Observer], work: Operation) -> Generator[Operation]:
    """Have observers look on while the work inside is done; each learns how it ended."""
    with ExitStack() as watchers:
        for observer in observers:
            watchers.enter_context(observer.on_operation(work))
        # Accounts learn of the observers through the task, not through every call.
        token, started = _now.set((work, observers)), perf_counter()
        # Operations of accounts are parts of a call that counts already.
        if not work.inner:
            _under_way[id(work)] = work
        try:
            yield work
        except BaseException as error:
            work.failed = _code(error)
            raise
        finally:
            work.seconds = perf_counter() - started
            _now.reset(token)
            if _under_way.pop(id(work), None) is not None:
                _last_end[0] = monotonic()


def quiet_seconds() -> float:
    """Seconds without a tool call in this process; 0 while one is under way."""
    return 0.0 if _under_way else monotonic() - _last_end[0]


def note_account(account: str) -> None:
    """Note that the present work reached an account."""
    now = _now.get()
    if now is not None:
        now[0].accounts.add(account)


@contextmanager
def unobserved() -> Generator[None]:
    """Look at accounts beside the present work, to which they do not belong and for which they are not counted."""
    token = _now.set(None)
    try:
        yield
    finally:
        _now.reset(token)


def instrumented(provider: T, account: str, operations: frozenset[str]) -> T:
    """The same provider, whose operations are watched by those who look on at the present work, if they care."""
    now = _now.get()
    # Most observers count calls only, and a wrapper would slow each operation down.
    observers = [observer for observer in now[1] if observer.sees_accounts] if now else []
    return cast("T", _Instrumented(provider, account, operations, observers)) if observers else provider


class _Instrumented:
    """Everything of a provider as it is, but for operations, which are watched."""

    def __init__(
        self, provider: object, account: str, operations: frozenset[str], observers: Sequence[Observer]
    ) -> None:
        self._provider = provider
        self._account = account
        self._operations = operations
        self._observers = observers

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._provider, name)
        if name not in self._operations:
            return found
        return self._operation(name, cast("Callable[..., Awaitable[object]]", found))

    def _operation(self, name: str, act: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        @wraps(act)
        async def watched_act(*args: object, **kwargs: object) -> object:
            with observe(self._observers, Operation(name, inner=True, accounts={self._account})):
                return await act(*args, **kwargs)

        return watched_act


def _code(error: BaseException) -> str | None:
    if isinstance(error, DragomanError):
        return error.code
    if isinstance(error, AwaitingInput):
        return None
    return "crashed" if isinstance(error, Exception) else "cancelled"


account_name: Final[ContextVar[str]] = ContextVar("account_name", default="")
"""The account that is worked for; empty where no account is opened, as in a test of a provider alone."""


@contextmanager
def naming_account(name: str) -> Generator[None]:
    """Let everything inside know the name of the account that it works for."""
    token = account_name.set(name)
    try:
        yield
    finally:
        account_name.reset(token)
