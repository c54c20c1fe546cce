"""The store: bulk import, and search, paging and look-up in a million messages.

Each figure is a ratio to SQLite itself doing the same in the same run. Sizes other than those of the bounds:
``python -m tests.benchmarks.bench_store IMPORTED STORED``.
"""

from __future__ import annotations

import compileall
import multiprocessing
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Final, Self, overload

import anyio
from tests.benchmarks.figures import show
from tests.benchmarks.search_kinds import fill_conversations, resolving, search_kinds, timed

import dragoman
import dragoman_server
from dragoman.core.model import Author, Conversation, Message, Reaction
from dragoman.core.names import author_key
from dragoman.providers.base.provider import MessageQuery, SearchQuery
from dragoman.providers.local import BATCH, LocalProvider, LocalSettings
from dragoman.store import Store, open_store
from dragoman.store.sql.cache import ReadCache
from dragoman.store.sql.connection import Value
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.rows import index_row
from dragoman.store.sqlite import locks, open_file
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import INSERT

ROOM: Final = Conversation(id="room", title="Room")
PEOPLE: Final = 23_000
PAGES_DEEP: Final = 10_000
START: Final = datetime(2020, 1, 1, tzinfo=UTC)
ROWS: Final = "INSERT INTO local_messages VALUES(?,?,?,?,?,?,?,?,?)"
INDEX: Final = INSERT.replace("$", "local_")


class Chat(Sequence[Message]):
    """So many messages of a lively chat, made when they are asked for and the same each time."""

    def __init__(self, size: int, people: int = 200) -> None:
        chance = random.Random(2)
        self._size = size
        letters = "etaoinshrdlucmfwypvbgk"
        self.words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(30_000)]
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(len(self.words))))
        self._people = [Author(name=f"Person {n}", id=f"U{n:05}") for n in range(people)]

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Message: ...
    @overload
    def __getitem__(self, at: slice) -> list[Message]: ...
    def __getitem__(self, at: int | slice) -> Message | list[Message]:
        if isinstance(at, slice):
            return [self._message(n) for n in range(*at.indices(self._size))]
        return self._message(at)

    def __iter__(self) -> Iterator[Message]:
        return map(self._message, range(self._size))

    def _message(self, n: int) -> Message:
        chance = random.Random(n)
        text = " ".join(chance.choices(self.words, cum_weights=self._weights, k=chance.randint(3, 20)))
        kind = n % 100
        if kind < 6:
            text += f" build_{n} is v2.{n % 10}"
        elif kind < 12:
            text = f"{text.capitalize()} \u2013 voilà, naïve café"
        elif kind < 14:
            text += " 東京都へ行きます"
        elif kind < 20:
            text += " but it's S_n and we don't"
        return Message(
            id=f"m{n:07}",
            conversation="room",
            author=self._people[int(len(self._people) * chance.random() ** 3)],
            sent_at=START + timedelta(seconds=n * 20),
            text=text,
            reply_to=f"m{n - 3:07}" if n % 5 == 4 else None,
            reactions=(Reaction(emoji="👍", count=2, by=("Ann", "Bob")),) if n % 20 == 0 else (),
        )


def main(imported: int = 200_000, stored: int = 1_000_000) -> int:
    """Print every figure; 1 when a bound is missed."""
    with tempfile.TemporaryDirectory() as folder:
        held = [
            # First: a process is told the peak of the one that started it as its own.
            memory_is_flat(Path(folder), imported),
            anyio.run(importing, Path(folder), imported),
            anyio.run(reading, Path(folder) / "large.db", stored),
        ]
    return int(not all(held))


async def importing(folder: Path, size: int) -> bool:
    """The rate of imports beside that of ``executemany`` alone; the median of three runs."""
    messages = Chat(size)[:]
    runs = [await side_by_side(folder / f"bare{turn}.db", folder / f"ours{turn}.db", messages) for turn in range(3)]
    rate = f"import of {size:,}, {size / min(ours for _, ours in runs):,.0f} a second, to executemany"
    return show(rate, statistics.median(bare / ours for bare, ours in runs), 0.5, at_least=True)


async def side_by_side(bare_path: Path, path: Path, messages: Sequence[Message]) -> tuple[float, float]:
    """Seconds of ``executemany``, in one transaction and with its rows made before, and of imports.

    In turn after every few thousand messages: the speed of a machine that is shared changes within a second.
    """
    bare = ours = 0.0
    async with Bare.at(bare_path, messages) as rows_of, LocalProvider.open(LocalSettings(path=path)) as local:
        for start in range(0, len(messages), BATCH):
            part = slice(start, start + BATCH)
            bare += await timed(partial(rows_of.insert, part))
            ours += await timed(partial(local.import_conversation, ROOM, messages[part]))
        bare += await timed(rows_of.commit)
    return bare, ours


