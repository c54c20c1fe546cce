"""A small world to write in: a service that notes what it gets, and processes that share a file, a clock and a fate.

Every step that lasts (a transaction, a request) goes through :meth:`Doing.step`. There a call can be killed or
cancelled before or after the step, and there calls that race wait for their turn, in an order that is drawn.
Time passes only when it is told to, or when a call waits.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import anyio
import anyio.lowlevel
import pytest

from dragoman import registry
from dragoman.errors import DragomanError, NotFound, OutcomeUnknown, Unavailable
from dragoman.model import Author, Message
from dragoman.policy import FlowGuard
from dragoman.provider import Draft
from dragoman.store import Database, Store, journal
from dragoman.store.database import _Reading
from dragoman.testing.journal import JournalProvider
from dragoman.toolset import Caller, Desk, Principal, Question, call_tool
from dragoman.toolset.writing import settling, way
from dragoman.workspace import Held, Workspace

ROOMS = ("one", "two")
PACE = 3
ACCOUNTS = {
    "off": {"write": "off"},
    "confirm": {"write": "confirm"},
    "allow": {"write": "allow"},
    "listed": {"write": "allow", "write_to": ("listed-one",)},
    "paced": {"write": "allow", "sends_per_minute": PACE},
}
PLACES = [f"{account}-{room}" for account in ACCOUNTS for room in ROOMS]
SHM = Path("/dev/shm")  # noqa: S108 - only where it is faster than a disk; the folders in it are made by pytest's rules
_doing: ContextVar["Doing | None"] = ContextVar("doing", default=None)


def places_of(accounts) -> list[str]:
    return [f"{account}:{account}-{room}" for account in accounts for room in ROOMS]


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
    """A desk on a file that is shared with others; what it remembers beside the file ends with it."""

    desk: Desk
    shown: set[tuple[str, str, str]] = field(default_factory=set)

    def restart(self) -> None:
        self.desk = replace(self.desk, flow=FlowGuard())
        self.shown = set()


@dataclass(eq=False, repr=False)
class Doing:
    """One call, as nobody but the world sees it."""

    process: Process
    tool: str
    arguments: dict[str, str]
    principal: str = ""
    answer: object = "nobody"  # of the user: True, False, None, or "nobody" can be asked
    fault: str = ""
    deaf: bool = False  # the service lists nothing now
    shown: set[tuple[str, str, str]] = field(default_factory=set)  # what was read before, by this process
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
    def account(self) -> str:
        return self.arguments["conversation"].partition(":")[0]

    @property
    def room(self) -> str:
        return self.arguments["conversation"].partition(":")[2]

    @property
    def key(self) -> str | None:
        return self.arguments.get("idempotency_key")

    @property
    def content(self) -> tuple[object, ...]:
        names = ("conversation", "text", "reply_to", "author", "sent_at")
        return (self.tool, self.principal, *(self.arguments.get(name) for name in names))

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

    async def ask(self, question: Question) -> bool | None:
        async def answer():
            await anyio.lowlevel.checkpoint()
            return self.answer

        given = await self.step(answer)
        if given is True:
            self.agreed_to.append(question.text)
        return given


class Service:
    """What was really written, by whom; rooms in which others may speak too."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.written: list[tuple[Message, Doing | None]] = []

    def put(self, room, text, by: Doing | None, author: str = "me", reply_to=None, at=None) -> Message:
        identifier = f"m{len(self.written)}"
        message = Message(
            id=identifier,
            conversation=room,
            author=Author(name=author),
            sent_at=at or self.clock.moment(),
            text=text,
            reply_to=reply_to,
        )
        self.written.append((message, by))
        if by is not None:
            by.received.append(identifier)
        return message

    def messages(self, room: str) -> list[Message]:
        if room not in PLACES:
            raise NotFound("There is no such room.", hint="list_conversations shows the rooms.")
        return [message for message, _ in self.written if message.conversation == room]


