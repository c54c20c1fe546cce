"""A connection to PostgreSQL that breaks at every piece of traffic of every kind of write, one after the other."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from fault_proxy import Fault, FaultProxy
from store_contract_leases import lease_of
from store_contract_messages import message
from store_contract_writes import INTENT, LINE

from dragoman.core.errors import Unavailable
from dragoman.core.model import Conversation
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import UsageCount, open_store
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import AccountSync, ConversationSync, SyncStep

pytestmark = pytest.mark.anyio

KINDS = ["cut", "half", "lose"]
"""Before, within and after a piece; the server then goes on without anybody who listens."""

USED = UsageCount(tool="list_messages", account="acc", outcome="ok", step=1, calls=1, ms=5, tokens=7)
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


async def _number(store, id_):
    await store.messages.number([message(f"{id_}.{n}", f"text{id_}") for n in range(3)])


async def _numbered(store, id_):
    page = await store.messages.page("acc", "room", MessageQuery(limit=200))
    found = await store.messages.search("acc", SearchQuery(text=f"text{id_}", limit=9))
    shown = {one.id for one in page.items}
    return [f"{id_}.{n}" in shown for n in range(3)] + [len(found.items) == 3]


async def _begin(store, id_):
    return await store.writes.begin(replace(INTENT, key=id_))


async def _begun(store, id_):
    return [await store.writes.find("acc", id_) is not None]


async def _finish(store, id_):
    entry = await store.writes.find("acc", f"made {id_}")
    await store.writes.finish(entry.id, "done", "m1")


async def _finished(store, id_):
    entry = await store.writes.find("acc", f"made {id_}")
    lines = [line for line in await store.audit.read() if line.conversation == f"of {id_}"]
    return [entry.state == "done", entry.message == "m1", [line.outcome for line in lines].count("done") == 1]


async def _record(store, id_):
    await store.audit.record(replace(LINE, conversation=id_))


async def _recorded(store, id_):
    return [[line.conversation for line in await store.audit.read()].count(id_) == 1]


async def _commit(store, id_):
    span = Span(BEGINNING, OPEN)
    step = SyncStep(
        messages=[message(f"{id_}.old", account="acc", conversation=id_)],
        news=[message(f"{id_}.new", account="acc", conversation=id_)],
        conversations=[Conversation(id=id_, account="acc", title=f"Title {id_}")],
        covered=[(id_, span)],
        states=[ConversationSync(id=id_, checked_at=NOW)],
        account=AccountSync(position=id_, fresh_at=NOW),
    )
    await store.sync.commit(store.lease, step)


async def _committed(store, id_):
    page = await store.messages.page("acc", id_, MessageQuery(limit=9))
    conversation = await store.messages.conversation("acc", id_)
    return [
        {one.id for one in page.items} == {f"{id_}.old", f"{id_}.new"},
        conversation is not None and conversation.title == f"Title {id_}",
        (await store.sync.coverage("acc", id_)).coverage.spans == (Span(BEGINNING, OPEN),),
        (await store.sync.account("acc")).position == id_,
    ]


async def _position(store, id_):
    await store.cursors.save_position(("me", "client"), id_, {"at": id_})


async def _positioned(store, id_):
    return [await store.cursors.load_position(("me", "client"), id_) == {"at": id_}]


async def _expose(store, id_):
    await store.exposures.record(("me", "client"), [("acc", f"{id_} one"), ("acc", f"{id_} two")])


async def _exposed(store, id_):
    places = await store.exposures.list(("me", "client"))
    return [("acc", f"{id_} {which}") in places for which in ("one", "two")]


async def _use(store, id_):
    await store.usage.add([replace(USED, tool=id_), replace(USED, tool=id_, outcome="failed")])


async def _used(store, id_):
    calls = {(one.tool, one.outcome): one.calls for one in await store.usage.read(2)}
    return [calls.get((id_, outcome)) == 1 for outcome in ("ok", "failed")]


OPERATIONS = {
    "number": (_number, _numbered),
    "begin": (_begin, _begun),
    "finish": (_finish, _finished),
    "audit": (_record, _recorded),
    "commit": (_commit, _committed),
    "position": (_position, _positioned),
    "exposure": (_expose, _exposed),
    "usage": (_use, _used),
}
IN_ONE_MESSAGE = {"exposure"}
"""What goes to the server, and is answered, in one piece."""

QUIET = {"position"}
"""What keeps nothing, without a word, while the store cannot be written."""


@contextmanager
def _through_proxy(postgres_server, postgres_address, monkeypatch):
    monkeypatch.setattr("dragoman.store.postgres.transaction._pause", lambda _attempt: None)
    proxy = FaultProxy(postgres_server.port)
    try:
        yield proxy, postgres_server.address(postgres_address.rpartition("/")[2], port=proxy.port)
    finally:
        proxy.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_write_whose_connection_breaks_anywhere_is_made_wholly_or_not_at_all(
    postgres_server, postgres_address, monkeypatch, name, kind
):
    work, look = OPERATIONS[name]
    broken = 0
    with _through_proxy(postgres_server, postgres_address, monkeypatch) as (proxy, address):
        async with open_store(address) as store, open_store(postgres_address) as direct:
            object.__setattr__(store, "lease", await lease_of(direct))
            for at in count(1):
                id_ = f"x{at}"
                entry = await store.writes.begin(replace(INTENT, key=f"made {id_}", conversation=f"of {id_}"))
                assert entry.fresh
                fault = Fault(kind, at)
                proxy.set(fault)
                try:
                    await work(store, id_)
                    outcome = "made"
                except Unavailable as error:
                    outcome = "unknown" if "outcome is unknown" in str(error) else "refused"
                proxy.set(None)
                parts = await look(direct, id_)
                assert len(set(parts)) == 1, (at, parts)
                if outcome != "unknown" and not (name in QUIET and outcome == "made" and fault.happened):
                    assert parts[0] == (outcome == "made"), (at, outcome)
                if not fault.happened:
                    break
                broken += 1
    assert broken >= (1 if name in IN_ONE_MESSAGE else 3)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cursor_whose_connection_breaks_anywhere_is_good_wherever_it_is_given(
    postgres_server, postgres_address, monkeypatch, kind
):
    with _through_proxy(postgres_server, postgres_address, monkeypatch) as (proxy, address):
        async with open_store(address) as store:
            tokens = []
            for at in count(1):
                fault = Fault(kind, at)
                proxy.set(fault)
                tokens.append(await store.cursors.save({"at": at}))
                proxy.set(None)
                assert await store.cursors.load(tokens[-1]) == {"at": at}
                if not fault.happened:
                    break
    assert len(set(tokens)) == len(tokens) > 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_confirmation_whose_connection_breaks_anywhere_is_good_at_most_once(
    postgres_server, postgres_address, monkeypatch, kind
):
    with _through_proxy(postgres_server, postgres_address, monkeypatch) as (proxy, address):
        async with open_store(address) as store:
            for at in count(1):
                token = await store.confirmations.offer("digest")
                fault = Fault(kind, at)
                proxy.set(fault)
                try:
                    first = "good" if await store.confirmations.redeem(token, "digest") else "refused"
                except Unavailable as error:
                    first = "unknown" if "outcome is unknown" in str(error) else "not tried"
                proxy.set(None)
                again = bool(await store.confirmations.redeem(token, "digest"))
                assert first != "refused"
                assert first == "unknown" or again == (first == "not tried"), (at, first)
                if not fault.happened:
                    break
    assert at > 3


@pytest.mark.parametrize("kind", KINDS)
async def test_an_import_whose_connection_breaks_anywhere_is_completed_by_the_next_one(
    postgres_server, postgres_address, monkeypatch, kind
):
    with _through_proxy(postgres_server, postgres_address, monkeypatch) as (proxy, address):
        async with LocalProvider.open(LocalSettings().in_store(address)) as local:
            for at in count(1):
                room = Conversation(id=f"room {at}")
                some = [message(f"{at}.{n}", f"word{at}", account="", conversation=room.id) for n in range(20)]
                fault = Fault(kind, at)
                proxy.set(fault)
                try:
                    new = await local.import_conversation(room, some)
                    assert new == 20
                except Unavailable:
                    assert fault.happened
                proxy.set(None)
                await local.import_conversation(room, some)
                page = await local.list_messages(room.id, MessageQuery(limit=200))
                found = await local.search_messages(SearchQuery(text=f"word{at}", limit=200))
                assert len(page.items) == page.total == len(found.items) == 20
                if not fault.happened:
                    break
    assert at > 3


@pytest.mark.parametrize("kind", KINDS)
async def test_reading_whose_connection_breaks_anywhere_is_done_again(
    postgres_server, postgres_address, monkeypatch, kind
):
    with _through_proxy(postgres_server, postgres_address, monkeypatch) as (proxy, address):
        async with open_store(address) as store:
            await _number(store, "x")
            for at in count(1):
                fault = Fault(kind, at)
                proxy.set(fault)
                found = await store.messages.search("acc", SearchQuery(text="textx", limit=9))
                assert len(found.items) == 3
                if not fault.happened:
                    break
                proxy.set(None)
    assert at > 3
