"""What people search for, kind by kind, beside SQLite alone in the same file."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from tests.benchmarks.figures import show

from dragoman.accounts.workspace import Workspace
from dragoman.core.model import Conversation
from dragoman.core.queries import Filter, MessageQuery, SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store.sql.messages import conversations
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.tables import SqliteTables
from dragoman.toolset.addressing.resolve import resolve_conversation
from dragoman.toolset.addressing.titles import TitleCache

TABLE = MessageTable(SqliteTables("local"))

CONVERSATIONS: Final = 50_000
FLOOR: Final = 0.0025  # seconds: twice as long is too short to be felt
START: Final = datetime(2020, 1, 1, tzinfo=UTC)
RANKED: Final = "SELECT rowid FROM local_index WHERE local_index MATCH ? ORDER BY rank LIMIT 20"

Forget = Callable[[LocalProvider], None]


async def fill_conversations(file: Database) -> None:
    """Have many conversations beside the one with the messages."""
    made = [
        Conversation(id=f"c{n}", title=f"Team {n} - {n * 7919 % 997} café", last_message_at=START + timedelta(hours=n))
        for n in range(CONVERSATIONS)
    ]
    await file.write(lambda con: conversations.save(con, TABLE.tables, made))


async def search_kinds(local: LocalProvider, file: Database, words: list[str], forget: Forget) -> bool:
    """Each kind of search: the median over several words, to twice the bare query and at least five milliseconds."""
    common, rare = words[20:60:10], words[200:2000:450]
    pairs = list(zip(common, rare, strict=True))
    someone = [(SearchQuery(text=f"{a} {b}", author="U00123"), f"{a} AND {b}") for a, b in pairs]
    tails = (("don't", "don t"), ("S_n", "s n"), ("it's", "it s"))
    many = ("12", "U001", "person 1")
    unknown = ("zzyzx", "qqwxyz", "xkcdvbnm", "wrxtzk")
    kinds = {
        "two words": [(SearchQuery(text=f"{a} {b}"), f"{a} AND {b}") for a, b in pairs],
        "two words of an author": someone,
        "a common word of an author": [(SearchQuery(text=a, author="U00123"), a) for a in common],
        "two words of many people": [
            (SearchQuery(text=f"{a} {b}", author=part), f"{a} AND {b}") for a, b in pairs for part in many
        ],
        "a common word in a conversation": [(SearchQuery(text=a, conversation="room"), a) for a in common],
        "two words in a conversation": [
            (SearchQuery(text=f"{a} {b}", conversation="room"), f"{a} AND {b}") for a, b in pairs
        ],
        "a word, not of an author": [
            (SearchQuery(text=a, filters=(Filter("from", "U00123", negated=True),)), a) for a in rare
        ],
        "a phrase": [(SearchQuery(text=f'"{a} {b}"'), f'"{a} {b}"') for a, b in pairs],
        "a one-letter tail": [(SearchQuery(text=text), f'"{bare}"') for text, bare in tails],
        "nothing found": [(SearchQuery(text=word), f'"{word}"') for word in unknown],
        "either of two words": [(SearchQuery(text=f"{a} OR {b}"), f"{a} OR {b}") for a, b in pairs],
        "a label alone": [(SearchQuery(text="", filters=(Filter("label", "red"),)), '"zzyzx"')],
        "many people alone": [(SearchQuery(text="", author=part), '"zzyzx"') for part in many],
        "an author alone": [(SearchQuery(text="", author=f"U{n:05}"), '"zzyzx"') for n in (77, 1234, 5)],
    }
    held = [await _kind(name, local, file, forget, queries) for name, queries in kinds.items()]
    held.append(await _listed(local, forget))
    return all(held)


async def resolving(file: Database) -> bool:
    """A title among all conversations, as the tools look it up."""
    taken = []
    async with Workspace.open({"local": LocalSettings(path=file.path)}, file.path) as workspace:
        for n in range(0, CONVERSATIONS, CONVERSATIONS // 20):
            title = f"#team {n} - {n * 7919 % 997} cafe"
            TitleCache.clear(workspace)
            taken.append(await busy(partial(resolve_conversation, workspace, title)))
    return _show(f"a title of {CONVERSATIONS:,}", statistics.median(taken), 0)


async def _kind(
    name: str, local: LocalProvider, file: Database, forget: Forget, queries: list[tuple[SearchQuery, str]]
) -> bool:
    ours, bare = [], []
    for query, expression in queries:
        for _ in range(5):
            bare.append(await busy(partial(file.read, partial(_bare, expression=expression))))
            forget(local)
            ours.append(await busy(partial(local.search_messages, query)))
    return _show(f"search: {name}", statistics.median(ours), statistics.median(bare))


async def _listed(local: LocalProvider, forget: Forget) -> bool:
    taken = []
    for n in (77, 1234, 5, 12_345):
        for _ in range(5):
            forget(local)
            query = MessageQuery(author=f"U{n:05}", limit=50)
            taken.append(await busy(partial(local.list_messages, "room", query)))
    return _show("list: an author", statistics.median(taken), 0)


def _bare(con: Connection, expression: str) -> None:
    list(con.execute(RANKED, (expression,)))


def _show(name: str, ours: float, bare: float) -> bool:
    return show(f"{name}, {1000 * ours:.1f} ms, to bare {1000 * bare:.1f} ms", ours / max(bare, FLOOR), 2)


async def busy(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds for which a piece of work keeps a processor busy, in whichever thread: waiting for others is left out."""
    began = time.process_time()
    await work()
    return time.process_time() - began


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds that a piece of work takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began
