"""Three processes with one database at the same moment: each write, confirmation and lease has one owner."""

import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from store_contract_messages import message
from store_contract_writes import INTENT

from dragoman.store import open_store

PROCESSES = 3
STEPS = 60
KEYS = 25

PROGRAM = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_postgres_processes as t; t.main()"
)


async def history(address, seed, tokens):
    """What a process did, in the order in which it did it."""
    chance = random.Random(seed)
    done = []
    async with open_store(address) as store:
        for _ in range(STEPS):
            kind = chance.choice(["write", "confirm", "number", "lease", "cursor"])
            at = chance.randrange(KEYS)
            if kind == "write":
                entry = await store.writes.begin(replace(INTENT, key=f"key {at}"))
                if entry.fresh:
                    done.append(("fresh", at, entry.id))
                    await store.writes.finish(entry.id, "done", f"m{at}")
            elif kind == "confirm":
                if await store.confirmations.redeem(tokens[at], "digest"):
                    done.append(("confirmed", at, 0))
            elif kind == "number":
                ids = [f"m{(at + n) % KEYS}" for n in range(chance.randint(1, 5))]
                done += [("number", one.id, one.number) for one in await store.messages.number(list(map(message, ids)))]
            elif kind == "lease":
                lease = await store.sync.take_lease(f"account {at}", f"process {seed}")
                if lease is not None:
                    done.append(("lease", at, seed))
            else:
                done.append(("cursor", await store.cursors.save({"seed": seed, "at": at}), 0))
    return done


def main():
    """The program of one process."""
    address, seed, tokens = json.loads(sys.stdin.read())
    sys.stdout.write(json.dumps(anyio.run(history, address, seed, tokens)))


async def _offer(address):
    async with open_store(address) as store:
        return [await store.confirmations.offer("digest") for _ in range(KEYS)]


async def _entries(address):
    async with open_store(address) as store:
        return [await store.writes.find("acc", f"key {at}") for at in range(KEYS)], await store.audit.read(1000)


@pytest.mark.parametrize("round_", range(2))
def test_each_write_confirmation_and_lease_has_one_owner(postgres_address, round_):
    tokens = anyio.run(_offer, postgres_address)
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for number, process in enumerate(started):
        process.stdin.write(json.dumps([postgres_address, 10 * round_ + number, tokens]))
        process.stdin.close()
    done = []
    for process in started:
        done += json.loads(process.stdout.read())
        assert process.wait() == 0
        process.stdout.close()
    by_kind = {kind: [(what, value) for one, what, value in done if one == kind] for kind in {one for one, *_ in done}}
    for kind in ("fresh", "confirmed"):
        assert max(Counter(what for what, _ in by_kind[kind]).values()) == 1
    holders = {(at, seed) for at, seed in by_kind["lease"]}
    assert len({at for at, _ in holders}) == len(holders)
    numbers = {(what, value) for what, value in by_kind["number"]}
    assert len({what for what, _ in numbers}) == len({value for _, value in numbers}) == len(numbers)
    assert sorted(value for _, value in numbers) == list(range(1, len(numbers) + 1))
    cursors = [what for what, _ in by_kind["cursor"]]
    entries, audit = anyio.run(_entries, postgres_address)
    fresh = dict(by_kind["fresh"])
    assert {at: entry.id for at, entry in enumerate(entries) if entry} == fresh
    assert Counter(line.outcome for line in audit) == {"begun": len(fresh), "done": len(fresh)}
    assert len(cursors) >= len(set(cursors)) > 0
