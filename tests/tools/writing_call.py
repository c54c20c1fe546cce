"""One call in a small world: which process makes it, what happens to it, and what came of it.

Every step that lasts (a transaction, a request) goes through :meth:`Doing.step`. There a call can be killed or
cancelled before or after the step, and there calls that race wait for their turn, in an order that is drawn.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import anyio
import anyio.lowlevel

from dragoman.core.errors import DragomanError
from dragoman.toolset import Question, ToolServices
from dragoman.toolset.policy import Consent, FlowGuard

current: ContextVar["Doing | None"] = ContextVar("doing", default=None)
"""The call that is under way in this task."""


class KilledError(BaseException):
    """The process of a call is no more: nothing of it runs any further."""


@dataclass
class Clock:
    now: float = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass
class Turns:
    """Lets one of several calls go on at a time: 0 and 1 are calls, 2 and 3 let time pass first."""

    order: list[int]
    clock: Clock
    racing: set[int] = field(default_factory=set)
    waiting: dict[int, anyio.Event] = field(default_factory=dict)

    async def wait(self, racer: int) -> None:
        event = self.waiting[racer] = anyio.Event()
        self._next()
        try:
            await event.wait()
        except anyio.get_cancelled_exc_class():
            self.waiting.pop(racer, None)
            raise

    def left(self, racer: int) -> None:
        self.racing.discard(racer)
        self._next()

    def _next(self) -> None:
        if not self.racing or self.racing != self.waiting.keys():
            return
        chosen = self.order.pop(0) if self.order else 0
        self.clock.now += {2: 11.0, 3: 61.0}.get(chosen, 0.0)
        racers = sorted(self.waiting)
        self.waiting.pop(racers[chosen % len(racers)]).set()


@dataclass
class Process:
    """Services on a file that is shared with others; what they remember beside the file ends with them."""

    services: ToolServices

    def restart(self) -> None:
        self.services = replace(self.services, flow=FlowGuard())


@dataclass(eq=False, repr=False)
class Doing:
    """One call, as nobody but the world sees it."""

    process: Process
    tool: str
    arguments: dict[str, str]
    principal: str = ""
    answer: Consent | str = "nobody"  # of the user, or "nobody" can be asked
    fault: str = ""
    deaf: bool = False  # the service lists nothing now
    shown: dict[tuple[str, str, str], float] = field(default_factory=dict)  # what was read before, and when
    end: str | None = None  # how the call ends early,
    at: int = 0  # and at which step
    turns: Turns | None = None
    racer: int = 0
    steps: int = 0
    dead: bool = False
    cancelled: bool = False
    refused: bool = False
    entry: int | None = None
    begun_at: float = 0.0
    began_at: float = 0.0
    received: list[str] = field(default_factory=list)
    agreed_to: list[str] = field(default_factory=list)
    text: str | None = None
    error: DragomanError | None = None
    scope: anyio.CancelScope | None = None

    def __repr__(self) -> str:
        fate = [self.answer, self.fault, "deaf" if self.deaf else "", self.end, self.principal]
        return f"{self.tool}({self.arguments}) {[one for one in fate if one]} by {id(self.process) % 997}"

    def _repr_pretty_(self, printer, _cycle) -> None:
        printer.text(repr(self))

    @property
    def unheard(self) -> bool:
        """Does the answer get lost on its way to the client."""
        return self.end == "unheard"

    @property
    def place(self) -> str:
        return self.arguments.get("conversation") or self.arguments["message"].rpartition("/")[0]

    @property
    def account(self) -> str:
        return self.place.partition(":")[0]

    @property
    def room(self) -> str:
        return self.place.partition(":")[2]

    @property
    def key(self) -> str | None:
        return self.arguments.get("idempotency_key")

    @property
    def content(self) -> tuple[object, ...]:
        names = ("conversation", "message", "text", "reply_to", "author", "sent_at")
        return (self.tool, self.principal, *(self.arguments.get(name) for name in names))

    @property
    def changes(self) -> bool:
        return self.tool == "update_message"

    async def step(self, act):
        if self.dead:
            raise KilledError
        if self.turns is not None:
            await self.turns.wait(self.racer)
        self.steps += 1
        how = self.end if self.at == self.steps else ""
        if how == "cancelled":
            self.cancelled = True
            assert self.scope is not None
            self.scope.cancel()
        if how == "killed before":
            self.dead = True
            raise KilledError
        result = await act()
        if how == "killed after":
            self.dead = True
            raise KilledError
        return result

    async def ask(self, question: Question) -> Consent:
        async def answer():
            await anyio.lowlevel.checkpoint()
            return self.answer

        given = await self.step(answer)
        if given is Consent.GIVEN:
            self.agreed_to.append(question.text)
        return given
