"""Archives: the rate of imports beside ``executemany``, and imports of what is known.

Each archive is made by the benchmark. ``main`` takes how many messages each has, and which formats.

Rates are messages for each second: the time of an import from the opened archive to the last commit, beside that of
writing the same rows and index terms, made before, into the same tables. A small archive of the same format is
imported first, so that neither side compiles modules and patterns within its time. Both sides run in turns, each pair
gives a ratio, and the median counts: one run that the machine slows down or speeds up does not decide.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median
from typing import Any, Final

import anyio
from tests.benchmarks.archive_forms import FORMS, make_texts
from tests.benchmarks.figures import show

from dragoman.archives import Notes, ReadOptions
from dragoman.archives.recognition import recognition
from dragoman.archives.registry import all_formats
from dragoman.archives.sources import open_path
from dragoman.core.model import Message
from dragoman.core.names import author_key
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.rows import index_row
from dragoman.store.sqlite.locks import PATIENCE
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import INSERT
from dragoman_server.commands.import_files import BATCH, ImportRequest, load
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

ROWS: Final = "INSERT INTO local_messages VALUES(?,?,?,?,?,?,?,?,?)"
INDEX: Final = INSERT.replace("$", "local_")
_SMALL: Final = 20
_TURNS: Final = 5
LEAST: Final = {"mbox": 0.3, "maildir": 0.22, "whatsapp": 0.35, "irc": 0.4, "imessage": 0.35}
"""The least rate beside ``executemany``, where it is not that of JSON: what takes longer to read than to store."""


def main(size: int = 200_000, *forms: str) -> int:
    """Print every figure; 1 when a bound is missed."""
    held: list[bool] = []
    with tempfile.TemporaryDirectory() as name:
        for form in forms or FORMS:
            path = Path(name, form, "archive")
            small = path.parent / "small" / path.name
            small.parent.mkdir(parents=True)
            FORMS[form](path, make_texts(size))
            FORMS[form](small, make_texts(_SMALL))
            held += _figures(path.parent, form, path, LEAST.get(form, 0.5))
            shutil.rmtree(path.parent)
    return int(not all(held))


def _figures(folder: Path, form: str, path: Path, least: float) -> list[bool]:
    rates: list[float] = []
    second: list[float] = []
    messages = 0
    with _beside(_write_bare, path) as write_bare:
        for turn in range(_TURNS):
            stores = folder / f"{turn}"
            stores.mkdir()
            first, again, messages = in_own_process(_measure, stores, path)
            os.sync()
            rates.append(write_bare(stores / "bare.db") / first)
            second.append(again / first)
            shutil.rmtree(stores)
    size = f"{messages:,}, {size_of(path) >> 20} MiB"
    return [
        show(f"import of {form} ({size}), to executemany", median(rates), least, at_least=True),
        show(f"second import of {form} to the first", median(second), 0.1),
    ]


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.rglob("*"))


def in_own_process(work: Callable[[Path, Path], Any], store: Path, archive: Path) -> Any:
    """What ``work`` gives in a process of its own. This one stays small, for a child is told its parent's peak."""
    os.sync()  # or this would wait for the disk to take what was written before
    receiving, sending = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=_send, args=(sending, work, store, archive))
    child.start()
    found = receiving.recv()
    child.join()
    return found


def _send(sending: Pipe, work: Callable[[Path, Path], Any], store: Path, archive: Path) -> None:
    sending.send(work(store, archive))


@contextmanager
def _beside(work: Callable[[Path], Callable[[Path], float]], archive: Path) -> Generator[Callable[[Path], float]]:
    """A process that prepares something of an archive, and does it each time that it is called."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, work, archive))
    child.start()

    def call(path: Path) -> float:
        ours.send(path)
        return ours.recv()

    try:
        ours.recv()  # it is ready
        yield call
    finally:
        ours.send(None)
        child.join()


def _serve(pipe: Pipe, work: Callable[[Path], Callable[[Path], float]], archive: Path) -> None:
    act = work(archive)
    pipe.send(None)
    for path in iter(pipe.recv, None):
        pipe.send(act(path))


def _measure(folder: Path, path: Path) -> tuple[float, float, int]:
    for store, archive in ((folder / "first", path.parent / "small" / path.name), (folder / "store", path)):
        store.mkdir()
        figures = anyio.run(_import_twice, store, archive)
    return figures


async def _import_twice(folder: Path, path: Path) -> tuple[float, float, int]:
    """Seconds of the first and the second import, and how many messages were new."""
    settings = {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(folder / "notes.db")}}}
    seconds: list[float] = []
    new: list[int] = []
    async with tool_context.open_services(from_mapping(settings, data=folder)) as shared:
        for _ in range(2):
            started = time.monotonic()
            report = await load(shared, ImportRequest(paths=(path,)))
            seconds.append(time.monotonic() - started)
            new.append(report.counts.new)
    if new[1]:
        raise AssertionError("the second import found something new")
    return seconds[0], seconds[1], new[0]


def _write_bare(archive: Path) -> Callable[[Path], float]:
    """Make the rows of an archive; what is given writes them with ``executemany``, and tells the seconds."""
    messages = _messages(archive)
    authors = {author: n for n, author in enumerate(dict.fromkeys(m.author for m in messages), 1)}
    places = {id_: n for n, id_ in enumerate(dict.fromkeys(m.conversation for m in messages), 1)}
    table = []
    index = []
    for n, m in enumerate(messages, 1):
        row, place, author = rows.to_row(m), places[m.conversation], authors[m.author]
        table.append((n, place, m.id, 1, row.time_us, author, row.reply_to, row.text, row.data))
        index.append(index_row(m, n))
    names = [(rows.author_json(a), author_key(a)) for a in authors]
    return partial(_executemany, ([(id_,) for id_ in places], names, table, index))


def _executemany(made: tuple[list[Any], list[Any], list[Any], list[Any]], path: Path) -> float:
    """Seconds of writing rows with ``executemany``, in transactions as large as those of an import."""
    places, names, table, index = made
    con = open_first(path, MIGRATIONS, PATIENCE)
    started = time.monotonic()
    con.executemany("INSERT INTO local_places(account, id) VALUES('', ?)", places)
    con.executemany("INSERT INTO local_authors(data, names) VALUES(?, ?)", names)
    for start in range(0, len(table), BATCH):
        con.execute("BEGIN IMMEDIATE")
        con.executemany(ROWS, table[start : start + BATCH])
        con.executemany(INDEX, index[start : start + BATCH])
        con.execute("COMMIT")
    seconds = time.monotonic() - started
    con.close()
    return seconds


def _messages(archive: Path) -> list[Message]:
    notes = Notes()
    with recognition(all_formats(), notes) as found:
        found.add(open_path(archive, notes, found.progress))
        (result,) = found.results()
        return [item for item in result.format.read(result.source, ReadOptions()) if isinstance(item, Message)]
