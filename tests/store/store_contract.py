"""What every store promises, whatever database it is in; see the docstrings of ``dragoman.store``."""

import os
import signal
from dataclasses import replace

import anyio
import pytest
from store_contract_long_ids import LongIdsContract
from store_contract_messages import MessagesContract, message
from store_contract_positions import PositionsContract
from store_contract_rates import RateBudgetsContract
from store_contract_retention import RetentionContract
from store_contract_sync import SyncContract
from store_contract_writes import INTENT, KEYLESS, LINE, WritesContract

from dragoman.core.model import Conversation
from dragoman.core.queries import SearchQuery
from dragoman.store import UsageCount
from dragoman.store.cursors import LIFETIME

ONE_CALL = UsageCount(tool="list_messages", account="acc", outcome="ok", step=3, calls=1, ms=7, tokens=100)


class CursorsContract:
    """Cursors are short, lead back to their state, and end."""

    async def test_a_cursor_is_short_and_brings_its_state_back(self, store):
        state = {"query": "π\ud800", "offset": 7, "nested": [1, None]}
        token = await store.cursors.save(state)
        assert len(token) <= 8
        assert token.isalnum()
        assert token == token.lower()
        assert not token.isdigit()
        assert await store.cursors.load(token) == state

    async def test_cursors_never_repeat_and_do_not_tell_the_next(self, store):
        tokens = [await store.cursors.save({"page": page}) for page in range(200)]
        assert len(set(tokens)) == 200
        assert tokens != sorted(tokens)
        assert len({token[:3] for token in tokens}) > 150

    @pytest.mark.parametrize(
        "token",
        ["", "k", "k000000", "kzzzzzz", "KABCDEF", "k3", "' OR 1=1", "k" * 9, "k\u0663\u0663\u0663\u0663\u0663\u0663"],
    )
    async def test_an_unknown_cursor_is_nothing(self, store, token):
        assert await store.cursors.load(token) is None

    async def test_old_cursors_are_forgotten(self, store, clock):
        token = await store.cursors.save({"a": 1})
        clock.now += LIFETIME - 1
        assert await store.cursors.load(token) == {"a": 1}
        clock.now += 10
        assert await store.cursors.load(token) is None


class UsageContract:
    """Calls are added up by the day."""

    async def test_calls_that_are_alike_are_added_up(self, store):
        other = replace(ONE_CALL, outcome="not_found")
        await store.usage.add([ONE_CALL, other])
        await store.usage.add([replace(ONE_CALL, calls=2, ms=1, tokens=5)])
        assert await store.usage.read(1) == [other, replace(ONE_CALL, calls=3, ms=8, tokens=105)]

    async def test_only_the_days_that_are_asked_for_are_added_up(self, store, clock):
        await store.usage.add([ONE_CALL])
        clock.now += 2 * 24 * 3600
        await store.usage.add([ONE_CALL])
        assert [count.calls for count in await store.usage.read(1)] == [1]
        assert [count.calls for count in await store.usage.read(3)] == [2]


