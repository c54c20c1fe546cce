"""What a kill of the server in the middle of writes and imports leaves: all that was acknowledged."""

import os
import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import count

import anyio
import pytest
from store_contract_messages import message
from store_contract_writes import INTENT

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.store import open_conversations, open_store
from dragoman.store.postgres.transaction import Writing

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("DRAGOMAN_POSTGRES_KILLS", "3"))
"""How often the server is killed; the same number gives the same moments."""


WRITERS = ("a", "b", "import")


class Witness:
    """Writes again and again while the server is killed, and knows what was acknowledged."""

    def __init__(self, store, conversations):
        self.store, self.conversations = store, conversations
        self.numbers: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.imported: set[str] = set()
        self.failures: list[DragomanError] = []
        self.successes: Counter[str] = Counter()
        self.stopped = False
        self.news = anyio.Event()

    async def run(self, write, name):
        """Write under other names each time, until it is stopped."""
        for turn in count():
            if self.stopped:
                return
            try:
                await write(f"{name}.{turn}")
            except DragomanError as error:
                self.failures.append(error)
            else:
                self.successes[name] += 1
            self.news.set()
            await anyio.lowlevel.checkpoint()

    async def until_all_write(self):
        """Wait until each of the writers has written something from now on."""
        before = self.successes.copy()
        await self._until(lambda: all(self.successes[name] > before[name] for name in WRITERS))

    async def until_all_fail(self):
        """Wait until as many calls have failed as there are writers."""
        before = len(self.failures)
        await self._until(lambda: len(self.failures) >= before + len(WRITERS))

    async def _until(self, holds):
        with anyio.fail_after(60):
            while not holds():
                self.news = anyio.Event()
                await self.news.wait()

    async def number(self, id_):
        (seen,) = await self.store.messages.number([message(id_, f"text {id_}")])
        if seen.number is not None:
            self.numbers[id_] = seen.number
        self.entries[id_] = (await self.store.writes.begin(replace(INTENT, key=id_))).id

    async def bring_in(self, name):
        batch = [message(f"{name}.{n}", account="", conversation="local") for n in range(50)]
        await self.conversations.write(lambda tables: tables.put("local", batch))
        self.imported.update(one.id for one in batch)

    async def require_everything(self):
        for id_, number in self.numbers.items():
            assert await self.store.messages.locate(number) == ("acc", "room", id_)
        for id_, entry in self.entries.items():
            assert (await self.store.writes.find("acc", id_)).id == entry
        assert len(set(self.numbers.values())) == len(self.numbers)
        stored = {id_ for id_ in self.imported if await self.conversations.read(None, partial(_holds, id_=id_))}
        assert stored == self.imported


def _holds(tables, id_):
    return tables.get("local", id_) is not None


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(own_server, impatient):
    chance = random.Random(KILLS)
    address = own_server.address()
    async with open_store(address) as store, open_conversations(address) as conversations:
        witness = Witness(store, conversations)
        async with anyio.create_task_group() as tasks:
            for name in WRITERS:
                tasks.start_soon(witness.run, witness.bring_in if name == "import" else witness.number, name)
            for kill in range(KILLS):
                await witness.until_all_write()  # the same store, without being opened again
                await anyio.sleep(chance.uniform(0.05, 0.4))
                with impatient() if kill == 0 else nullcontext():
                    await anyio.to_thread.run_sync(own_server.kill)
                    if kill == 0:
                        await witness.until_all_fail()
                await anyio.to_thread.run_sync(own_server.start)
            await witness.until_all_write()
            witness.stopped = True
        await witness.require_everything()
    assert len(witness.failures) >= len(WRITERS)
    for error in witness.failures:
        assert f"postgresql://127.0.0.1:{own_server.port}" in str(error)


async def test_a_write_is_not_taken_for_another_one_that_got_its_number_after_a_crash(own_server, monkeypatch):
    commit = Writing._commit

    def crash_before(self, connection, transaction):
        monkeypatch.undo()
        own_server.kill()
        own_server.start()
        for number in range(5):
            own_server.execute(f"INSERT INTO meta VALUES('other {number}', '')")
        commit(self, connection, transaction)

    async with open_store(own_server.address()) as store:
        monkeypatch.setattr(Writing, "_commit", crash_before)
        with pytest.raises(Unavailable, match="outcome is unknown"):
            await store._database.write(lambda con: con.statements)
