"""A small world to write in: a service that notes what it gets, and processes that share a file, a clock and a fate.

Time passes only when it is told to, or when a call waits.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import anyio
import anyio.lowlevel
import pytest
from writing_call import Clock, Doing, Process, Turns, current
from writing_service import ACCOUNTS, PLACES, Service, SimulatedProvider

from dragoman.accounts import provider_registry
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.store import open_store
from dragoman.store.sql.writes import outbox
from dragoman.store.sqlite.database import Database, _Reading
from dragoman.testing.journal_service import JournalProvider
from dragoman.toolset import Caller, Principal, ToolServices, call_tool
from dragoman.toolset.writing import idempotency, pipeline

SHM = Path("/dev/shm")  # noqa: S108 - only where it is faster than a disk; the folders in it are made by pytest's rules


REFRESH = 3600.0


class Done(NamedTuple):
    """When a write was noted as made: by the clock, and as how many writes were begun by then."""

    at: float
    begun: int


class World:
    """Two processes, a service, a clock; ``calls`` as they ended, ``begun`` as the outbox has them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "dragoman.db"
        self.clock = Clock()
        self.service = Service(self.clock)
        self.calls: list[Doing] = []
        self.begun: list[Doing] = []
        self.done: dict[int, Done] = {}
        self.delivered: dict[int, int] = {}  # entries, and how many writes were begun when their answers arrived
        self.shown: dict[tuple[str, str, str], float] = {}
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
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dragoman.accounts.workspace.open_store", partial(open_store, clock=self.clock))
            async with Workspace.open(accounts, self.path) as workspace:
                yield Process(ToolServices(workspace, clock=self.clock.moment))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(provider_registry.BUILT_IN, "simulated", f"{SimulatedProvider.__module__}:SimulatedProvider")
            patch.setattr(SimulatedProvider, "now", self.service, raising=False)
            patch.setattr(Database, "_shared", _Unshared())
            patch.setattr(Database, "read", _stepped(lambda self, work: _Reading(self.connections, work).run()))
            patch.setattr(Database, "write", _stepped(lambda self, work: self.connections.write(work)))
            patch.setattr(outbox, "begin", self._noting(outbox.begin))
            patch.setattr(outbox, "finish", self._noting_the_end(outbox.finish))
            patch.setattr(outbox, "deliver", self._noting_delivery(outbox.deliver))
            patch.setattr(idempotency, "anyio", SimpleNamespace(sleep=self._pause, move_on_after=anyio.move_on_after))
            patch.setattr(
                pipeline, "_RENEWAL_INTERVAL", 3600.0
            )  # nobody renews: a call that is held up loses its lease
            yield

    async def run(self, doing: Doing) -> None:
        """One call to its end, whatever that is."""
        token = current.set(doing)
        asks = {} if doing.answer == "nobody" else {"ask": doing.ask}
        who = Principal(name=doing.principal) if doing.principal else None
        doing.began_at = self.clock.now
        try:
            with anyio.CancelScope() as doing.scope:
                receipts = []
                caller = Caller(client="test", principal=who, when_delivered=receipts.append, **asks)
                text = (await call_tool(doing.process.services, doing.tool, doing.arguments, caller)).text
                if not doing.unheard:
                    doing.text = text
                    for receipt in receipts:
                        await receipt()
        except DragomanError as error:
            doing.error = error
        except BaseException:
            if not doing.dead:
                raise
        finally:
            current.reset(token)
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
        if trusted or doing.dead or not any(m.conversation == doing.room for m, _ in self.service.written):
            return
        key = (doing.principal, doing.account, doing.room)
        if self.clock.now - self.shown.get(key, 0.0) >= REFRESH:  # within an hour it is not written down again
            self.shown[key] = self.clock.now

    async def _pause(self, seconds: float) -> None:
        self.clock.now += seconds
        await anyio.lowlevel.checkpoint()

    def _noting(self, begin):
        def noting(*arguments):
            entry = begin(*arguments)
            doing = current.get()
            if entry.fresh and doing is not None:
                doing.entry, doing.begun_at = entry.id, self.clock.now
                self.begun.append(doing)
            return entry

        return noting

    def _noting_delivery(self, deliver):
        def noting(con, entry):
            deliver(con, entry)
            self.delivered.setdefault(entry, len(self.begun))

        return noting

    def _noting_the_end(self, finish):
        def noting(con, entry, state, *arguments):
            ended = finish(con, entry, state, *arguments)
            if ended and state == "done":
                self.done.setdefault(entry, Done(self.clock.now, len(self.begun)))
            return ended

        return noting


class _Unshared(dict):
    """Each process has connections of its own."""

    def __setitem__(self, key, value):
        del key, value


def _stepped(method):
    """The same work without its thread: one step after the other, which is what makes histories repeatable."""

    async def stepped(self, work, **_options):
        async def act():
            await anyio.lowlevel.checkpoint()
            return method(self, work)

        doing = current.get()
        return await (act() if doing is None else doing.step(act))

    return stepped
