"""The context that a tool's function is given, and its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace
    from dragoman.core.context.instrumentation import Observer
    from dragoman.core.context.progress import Listener
    from dragoman.rendering import LayoutCache, View
    from dragoman.sync.watcher import ConversationWatcher
    from dragoman.toolset.paging.feed import CursorState
    from dragoman.toolset.policy import Consent, FlowGuard


@dataclass(frozen=True, slots=True)
class Question:
    """The question that a user answers before something is written.

    Attributes:
        text: All that they have to see, safe to show as it stands.
        digest: Of the write: an answer counts for this one and no other.
        length: One sentence that says how long the written text is.
        fits: The first three lines of ``text`` show everything that would be written, and every warning.
        trusted: The settings say that this client does ask its user, so its answer counts however quick it is.
    """

    text: str
    digest: str
    length: str = ""
    fits: bool = False
    trusted: bool = False


Receipt: TypeAlias = Callable[[], Awaitable[None]]
"""Notes that an answer has arrived."""

Ask: TypeAlias = "Callable[[Question], Awaitable[Consent]]"


_NOW: Final = partial(datetime.now, UTC)


def _new_flow_guard() -> FlowGuard:
    from dragoman.toolset.policy import FlowGuard  # noqa: PLC0415  # a command that only reads has none

    return FlowGuard()


def _new_layout_cache() -> LayoutCache:
    from dragoman.rendering import LayoutCache  # noqa: PLC0415  # as above

    return LayoutCache()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated person, with the accounts that they may use.

    Attributes:
        name: For the audit log; no two have the same.
        email: Whom services are asked to act for, where an account says so.
        accounts: The only accounts there are for them; ``None`` is all.
        writes: May they write at all, whatever the accounts allow.
    """

    name: str
    email: str | None = None
    accounts: frozenset[str] | None = None
    writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client of a call, with the ways to reach it while the call runs.

    Attributes:
        client: Name of the client program, for the audit log.
        progress: Hears how far a long call is.
        when_delivered: Takes what is to be done once the answer has reached the client; ``None`` where the client has
            it as soon as the call returns.
        ask: Shows a question to the user and returns what came of it; ``None`` where the client cannot ask.
        principal: Who was authenticated; ``None`` for the user of this machine, who may do everything.
    """

    client: str = ""
    progress: Listener | None = None
    ask: Ask | None = None
    when_delivered: Callable[[Receipt], None] | None = None
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class ToolServices:
    """Services that all calls share.

    Attributes:
        workspace: The accounts.
        zone: Where times are read and shown.
        max_tokens: Size of an answer when the call does not say.
        flow: Whether writing elsewhere after reading other people's text is asked about, and what was read.
        ask_by_client: By which means clients are asked, by name in small letters: ``client`` or ``token``.
        clock: The present time, with its zone.
        observers: Who looks on at calls.
        layouts: What was laid out lately.
        watcher: Tells when conversations have changed; ``None`` where nobody can be told.
    """

    workspace: Workspace
    zone: tzinfo = UTC
    max_tokens: int = 3000
    flow: FlowGuard = field(default_factory=_new_flow_guard)
    ask_by_client: Mapping[str, Literal["client", "token"]] = field(
        default_factory=dict[str, Literal["client", "token"]]
    )
    clock: Callable[[], datetime] = _NOW
    observers: tuple[Observer, ...] = ()
    layouts: LayoutCache = field(default_factory=_new_layout_cache)
    watcher: ConversationWatcher | None = None

    def for_principal(self, principal: Principal | None) -> ToolServices:
        """The same services with nothing on it that is not theirs."""
        if principal is None:
            return self
        from dragoman.accounts.restricted import LimitedWorkspace, Limits  # noqa: PLC0415  # only where people sign in

        limits = Limits(
            owner=principal.name, email=principal.email, accounts=principal.accounts, writes=principal.writes
        )
        # A tool that calls another one passes restricted services on.
        if isinstance(self.workspace, LimitedWorkspace) and self.workspace.limits == limits:
            return self
        return replace(self, workspace=LimitedWorkspace(self.workspace, limits))


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call of a tool.

    Attributes:
        services: What the caller may use of what calls share.
        caller: Who calls.
        now: The same over all pages of an answer.
    """

    services: ToolServices
    caller: Caller
    now: datetime

    def __post_init__(self) -> None:
        """Restrict the services to what the caller may use."""
        # No tool can forget to: a context never holds more than its caller may use.
        object.__setattr__(self, "services", self.services.for_principal(self.caller.principal))

    @property
    def workspace(self) -> Workspace:
        """The accounts of the caller."""
        return self.services.workspace


def _nowhere(_shown: int, _offset: int | None) -> CursorState | None:
    return None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result.

    Attributes:
        view: What to show.
        cursor_at: Where to go on when only the first so many items are shown (in the order they were
            taken), or a long text was shown up to an offset.
        uncut: Nothing of it may be cut, whatever the budget: somebody is to agree to all of it.
        write: The outbox's entry of the write that it tells of.
        stopped: Notes where the caller has stopped, once the answer has reached it.
    """

    view: View
    cursor_at: Callable[[int, int | None], CursorState | None] = field(default=_nowhere)
    uncut: bool = False
    write: int | None = None
    stopped: Callable[[CursorState], Awaitable[None]] | None = None