class SharingContract:
    """Several stores are open on one database, as several processes have them."""

    async def test_a_number_is_the_same_for_all_and_given_once(self, store, other):
        numbers: dict[str, set[int]] = {}

        async def number(one, start):
            for turn in range(10):
                for seen in await one.messages.number([message(str(start + turn + at)) for at in range(5)]):
                    numbers.setdefault(seen.id, set()).add(seen.number)

        async with anyio.create_task_group() as tasks:
            for start in range(0, 20, 5):
                tasks.start_soon(number, store, start)
                tasks.start_soon(number, other, start)
        assert all(len(found) == 1 for found in numbers.values())
        given = sorted(number for found in numbers.values() for number in found)
        assert given == list(range(1, len(numbers) + 1))

    async def test_what_one_writes_the_other_reads_at_once(self, store, other):
        assert await other.messages.locate(1) is None
        assert await other.messages.conversation("acc", "room") is None
        await store.messages.number([message("a", "needle")])
        await store.messages.remember_conversations([Conversation(id="room", account="acc", title="Room")])
        assert await other.messages.locate(1) == ("acc", "room", "a")
        assert (await other.messages.conversation("acc", "room")).title == "Room"
        assert len((await other.messages.search("acc", SearchQuery(text="needle"))).items) == 1
        assert await other.cursors.load(await store.cursors.save({"at": 1})) == {"at": 1}

    async def test_of_all_that_begin_the_same_write_one_is_to_act(self, store, other):
        for intent in (INTENT, replace(KEYLESS, digest="d2")):
            entries = []

            async def begin(one, intent=intent, entries=entries):
                entries.append(await one.writes.begin(intent))

            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(begin, store)
                    tasks.start_soon(begin, other)
            assert sum(entry.fresh for entry in entries) == 1
            assert len({entry.id for entry in entries}) == 1

    async def test_of_all_that_redeem_a_confirmation_one_succeeds(self, store, other):
        token = await store.confirmations.offer("digest")
        left = []

        async def redeem(one):
            left.append(await one.confirmations.redeem(token, "digest"))

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(redeem, store)
                tasks.start_soon(redeem, other)
        assert sum(map(bool, left)) == 1

    async def test_every_line_of_the_audit_log_is_kept(self, store, other):
        async def record(one, who):
            for _ in range(5):
                await one.audit.record(replace(LINE, who=who))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(record, store, "one")
            tasks.start_soon(record, other, "other")
        assert sorted(line.who for line in await store.audit.read()) == ["one"] * 5 + ["other"] * 5

    async def test_a_store_that_can_be_written_passes_its_check(self, store, other):
        await store.check()
        await other.check()


class CrashContract:
    """What was acknowledged is there after the process was killed."""

    @pytest.mark.parametrize("acknowledged", [1, 7, 20])
    async def test_what_was_acknowledged_survives_kill_9(self, open, clock, acknowledged):  # noqa: A002 - a fixture
        async def work(say):
            async with open(clock) as store:
                for turn in range(10_000):
                    (seen,) = await store.messages.number([message(f"m{turn}", f"text {turn}")])
                    token = await store.cursors.save({"turn": turn})
                    entry = await store.writes.begin(replace(INTENT, key=f"k{turn}"))
                    os.write(say, f"m{turn} {seen.number} {token} {entry.id}\n".encode())

        lines = _killed_after(acknowledged, work)
        assert len(lines) >= acknowledged
        async with open(clock) as store:
            for turn, line in enumerate(lines):
                id_, number, token, entry = line.split()
                assert await store.messages.locate(int(number)) == ("acc", "room", id_)
                assert await store.cursors.load(token) == {"turn": turn}
                assert (await store.writes.find("acc", f"k{turn}")).id == int(entry)
                hits = (await store.messages.search("acc", SearchQuery(text=f'"text {turn}"'))).items
                assert [hit.message.number for hit in hits] == [int(number)]
            (fresh,) = await store.messages.number([message("after")])
            assert fresh.number > max(int(line.split()[1]) for line in lines)


def _killed_after(lines: int, work) -> list[str]:
    """What a process acknowledged, line by line, that was killed after so many lines or a few more."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            anyio.run(work, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        acknowledged = [said.readline() for _ in range(lines)]
        os.kill(child, signal.SIGKILL)
        acknowledged += said.readlines()
    os.waitpid(child, 0)
    return [line for line in acknowledged if line.endswith("\n")]


class StoreContract(
    MessagesContract,
    LongIdsContract,
    CursorsContract,
    PositionsContract,
    WritesContract,
    UsageContract,
    RateBudgetsContract,
    SyncContract,
    RetentionContract,
    SharingContract,
    CrashContract,
):
    """All of it. A class of tests inherits this and has the fixture ``open``: clock -> the open store."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def killed_after(self):
        """Runs work in a process and kills it."""
        return _killed_after

    @pytest.fixture
    async def store(self, open, clock):  # noqa: A002 - a fixture
        """The store under test."""
        async with open(clock) as opened:
            yield opened

    @pytest.fixture
    async def other(self, open, clock, store):  # noqa: A002 - a fixture; after the first
        """Another store on the same database."""
        async with open(clock) as opened:
            yield opened
