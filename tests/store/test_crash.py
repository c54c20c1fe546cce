import os
import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import apsw

from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.base.provider import Draft, MessageQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store

KILLS = 200
START = datetime(2026, 1, 1, tzinfo=UTC)


def in_a_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Run ``work`` in a forked process; its id, and the end of a pipe on which it says what was acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            work(writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def message(id_: str, at: int) -> Message:
    return Message(
        id=id_,
        conversation="room",
        account="acc",
        author=Author(name="Ann"),
        sent_at=START + timedelta(seconds=at),
        text=f"text of {id_}",
    )


async def write_for_ever(path: Path, say: int, turn: int) -> None:
    async with LocalProvider.open(LocalSettings(path=path)) as local, open_store(path) as store:
        for step in range(1_000_000):
            name = f"{turn}-{step}"
            many = [message(f"{name}-{i}", turn * 1000 + step) for i in range(step % 7 * 20)]
            await local.import_conversation(Conversation(id="room"), many)
            sent = await local.send_message("room", Draft(text=f"text of {name}"))
            (seen,) = await store.messages.number([message(name, step)])
            os.write(say, f"{name} {len(many)} {sent.id} {seen.number}\n".encode())


async def read_back(path: Path) -> tuple[set[str], dict[str, int]]:
    found: set[str] = set()
    async with LocalProvider.open(LocalSettings(path=path)) as local, open_store(path) as store:
        cursor = None
        while True:
            page = await local.list_messages("room", MessageQuery(limit=200, cursor=cursor))
            found.update(m.id for m in page.items)
            cursor = page.cursor
            if cursor is None:
                break
        numbers = dict(apsw.Connection(str(path)).execute("SELECT id, number FROM seen_messages"))
        for id_, number in list(numbers.items())[:20]:
            assert await store.messages.locate(number) == ("acc", "room", id_)
    return found, numbers


def test_after_kill_9_at_any_moment_everything_acknowledged_is_there(tmp_path):
    path = tmp_path / "dragoman.db"
    chance = random.Random(4)
    acknowledged: list[str] = []
    for turn in range(KILLS):
        child, says = in_a_child(lambda say, turn=turn: anyio.run(write_for_ever, path, say, turn))
        with os.fdopen(says) as lines:
            acknowledged += [lines.readline() for _ in range(chance.randrange(4))]
            os.kill(child, signal.SIGKILL)
            acknowledged += lines.readlines()
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    there, numbers = anyio.run(read_back, path)
    assert apsw.Connection(str(path)).execute("PRAGMA integrity_check").get == "ok"
    given: set[int] = set()
    for name, count, sent, number in (line.split() for line in acknowledged if line.endswith("\n")):
        assert sent in there
        assert {f"{name}-{i}" for i in range(int(count))} <= there
        assert numbers[name] == int(number)
        given.add(int(number))
    assert len(given) == sum(line.endswith("\n") for line in acknowledged) >= KILLS / 2


async def write_a_lot(path: Path, say: int, turn: int) -> None:
    async with LocalProvider.open(LocalSettings(path=path)) as local, open_store(path) as store:
        for step in range(60):
            many = [message(f"{turn}-{step}-{i}", step) for i in range(20)]
            await local.import_conversation(Conversation(id="room"), many)
            seen = await store.messages.number([*many, message(f"shared-{step}", step)])
            token = await store.cursors.save({"turn": turn, "step": step})
            os.write(say, f"{token} {seen[-1].number}\n".encode())


def test_processes_that_write_one_file_at_once_lose_nothing_and_agree_on_numbers(tmp_path):
    path = tmp_path / "dragoman.db"
    children = [in_a_child(lambda say, turn=turn: anyio.run(write_a_lot, path, say, turn)) for turn in range(3)]
    said = []
    for child, says in children:
        with os.fdopen(says) as lines:
            said.append([line.split() for line in lines])
        assert os.waitpid(child, 0)[1] == 0
    there, numbers = anyio.run(read_back, path)
    assert there == {f"{turn}-{step}-{i}" for turn in range(3) for step in range(60) for i in range(20)}
    assert set(numbers) == there | {f"shared-{step}" for step in range(60)}
    assert len(set(numbers.values())) == len(numbers)
    assert len({token for lines in said for token, _ in lines}) == 180
    shared = [int(number) for number in (numbers[f"shared-{step}"] for step in range(60))]
    assert all([int(number) for _, number in lines] == shared for lines in said)