class Bare:
    """A file of ours into which ``executemany`` writes rows that are made already."""

    def __init__(self, con: Connection, messages: Sequence[Message]) -> None:
        authors = {author: n for n, author in enumerate(dict.fromkeys(m.author for m in messages), 1)}
        self._con = con
        self._table, self._index = list[tuple[Value, ...]](), list[tuple[int, str, str, str]]()
        for n, m in enumerate(messages, 1):
            row = rows.to_row(m)
            self._table.append((n, 1, m.id, 1, row.time_us, authors[m.author], row.reply_to, row.text, row.data))
            self._index.append(index_row(m, n))
        con.execute("INSERT INTO local_places(account, id) VALUES('', 'room')")
        con.executemany(
            "INSERT INTO local_authors(data, names) VALUES(?, ?)",
            [(rows.author_json(a), author_key(a)) for a in authors],
        )
        con.execute("BEGIN IMMEDIATE")

    @classmethod
    @asynccontextmanager
    async def at(cls, path: Path, messages: Sequence[Message]) -> AsyncGenerator[Self]:
        con = open_file.open_first(path, MIGRATIONS, locks.PATIENCE)
        try:
            yield cls(con, messages)
        finally:
            con.close()

    async def insert(self, part: slice) -> None:
        self._con.executemany(ROWS, self._table[part])
        self._con.executemany(INDEX, self._index[part])

    async def commit(self) -> None:
        self._con.execute("COMMIT")


async def import_all(path: Path, messages: Sequence[Message]) -> None:
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        await local.import_conversation(ROOM, messages)


def memory_is_flat(folder: Path, size: int) -> bool:
    """The most memory that an import takes beside that of one a tenth as large."""
    peaks = []
    for part in (size // 10, size):
        receiving, sending = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("spawn").Process(target=peak, args=(sending, folder / f"{part}.db", part))
        child.start()
        peaks.append(receiving.recv())
        child.join()
    return show(f"memory of importing {size:,} to that of {size // 10:,}", peaks[1] / peaks[0], 1.25)


def peak(sending: multiprocessing.connection.Connection, path: Path, size: int) -> None:
    anyio.run(import_all, path, Chat(size))
    sending.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


async def reading(path: Path, size: int) -> bool:
    """Search, paging and look-up in a large file."""
    chat = Chat(size, PEOPLE)
    async with (
        LocalProvider.open(LocalSettings(path=path)) as local,
        open_store(path) as store,
        Database.at(path) as file,
    ):
        await local.import_conversation(ROOM, chat)
        for start in range(0, size, 2000):
            await store.messages.number(chat[start : start + 2000], "numbers")
        await fill_conversations(file)
        held = [
            await searching(local, file, chat),
            await search_kinds(local, file, chat.words, forget),
            await resolving(file),
            await paging(local, chat),
            await looking_up(local, store, size),
        ]
    return all([*held, from_a_shell(path, chat)])


def from_a_shell(path: Path, chat: Chat) -> bool:
    """``dragoman search`` in a process of its own, beside one that does nothing."""
    folder = path.parent / "shell"
    folder.mkdir()
    path.rename(folder / "dragoman.db")
    environment = os.environ | {"DRAGOMAN_DATA": str(folder), "XDG_CONFIG_HOME": str(folder)}
    nothing, ours = [sys.executable, "-c", "pass"], [str(Path(sys.executable).with_name("dragoman")), "search"]
    for package in (dragoman, dragoman_server):  # as an installed package is
        compileall.compile_dir(Path(package.__file__ or "").parent, quiet=1)
    ratios = []
    for rank in (200, 300, 500, 700, 1000, 1500, 2000):
        seconds_of([*ours, chat.words[rank]], environment)  # gives the hits their numbers
        ratios += [
            seconds_of([*ours, chat.words[rank]], environment) / seconds_of(nothing, environment) for _ in range(5)
        ]
    return show(f"search in {len(chat):,} from a shell, to an empty process", statistics.median(ratios), 5)


def seconds_of(command: list[str], environment: Mapping[str, str]) -> float:
    """How long a process takes, from its start to its end."""
    began = time.perf_counter()
    subprocess.run(command, cwd=environment["DRAGOMAN_DATA"], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


async def searching(local: LocalProvider, file: Database, chat: Chat) -> bool:
    ours, bare = [], []
    for rank in (5, 10, 20, 50, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000):
        word = chat.words[rank]

        def query(con: Connection, word: str = word) -> None:
            statement = "SELECT rowid FROM local_index WHERE local_index MATCH ? ORDER BY rank LIMIT 20"
            list(con.execute(statement, (f'"{word}"',)))

        for _ in range(5):
            bare.append(await timed(partial(file.read, query)))
            forget(local)
            ours.append(await timed(partial(local.search_messages, SearchQuery(text=word))))
    name = f"search in {len(chat):,}, {1000 * statistics.median(ours):.1f} ms, to the bare query"
    return show(name, statistics.median(ours) / statistics.median(bare), 1.5)


async def paging(local: LocalProvider, chat: Chat) -> bool:
    query = MessageQuery(limit=50)
    deep = max(len(chat) - PAGES_DEEP * query.limit, query.limit)
    cursor = local.cursor_after(chat[deep], query)
    first, later = [], []
    for _ in range(100):
        forget(local)
        first.append(await timed(lambda: local.list_messages("room", query)))
        later.append(await timed(lambda: local.list_messages("room", MessageQuery(limit=50, cursor=cursor))))
    pages = (len(chat) - deep) // query.limit
    return show(f"page {pages:,} to page 1", statistics.median(later) / statistics.median(first), 1.2)


async def looking_up(local: LocalProvider, store: Store, size: int) -> bool:
    chance = random.Random(1)

    async def look() -> None:
        forget(local)
        found = await store.messages.locate(chance.randint(1, size))
        if found is not None:
            await local.get_message(found[1], found[2])

    taken = [await timed(look) for _ in range(300)]
    return show("message by its number", 1000 * statistics.median(taken), 1.0, unit="ms")


def forget(local: LocalProvider) -> None:
    """Have the next read ask the file, as the first one does."""
    local._store._cache = ReadCache()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
