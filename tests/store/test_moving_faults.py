"""A store that is moved by a process that is killed, and differences that somebody has planted."""

import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import anyio
import psycopg
import pytest
from store_contract_leases import lease_of
from store_contract_messages import START, message
from test_moving import fill, listed, quiet

from dragoman.store import open_store
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.moving import compare_stores, copy_store
from dragoman.store.sql.copying.side import TABLES
from dragoman.store.sync_state import AccountSync, ConversationSync, SyncStep

pytestmark = pytest.mark.anyio

PROGRAM = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import anyio
from dragoman.store.moving import copy_store

source, target, step = sys.argv[1], sys.argv[2], int(sys.argv[3])

def progress(table, rows):
    global step
    step -= 1
    if step == 0:
        os.kill(os.getpid(), signal.SIGKILL)

anyio.run(copy_store, source, target, progress)
"""

STEP = SyncStep(
    news=[message("arrived")],
    covered=[("room", Span(BEGINNING, OPEN))],
    states=[ConversationSync(id="room", checked_at=START)],
    account=AccountSync(position="here", fresh_at=START),
)
"""Brings rows into the tables that :func:`fill` leaves empty."""


@pytest.mark.parametrize("way", ["to the database", "to a file"])
async def test_a_copy_that_is_killed_again_and_again_is_completed(way, tmp_path, postgres_address):
    places = (tmp_path / "one.db", postgres_address)
    source, target = places if way == "to the database" else places[::-1]
    await fill(source)
    kills = 0
    for step in count(1):
        done = await anyio.to_thread.run_sync(
            lambda step=step: subprocess.run(
                [sys.executable, "-c", PROGRAM, str(source), str(target), str(step)], check=False, capture_output=True
            )
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
    assert kills >= 3
    assert (await compare_stores(source, target))[2] == []
    assert await listed(target) == await listed(source)


@pytest.fixture
async def copied(tmp_path, postgres_address):
    """A store with rows in every table, its copy in PostgreSQL, and an administrator whom no trigger stops."""
    source, between = tmp_path / "one.db", postgres_address
    await fill(between)
    with psycopg.connect(postgres_address, autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        async with open_store(between) as store:
            await store.sync.commit(await lease_of(store, "me"), STEP)
        await copy_store(between, source, quiet)
        assert (await compare_stores(source, between))[2] == []
        yield source, between, administrator


def _names(differences):
    return {line.split()[0].rstrip(":") for line in differences}


async def test_a_row_that_was_planted_or_is_missing_is_found_in_every_table(copied):
    source, target, administrator = copied
    for table in TABLES:
        first = f"(SELECT min(ctid) FROM {table.name})"  # noqa: S608 - our own words
        gone = administrator.execute(f"DELETE FROM {table.name} WHERE ctid = {first} RETURNING 1")  # noqa: S608
        assert gone.fetchall() == [(1,)], table.name
    found = (await compare_stores(source, target))[2]
    assert _names(found) == {table.name for table in TABLES}
    found = (await compare_stores(target, source))[2]
    assert _names(found) == {table.name for table in TABLES}


async def test_a_value_that_was_changed_is_found_in_every_column_of_every_table(copied):
    source, target, administrator = copied
    checks = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0"
    for table, check in administrator.execute(checks).fetchall():
        administrator.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    columns = {
        table.name: administrator.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND column_name <> ALL(%s) ORDER BY column_name",
            (table.name, list(table.key)),
        ).fetchall()
        for table in TABLES
    }
    for turn in range(max(map(len, columns.values()))):
        changed = {table: names[turn] for table, names in columns.items() if turn < len(names)}
        kept = {}
        for table, (column, kind) in changed.items():
            row = f"ctid = (SELECT min(ctid) FROM {table})"  # noqa: S608 - our own words
            other = f"coalesce(t.{column}, '') || 'x'" if kind == "text" else f"coalesce(t.{column}, 0) + 1"
            change = (
                f"WITH was AS (SELECT ctid AS place_, {column} AS value_ FROM {table} WHERE {row})"  # noqa: S608 - our own words
                f" UPDATE {table} t SET {column} = {other} FROM was WHERE t.ctid = was.place_ RETURNING t.ctid, value_"
            )
            kept[table] = administrator.execute(change).fetchone()
        assert _names((await compare_stores(source, target))[2]) == set(changed)
        for table, (at, value) in kept.items():
            undo = f"UPDATE {table} SET {changed[table][0]} = %s WHERE ctid = %s"  # noqa: S608 - our own words
            administrator.execute(undo, (value, at))
    assert (await compare_stores(source, target))[2] == []
