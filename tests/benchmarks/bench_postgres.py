"""The store in PostgreSQL beside bare statements through its driver."""

from __future__ import annotations

import random
import re
import statistics
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import psycopg
from tests.benchmarks.bench_store import PEOPLE, ROOM, Chat, forget, paging, timed
from tests.benchmarks.figures import show

from dragoman.core.model import Message
from dragoman.core.names import author_key
from dragoman.core.queries import SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store
from dragoman.store.postgres.connection import PostgresConnection
from dragoman.store.postgres.database import Database
from dragoman.store.postgres.driver import DriverConnection
from dragoman.store.postgres.index_entry import entry_of
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.rows import index_row
from dragoman.testing import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

BATCH: Final = 10_000
SHOWN: Final = 20
SENT_AT: Final = "2026-03-10T09:00:00Z"
WORDS: Final = (5, 10, 20, 50, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000)
RAW: Final = (
    "SELECT m.number, p.id, m.id, m.moment, a.data, m.reply_to, m.text, m.data"
    " FROM (SELECT rowid, ts_rank(lexemes, '{0}') AS rank FROM local_index WHERE lexemes @@ '{0}'"
    " ORDER BY rank DESC LIMIT 20) best JOIN local_messages m ON m.number = best.rowid"
    " JOIN local_places p USING(place) JOIN local_authors a USING(author) ORDER BY best.rank DESC"
)
"""The messages of the 20 best hits, as a program would ask for them that does nothing else."""


def main(imported: int = 100_000, stored: int = 1_000_000) -> int:
    """Print every figure; 1 when a bound is missed."""
    import postgres

    reason = postgres.why_not()
    if reason:
        sys.stdout.write(f"{reason}\n")
        return 0
    with postgres.postgres(settings="shared_buffers = 512MB\n") as server:
        held = [
            anyio.run(importing, server, imported),
            anyio.run(reading, server.new_database(), stored),
            anyio.run(waiting, server),
        ]
    return int(not all(held))


async def importing(server: Any, size: int) -> bool:
    """The rate of imports beside that of COPY into the same tables with the same index, in turns."""
    messages = Chat(size)[:]
    bare = ours = 0.0
    first, second = server.new_database(), server.new_database()
    async with Database.at(first):
        raw = Bare(first, messages)
    settings = LocalSettings().in_store(second)
    async with LocalProvider.open(settings) as local:
        for start in range(0, size, BATCH):
            part = slice(start, start + BATCH)
            bare += await timed(partial(raw.insert, part))
            ours += await timed(partial(local.import_conversation, ROOM, messages[part]))
    bare += await timed(raw.complete)
    raw.close()
    return show(f"import of {size:,}, {size / ours:,.0f} a second, to COPY", bare / ours, 0.5, at_least=True)


async def waiting(server: Any) -> bool:
    """How often a call of the tool waits for the database, at most, on a server that has not shown the message."""
    from postgres_wire import PostgresWire

    address = server.new_database()
    wire = PostgresWire(server.port)
    most = 0
    async with connect({"store": address}) as other, connect({"store": wire.address(address)}) as fresh:
        await fresh.call("list_conversations")
        for number in range(SHOWN):
            said = {"conversation": f"local:room{number}", "text": "hello", "author": "Ann", "sent_at": SENT_AT}
            given = re.search(r"^(\d+) ", await other.call("import_message", **said), re.MULTILINE)
            assert given
            for _ in range(2):
                with wire.counting() as trips:
                    await fresh.call("get_message", message=given[1])
                most = max(most, trips.count)
    wire.close()
    return show("round trips of get_message by number, at most", most, 2.0, unit="")


class Bare:
    """Tables of ours into which COPY writes rows that are made already."""

    def __init__(self, address: str, messages: Sequence[Message]) -> None:
        authors = {author: n for n, author in enumerate(dict.fromkeys(m.author for m in messages), 1)}
        self._connection = DriverConnection.connect(address)
        con = PostgresConnection(self._connection)
        self._copy = con.copy
        self._rows, self._index = [], []
        for n, m in enumerate(messages, 1):
            row = rows.to_row(m)
            self._rows.append((n, 1, m.id, 1, row.time_us, authors[m.author], row.reply_to, row.text, row.data))
            entry = entry_of(index_row(m, n))
            self._index.append((n, entry.size, entry.is_long, entry.vector))
        self._connection.execute("INSERT INTO local_places(place, account, id) VALUES(1, '', 'room')")
        con.copy(
            "local_authors",
            "author, data, names",
            [(n, rows.author_json(a), author_key(a)) for a, n in authors.items()],
        )

    async def insert(self, part: slice) -> None:
        """Copy a part, in one transaction."""
        await anyio.to_thread.run_sync(self._insert, part)

    def _insert(self, part: slice) -> None:
        columns = "number, place, id, live, moment, author, reply_to, text, data"
        self._copy("local_messages", columns, self._rows[part])
        self._copy("local_index", "rowid, size, is_long, lexemes", self._index[part])
        self._connection.commit()

    async def complete(self) -> None:
        """Put what is new into the index, as ours does."""
        statement = "SELECT gin_clean_pending_list('local_index_lexemes')"
        await anyio.to_thread.run_sync(self._connection.execute, statement)
        self._connection.commit()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


async def reading(address: str, size: int) -> bool:
    """Search, paging and look-up in a large store."""
    chat = Chat(size, PEOPLE)
    async with LocalProvider.open(LocalSettings().in_store(address)) as local, open_store(address) as store:
        await local.import_conversation(ROOM, chat)
        await local._optimize()
        for start in range(0, size, 5000):
            await store.messages.number(chat[start : start + 5000], "numbers")
        with psycopg.connect(address, autocommit=True) as bare:
            held = [await searching(local, bare, chat), await paging(local, chat)]
        chance = random.Random(1)
        taken = [await timed(lambda: store.messages.locate(chance.randint(1, size))) for _ in range(300)]
        held.append(show("address of a message by its number", 1000 * statistics.median(taken), 5.0, unit="ms"))
    return all(held)


async def searching(local: LocalProvider, bare: psycopg.Connection[Any], chat: Chat) -> bool:
    """The first 20 hits of frequent and rare words, beside the bare query."""
    ours, raw = [], []
    for rank in WORDS:
        word = chat.words[rank]
        for _ in range(5):
            raw.append(await timed(partial(anyio.to_thread.run_sync, lambda w=word: list(bare.execute(RAW.format(w))))))
            forget(local)
            ours.append(await timed(partial(local.search_messages, SearchQuery(text=word))))
    name = f"search in {len(chat):,}, {1000 * statistics.median(ours):.1f} ms, to the bare query"
    return show(name, statistics.median(ours) / statistics.median(raw), 1.5)
