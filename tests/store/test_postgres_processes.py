"""Three processes with one database at the same moment: each write, confirmation and lease has one owner."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from store_contract_messages import message
from store_contract_writes import INTENT

from dragoman.store import open_store
from dragoman.store.sync_state import SyncStep

HISTORIES = int(os.environ.get("DRAGOMAN_POSTGRES_HISTORIES", "8"))
"""How many there are; the same number gives the same ones."""

PROCESSES = 3
STEPS = 20
KEYS = 6

PROGRAM = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_postgres_processes as t; t.main()"
)


async def history(store, number, process, tokens):
    """What a process did, in the order in which it did it: kind, what, and a value."""
    chance = random.Random(PROCESSES * number + process)
    intent = replace(INTENT, conversation=f"room {number}")
    done = []
    for _ in range(STEPS):
        kind = chance.choice(["write", "confirm", "number", "lease", "cursor"])
        at = chance.randrange(KEYS)
        if kind == "write":
            entry = await store.writes.begin(replace(intent, key=f"key {number} {at}"))
            if entry.fresh:
                done.append(("fresh", at, entry.id))
                await store.writes.finish(entry.id, "done", f"m{at}")
        elif kind == "confirm":
            if await store.confirmations.redeem(tokens[at], "digest"):
                done.append(("confirmed", at, 0))
        elif kind == "number":
            some = [message(f"{number}.{(at + n) % KEYS}") for n in range(chance.randint(1, 5))]
            done += [("number", one.id, one.number) for one in await store.messages.number(some)]
        elif kind == "lease":
            lease = await store.sync.take_lease(f"account {number}", f"process {process}")
            if lease is not None:
                news = [message(f"sync {number}.{at}", account=lease.account)]
                await store.sync.commit(lease, SyncStep(news=news))
                done.append(("lease", lease.fence, process))
                done += [("number", one.id, one.number) for one in await store.messages.number(news)]
                await store.sync.release_lease(lease)
        else:
            done.append(("cursor", await store.cursors.save({"process": process, "number": number, "at": at}), 0))
    return done


def main():
    """The program of one process: a history for each line that it is given."""
    anyio.run(_histories, sys.stdin.readline().strip())


async def _histories(address):
    async with open_store(address) as store:
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            number, process, tokens = json.loads(line)
            sys.stdout.write(f"{json.dumps(await history(store, number, process, tokens))}\n")
            sys.stdout.flush()


@contextmanager
def processes(address):
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        for process in started:
            _write(process, address)
        yield started
    finally:
        for process in started:
            process.stdin.close()
            process.stdout.read()
            process.stdout.close()
            process.wait()


def _write(process, line):
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


@pytest.mark.timeout(60 + 5 * HISTORIES)
@pytest.mark.anyio
async def test_each_write_confirmation_and_lease_has_one_owner(postgres_address):
    given = set()
    async with open_store(postgres_address) as store:
        with processes(postgres_address) as started:
            for number in range(HISTORIES):
                tokens = [await store.confirmations.offer("digest") for _ in range(KEYS)]
                for process, program in enumerate(started):
                    _write(program, json.dumps([number, process, tokens]))
                read = [await anyio.to_thread.run_sync(program.stdout.readline) for program in started]
                done = [step for line in read for step in json.loads(line)]
                given |= await _require_one_owner_each(store, number, done)
    assert sorted(value for _, value in given) == list(range(1, len(given) + 1))


async def _require_one_owner_each(store, number, done):
    """Check a history; gives its numbers of messages."""

    def of(kind):
        return [(what, value) for one, what, value in done if one == kind]

    for kind in ("fresh", "confirmed", "lease", "cursor"):
        owners = Counter(what for what, _ in (of(kind) if kind != "cursor" else set(of(kind))))
        assert not owners or max(owners.values()) == 1, (number, kind)
    numbers = set(of("number"))
    assert len({what for what, _ in numbers}) == len({value for _, value in numbers}) == len(numbers), number
    entries = [await store.writes.find("acc", f"key {number} {at}") for at in range(KEYS)]
    fresh = dict(of("fresh"))
    assert {at: entry.id for at, entry in enumerate(entries) if entry} == fresh, number
    audit = [line for line in await store.audit.read(100) if line.conversation == f"room {number}"]
    assert Counter(line.outcome for line in audit) == Counter({"begun": len(fresh), "done": len(fresh)}), number
    return numbers
