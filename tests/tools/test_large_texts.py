"""While a huge hostile text is read, searched or shown, other calls are answered."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import anyio
import anyio.lowlevel
import pytest

from dragoman.accounts import provider_registry
from dragoman.core.text_size import LARGE, THREADS, run_sized
from dragoman.providers.base.provider import Limits
from dragoman.rendering import layout_cache
from dragoman.testing.journal_service import JournalProvider, JournalService
from dragoman.toolset import Caller, Question, ToolServices, call_tool, policy
from dragoman.toolset.policy import Consent
from dragoman.toolset.writing import consent
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio

HUGE = "hello \x90" * 300_000
LINKS = "h\xe9llo http://a.example/ @channel " * 30_000
ROOM = "post:room"


class HostileProvider(JournalProvider):
    """A service whose texts are as long as anybody likes."""

    name: ClassVar[str] = "hostile"
    limits: ClassVar[Limits] = Limits()


async def agree(_: Question) -> Consent:
    await anyio.lowlevel.checkpoint()
    return Consent.GIVEN


@asynccontextmanager
async def hostile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *texts: str
) -> AsyncIterator[tuple[ToolServices, str]]:
    """A service with such messages, and the reference of the last one."""
    monkeypatch.setitem(provider_registry.BUILT_IN, "hostile", f"{__name__}:HostileProvider")
    service = JournalService(tmp_path / "service")
    message = [service.say("room", text) for text in texts][-1]
    account = {"provider": "hostile", "folder": str(service.folder), "write": "confirm"}
    async with tool_context.open_services(from_mapping({"accounts": {"post": account}}, data=tmp_path)) as shared:
        yield shared, f"{ROOM}/{message}"


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], list[str]]:
    """Note when a function begins and when it ends."""
    noted: list[str] = []

    def watch(home: object, name: str) -> list[str]:
        original = getattr(home, name)

        def watched(*arguments: object, **more: object) -> object:
            noted.append("begins")
            try:
                return original(*arguments, **more)
            finally:
                noted.append("ends")

        monkeypatch.setattr(home, name, watched)
        return noted

    return watch


async def call_beside_others(shared: ToolServices, events: list[str], tool: str, **arguments: object) -> None:
    """Call a tool; another one is called again and again meanwhile, and each of its answers is noted."""
    async with anyio.create_task_group() as group:

        async def others() -> None:
            while True:
                await call_tool(shared, "list_conversations", {})
                events.append("other")

        group.start_soon(others)
        await call_tool(shared, tool, arguments, Caller(ask=agree))
        group.cancel_scope.cancel()


def answered_meanwhile(events: list[str], skip: int = 0) -> bool:
    """Was another call answered after the work had begun and before it ended; ``skip`` leaves earlier work out."""
    begins = [place for place, event in enumerate(events) if event == "begins"][skip]
    last = len(events) - events[::-1].index("ends")
    return "other" in events[begins:last]


async def test_another_call_is_answered_while_a_huge_message_is_quoted_in_a_question(tmp_path, monkeypatch, events):
    async with hostile(tmp_path, monkeypatch, HUGE) as (shared, message):
        noted = events(consent, "question")
        await call_beside_others(shared, noted, "update_message", message=message, text="Short")
    assert answered_meanwhile(noted)


async def test_another_call_is_answered_while_a_long_text_is_searched_for_links(tmp_path, monkeypatch, events):
    async with hostile(tmp_path, monkeypatch, "hello") as (shared, _):
        noted = events(policy, "hosts")
        await call_beside_others(shared, noted, "send_message", conversation=ROOM, text=LINKS)
    assert answered_meanwhile(noted)


async def test_another_call_is_answered_while_messages_are_searched_for_a_link(tmp_path, monkeypatch, events):
    async with hostile(tmp_path, monkeypatch, *[LINKS[:20_000]] * 40) as (shared, _):
        noted = events(policy, "hosts")
        sent = {"conversation": ROOM, "text": "See http://new.example/"}
        await call_beside_others(shared, noted, "send_message", **sent)
    assert answered_meanwhile(noted, skip=1)  # the first search is of the written text


async def test_another_call_is_answered_while_huge_messages_are_laid_out(tmp_path, monkeypatch, events):
    async with hostile(tmp_path, monkeypatch, HUGE) as (shared, _):
        noted = events(layout_cache, "lay_out")
        await call_beside_others(shared, noted, "list_messages", conversation=ROOM, max_tokens=200_000, format="json")
    assert answered_meanwhile(noted)


async def test_no_more_texts_are_at_work_than_there_are_threads_for_them():
    working, most, go_on = 0, 0, threading.Event()

    def work() -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        go_on.wait()
        working -= 1

    async with anyio.create_task_group() as group:
        for _ in range(THREADS + 3):
            group.start_soon(run_sized, work, LARGE + 1)
        while working < THREADS:
            await anyio.lowlevel.checkpoint()
        go_on.set()
    assert most == THREADS


async def test_a_small_text_is_worked_on_at_once_and_a_large_one_in_a_thread():
    assert await run_sized(threading.get_ident, LARGE) == threading.get_ident()
    assert await run_sized(threading.get_ident, LARGE + 1) != threading.get_ident()