class SimulatedProvider(JournalProvider):
    """The journal's provider on a service in memory, which has a fate for each call."""

    now: Service

    def __init__(self, settings) -> None:
        super().__init__(settings)
        self.service = self.now

    async def list_messages(self, conversation, query):
        doing = _doing.get()
        if doing is not None and doing.deaf:
            raise Unavailable("The service is closed.", hint="Try again later.")
        return await super().list_messages(conversation, query)

    def may_be_ours(self, message: Message) -> bool:
        return message.author.name == "me"

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        return await self._put(conversation, draft.text, "me", draft.reply_to, None)

    async def import_message(self, conversation: str, message: Message) -> Message:
        return await self._put(conversation, message.text, message.author.name, message.reply_to, message.sent_at)

    async def _put(self, room, text, *more) -> Message:
        doing = _doing.get()
        assert doing is not None
        return await doing.step(lambda: self._received(doing, room, text, *more))

    async def _received(self, doing: Doing, room: str, text: str, *more) -> Message:
        if doing.fault == "refused":
            doing.refused = True
            raise Unavailable("The service is closed.", hint="Try again later.")
        if doing.fault == "dropped":
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        stored = text[: len(text) // 2] if "cut" in doing.fault else text
        message = self.service.put(room, stored, doing, *more)
        if "lost" in doing.fault:
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        return message


class World:
    """Two processes, a service, a clock; ``calls`` as they ended, ``begun`` as the outbox has them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "dragoman.db"
        self.clock = Clock()
        self.service = Service(self.clock)
        self.calls: list[Doing] = []
        self.begun: list[Doing] = []
        self.done: dict[int, float] = {}
        self.processes: list[Process] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator["World"]:
        with self._watched():
            async with AsyncExitStack() as stack:
                for _ in range(2):
                    self.processes.append(await stack.enter_async_context(self._process()))
                yield self

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[Process]:
        common = {"provider": "simulated", "folder": self.path.parent, "rooms": PLACES}
        accounts = {name: JournalProvider.Settings(**common, **more) for name, more in ACCOUNTS.items()}
        async with Workspace.open(accounts, self.path) as workspace:
            holder = workspace._store._holder
            workspace._store = Held(holder, lambda: Store.open(self.path, clock=self.clock))
            await workspace.store()
            yield Process(Desk(workspace, clock=self.clock.moment))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(registry.BUILT_IN, "simulated", f"{__name__}:SimulatedProvider")
            patch.setattr(SimulatedProvider, "now", self.service, raising=False)
            patch.setattr(Database, "_shared", _Unshared())
            patch.setattr(Database, "read", _stepped(lambda self, work: _Reading(self, work).run()))
            patch.setattr(Database, "write", _stepped(Database._write))
            patch.setattr(journal, "begin", self._noting(journal.begin))
            patch.setattr(journal, "finish", self._noting_the_end(journal.finish))
            patch.setattr(settling, "anyio", SimpleNamespace(sleep=self._pause, move_on_after=anyio.move_on_after))
            patch.setattr(way, "_RENEWED", 3600.0)  # nobody renews: a call that is held up loses its lease
            yield

    async def run(self, doing: Doing) -> None:
        """One call to its end, whatever that is."""
        token = _doing.set(doing)
        asks = {} if doing.answer == "nobody" else {"ask": doing.ask}
        who = Principal(name=doing.principal) if doing.principal else None
        doing.began_at = self.clock.now
        try:
            with anyio.CancelScope() as doing.scope:
                caller = Caller(client="test", principal=who, **asks)
                doing.text = (await call_tool(doing.process.desk, doing.tool, doing.arguments, caller)).text
        except DragomanError as error:
            doing.error = error
        except BaseException:
            if not doing.dead:
                raise
        finally:
            _doing.reset(token)
            self.calls.append(doing)
            if doing.turns is not None:
                doing.turns.left(doing.racer)
            if doing.dead:
                doing.process.restart()

    async def race(self, doings: list[Doing], order: list[int]) -> None:
        """Calls at the same time, one step at a time, in that order."""
        turns = Turns(order, self.clock, set(range(len(doings))))
        async with anyio.create_task_group() as tasks:
            for number, doing in enumerate(doings):
                doing.turns, doing.racer = turns, number
                tasks.start_soon(self.run, doing)

    def note_shown(self, doing: Doing) -> None:
        """Somebody has read a conversation whose people the settings do not trust."""
        trusted = doing.room in ACCOUNTS[doing.account].get("write_to", ())
        if not trusted and not doing.dead and any(m.conversation == doing.room for m, _ in self.service.written):
            doing.process.shown.add((doing.principal, doing.account, doing.room))

    async def _pause(self, seconds: float) -> None:
        self.clock.now += seconds
        await anyio.lowlevel.checkpoint()

    def _noting(self, begin):
        def noting(*arguments):
            entry = begin(*arguments)
            doing = _doing.get()
            if entry.fresh and doing is not None:
                doing.entry, doing.begun_at = entry.id, self.clock.now
                self.begun.append(doing)
            return entry

        return noting

    def _noting_the_end(self, finish):
        def noting(con, ending, now):
            ended = finish(con, ending, now)
            if ended and ending.state == "done":
                self.done.setdefault(ending.entry, self.clock.now)
            return ended

        return noting


class _Unshared(dict):
    """Each process has connections of its own."""

    def __setitem__(self, key, value):
        del key, value


def _stepped(method):
    """The same work without its thread: one step after the other, which is what makes histories repeatable."""

    async def stepped(self, work):
        async def act():
            await anyio.lowlevel.checkpoint()
            return method(self, work)

        doing = _doing.get()
        return await (act() if doing is None else doing.step(act))

    return stepped
