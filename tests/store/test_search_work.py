"""What is looked up by an index costs hardly more when there is four times as much; counted in SQLite's steps."""

from datetime import UTC, datetime, timedelta

import pytest

from dragoman.core.model import Author, Conversation, Message
from dragoman.core.queries import ConversationQuery, Filter, MessageQuery, SearchQuery
from dragoman.providers.local import queries
from dragoman.store.sql.messages import conversations
from dragoman.store.sql.messages.conversation_store import SqlTables
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.ranked import search
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables

TABLE = MessageTable(SqliteTables("local"))

START = datetime(2026, 1, 1, tzinfo=UTC)


def filled(size):
    """A file with so many messages of twenty authors, and as many conversations."""
    con = open_first(None, MIGRATIONS, 1)
    people = [Author(name=f"Person {n}", id=f"U{n:05}") for n in range(20)]
    messages = [
        Message(
            id=f"m{n}", conversation="room", author=people[n % 20], sent_at=START + timedelta(minutes=n),
            text=f"common word{n % 50} don't tell {'rare' if n % (size // 4) == 0 else ''}",
        )
        for n in range(size)
    ]  # fmt: skip
    with con:
        TABLE.put(con, "", "room", messages)
        named = [Conversation(id=f"c{n}", title=f"Team {n} Café") for n in range(size)]
        conversations.save(con, TABLE.tables, [Conversation(id="room", title="Room"), *named])
    return con


@pytest.fixture(scope="module")
def files():
    small, large = filled(1000), filled(4000)
    yield small, large
    small.close()
    large.close()


def narrowed(name, value):
    return SearchQuery(text="", filters=(Filter(name, value),))


def steps(con, work):
    """Tens of steps that SQLite's machine takes."""
    count = 0

    def counted():
        nonlocal count
        count += 1
        return False

    work(con)  # once before, so that statements are prepared
    con.set_progress_handler(counted, 10)
    work(con)
    con.set_progress_handler(None)
    return count


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(
            lambda con: queries.conversations(
                SqlTables(con, TABLE), ConversationQuery(text="team 77 cafe", exact=True)
            ),
            id="title",
        ),
        pytest.param(
            lambda con: queries.messages(SqlTables(con, TABLE), "room", MessageQuery(author="U00007", limit=20)),
            id="author",
        ),
        pytest.param(lambda con: search(con, TABLE, SearchQuery(text="", author="U00007"), ""), id="author alone"),
        pytest.param(lambda con: search(con, TABLE, narrowed("label", "none"), ""), id="label that nothing has"),
        pytest.param(lambda con: search(con, TABLE, narrowed("has", "link"), ""), id="link that nothing has"),
        pytest.param(lambda con: search(con, TABLE, narrowed("subject", "plan"), ""), id="subject that nothing has"),
        pytest.param(lambda con: search(con, TABLE, SearchQuery(text="zzyzx"), ""), id="nothing found"),
        pytest.param(lambda con: search(con, TABLE, SearchQuery(text="rare"), ""), id="rare word"),
        pytest.param(lambda con: search(con, TABLE, SearchQuery(text='"word7 rare"'), ""), id="phrase"),
        pytest.param(
            lambda con: queries.conversations(SqlTables(con, TABLE), ConversationQuery(limit=5)), id="first page"
        ),
    ],
)
def test_four_times_as_much_takes_hardly_more_steps(files, work):
    small, large = (steps(con, work) for con in files)
    assert large <= 1.5 * small + 50
