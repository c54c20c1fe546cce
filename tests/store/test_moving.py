"""A store is moved between a file and PostgreSQL, and is the same afterwards."""

from dataclasses import replace
from functools import partial

import pytest
from store_contract import ONE_CALL
from store_contract_messages import START, found, message
from store_contract_writes import INTENT, LINE

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Attachment, Conversation, Edit
from dragoman.core.queries import SearchQuery
from dragoman.core.rate_budget import Rate
from dragoman.store import open_conversations, open_store
from dragoman.store.conversations import PageQuery
from dragoman.store.moving import _side, compare_stores, copy_store
from dragoman.store.sql.copying.side import OWN_TABLES, TABLES

pytestmark = pytest.mark.anyio

ODD = "odd \ud800 and \0 and \U0010fffe and 'quotes' \\ %s ? 東京"


def quiet(_table, _rows):
    """Progress that nobody looks at."""


async def fill(place):
    """Put something into every table; the cursor and the confirmation that were given."""
    async with open_store(place) as store:
        many = [message(str(n), f"text {n} {ODD if n % 7 == 0 else ''}", reply_to=str(n // 2)) for n in range(1, 2500)]
        await store.messages.number(many)
        await store.messages.number(
            [
                message("gone", "regrettable", deleted_at=START),
                message("edited", ODD, edited_at=START, history=(Edit(text="before"),), labels=("Wichtig",)),
                message(ODD, "file", conversation=ODD, attachments=(Attachment(name="plan.pdf"),)),
            ]
        )
        await store.messages.remember_conversations([Conversation(id="room", account="acc", title=ODD)])
        cursor = await store.cursors.save({"odd": ODD})
        await store.cursors.save_position(("ann", ODD), "", {"at": 1})
        entry = await store.writes.begin(INTENT)
        await store.writes.finish(entry.id, "done", "m1")
        await store.writes.begin(replace(INTENT, key=ODD, principal=ODD))
        token = await store.confirmations.offer("digest")
        await store.exposures.record(("", "c"), [("acc", ODD)])
        await store.audit.record(replace(LINE, message=ODD))
        await store.usage.add([ONE_CALL])
        await store.rate_budgets.take("bucket", 1, Rate(1.0, 5))
        await store.sync.take_lease("acc", "me")
    async with open_conversations(place) as conversations:

        def write(tables):
            tables.describe(Conversation(id="local room", title="Local"))
            tables.put("local room", [message(ODD, "a crane", account="", conversation="local room")])
            tables.record_change("local room", ODD)
            tables.record_import("digest", ODD, ["local room"])

        await conversations.write(write)
    return cursor, token


async def listed(place):
    """What lists and searches tell."""
    async with open_store(place) as store, open_conversations(place) as conversations:

        def read(tables):
            return tables.page(tables.find("local room"), PageQuery()), tables.find_import("digest")

        return [
            await store.messages.conversations(),
            await found(store, "text", limit=200),
            await found(store, '"and 東京"', limit=200),
            await found(store, "plan.pdf"),
            (await store.messages.search("acc", SearchQuery(text="label"))).items,
            await store.writes.pending(),
            await store.audit.read(),
            await store.usage.read(1),
            await store.exposures.list(("", "c")),
            await store.cursors.load_position(("ann", ODD), ""),
            await conversations.read(None, read),
        ]


@pytest.fixture(params=["to the database", "to a file"])
def places(request, tmp_path, postgres_address):
    """Where a store is, and where it shall be."""
    both = (tmp_path / "one.db", postgres_address)
    return both if request.param == "to the database" else both[::-1]


async def test_everything_is_the_same_afterwards(places, tmp_path):
    source, target = places
    cursor, token = await fill(source)
    before = await listed(source)
    names = await copy_store(source, target, quiet)
    assert names[2] > 2500
    assert (await compare_stores(source, target))[2] == []
    assert await listed(target) == before
    async with open_store(target) as store:
        assert await store.cursors.load(cursor) == {"odd": ODD}
        assert await store.confirmations.redeem(token, "digest")
        (last, fresh) = await store.messages.number([message("2499", "text 2499 "), message("fresh")])
        assert fresh.number == last.number + 4
        assert await store.cursors.save({"other": 1}) != cursor
        assert (await store.writes.begin(replace(INTENT, key="new"))).id == 3
    found_differences = (await compare_stores(source, target))[2]
    assert any(line.startswith("seen_messages") for line in found_differences)


async def test_a_copy_that_was_cut_off_goes_on(places):
    source, target = places
    await fill(source)
    steps = 0

    def cut(table, rows):
        nonlocal steps
        if table == "seen_messages" and rows >= 2000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await copy_store(source, target, cut)

    def count(table, rows):
        nonlocal steps
        steps += 1
        if table == "seen_messages":
            assert rows > 2000

    await copy_store(source, target, count)
    assert (await compare_stores(source, target))[2] == []
    assert await listed(target) == await listed(source)


async def test_a_store_with_something_in_it_is_not_written_over(places):
    source, target = places
    await fill(source)
    async with open_store(target) as store:
        await store.messages.number([message("mine")])
    with pytest.raises(Conflict, match="not empty"):
        await copy_store(source, target, quiet)


async def _copy_a_part(source, target):
    def cut(table, rows):
        if table == "seen_messages" and rows >= 2000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await copy_store(source, target, cut)


async def test_a_part_of_another_store_is_not_gone_on_with(places, tmp_path):
    source, target = places
    await fill(source)
    await _copy_a_part(source, target)
    await fill(tmp_path / "other.db")
    with pytest.raises(Conflict, match="a part of another store"):
        await copy_store(tmp_path / "other.db", target, quiet)
    await copy_store(source, target, quiet)
    assert (await compare_stores(source, target))[2] == []


async def test_a_part_that_was_written_to_meanwhile_is_not_gone_on_with(places):
    source, target = places
    await fill(source)
    await _copy_a_part(source, target)
    async with open_store(target) as store:
        await store.messages.remember_conversations([Conversation(id="mine", account="acc", title="Mine")])
    with pytest.raises(Conflict, match="rows that are not those of"):
        await copy_store(source, target, quiet)


@pytest.mark.parametrize("table", ["audit", "offers", "exposures", "sync_leases"])
async def test_nothing_that_a_target_holds_is_written_over(places, table):
    source, target = places
    await fill(source)
    async with open_store(target) as store:
        if table == "audit":
            await store.audit.record(LINE)
        elif table == "offers":
            await store.confirmations.offer("digest")
        elif table == "exposures":
            await store.exposures.record(("", "c"), [("acc", "room")])
        else:
            await store.sync.take_lease("other", "me")
    with pytest.raises(Conflict, match="not empty"):
        await copy_store(source, target, quiet)


async def test_a_store_is_not_copied_to_itself(postgres_address):
    with pytest.raises(InvalidArgument, match="itself"):
        await copy_store(postgres_address, postgres_address, quiet)


async def test_no_table_and_no_column_is_forgotten(tmp_path, postgres_address):
    async with _side(tmp_path / "one.db") as file, _side(postgres_address) as database:
        expected = {table.name for table in TABLES} | OWN_TABLES
        for side in (file, database):
            assert await side.read(side.tables) | OWN_TABLES == expected
        for table in TABLES:
            columns = [await side.read(partial(side.columns, table=table.name)) for side in (file, database)]
            assert columns[0] == columns[1], table.name
