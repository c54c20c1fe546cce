"""A connection to PostgreSQL that is cut at each message of a tool call or a command, until one passes uncut.

It is cut before the server gets the message, and after: then the server carries it out, and nobody hears of that. What
was acknowledged is there, once; what was not can be done again, and is there once as well.
"""

import json
import re
from contextlib import asynccontextmanager
from itertools import count

import harbor
import pytest
from postgres_wire import PostgresWire
from steady_writer import require_advice

from dragoman.accounts import provider_registry
from dragoman.testing import ToolError, connect
from dragoman.testing.scripted_server import ScriptedServer

WAYS = ["before", "after"]


@pytest.fixture
def wire(postgres_server, monkeypatch):
    monkeypatch.setattr("dragoman.store.postgres.transaction._pause", lambda _attempt: None)
    proxy = PostgresWire(postgres_server.port)
    yield proxy
    proxy.close()


@asynccontextmanager
async def two_servers(wire, address):
    """One whose connections are cut, and one that tells what is there."""
    async with connect({"store": wire.address(address)}) as cut, connect({"store": address}) as direct:
        await direct.call("import_message", conversation="local:room", text="first heron", **at(0))
        yield cut, direct


async def call(client, tool, **arguments):
    """The answer, and whether it is one; an error has to be a sentence that says what to do."""
    try:
        return await client.call(tool, **arguments), True
    except ToolError as error:
        told = str(error)
    require_advice(told)
    return told, False


async def times(client, text):
    """How often a message is in the conversation."""
    listed = await client.call("list_messages", conversation="local:room", limit=5)
    return len(re.findall(rf": {text}$", listed, re.MULTILINE))


def at(number):
    """Who has written a message and when, each later than the one before."""
    return {"author": "Ann", "sent_at": f"2026-03-10T{9 + number // 60:02}:{number % 60:02}:00Z"}


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", ["with a key", "without"])
async def test_a_message_is_sent_once_wherever_the_connection_is_cut(wire, postgres_address, way, key):
    async with two_servers(wire, postgres_address) as (cut, direct):
        for number in count(1):
            said = {"conversation": "local:room", "text": f"sent {number}"}
            again = {"idempotency_key": f"key {number}"} if key == "with a key" else {}
            wire.cut_at(number, way)
            told, is_sent = await call(cut, "send_message", **said, **again)
            has_cut = wire.heal()
            if not is_sent and "unknown" not in told:
                assert await times(direct, said["text"]) == 0 or again, (number, told)
            if again or not is_sent:
                # The assistant does as it was told, and asks once more.
                _, is_sent = await call(cut, "send_message", **said, **again)
            assert await times(direct, said["text"]) == 1, (number, told)
            assert is_sent or not again, (number, told)
            if not has_cut:
                break
    assert number > 5


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_message_is_imported_once_wherever_the_connection_is_cut(wire, postgres_address, way):
    async with two_servers(wire, postgres_address) as (cut, direct):
        for number in count(1):
            given = {
                "conversation": "local:room",
                "text": f"brought {number}",
                "external_id": f"id {number}",
                **at(number),
            }
            wire.cut_at(number, way)
            told, is_there = await call(cut, "import_message", **given)
            has_cut = wire.heal()
            if is_there:
                assert await times(direct, given["text"]) == 1, number
            _, is_there = await call(cut, "import_message", **given)
            assert is_there, (number, told)
            assert await times(direct, given["text"]) == 1, number
            if not has_cut:
                break
    assert number > 5


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_reading_and_searching_go_on_wherever_the_connection_is_cut(wire, postgres_address, way):
    async with two_servers(wire, postgres_address) as (cut, direct):
        listed = await direct.call("list_messages", conversation="local:room")
        heron = re.search(r"^(\d+) .*first heron", listed, re.MULTILINE)[1]
        for tool, arguments in [
            ("get_message", {"message": heron}),
            ("search_messages", {"query": "heron"}),
            ("list_messages", {"conversation": "local:room"}),
        ]:
            for number in count(1):
                # A write of somebody else, so that nothing is answered from memory.
                await direct.call("import_message", conversation="local:other", text=f"{tool} {number}", **at(number))
                wire.cut_at(number, way)
                told, is_answer = await call(cut, tool, **arguments)
                has_cut = wire.heal()
                assert is_answer, (tool, number, told)
                assert "heron" in told.replace("*", ""), (tool, number)
                if not has_cut:
                    break
            assert number > 1


def settings_through(wire, address, more=""):
    return f'timezone = "UTC"\nstore = "{wire.address(address)}"\n[accounts.local]\nprovider = "local"\n{more}'


@pytest.mark.parametrize("way", WAYS)
def test_an_import_of_an_archive_is_completed_by_the_next_wherever_the_connection_is_cut(
    wire, postgres_address, way, settings_named, run, tmp_path
):
    settings_named(settings_through(wire, postgres_address))
    with ScriptedServer({"store": postgres_address}) as direct:
        for number in count(1):
            rows = [{"conversation": f"team {number}", "text": f"imported {n}", **at(n)} for n in range(3)]
            (tmp_path / "chat.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in rows))
            wire.cut_at(number, way)
            first = run("import", "chat.jsonl")
            has_cut = wire.heal()
            assert "Traceback" not in first.output
            again = run("import", "chat.jsonl")
            assert again.exit_code == 0, (number, again.output)
            listed = direct.call("list_messages", conversation=f"local:team%20{number}")
            assert len(re.findall(r": imported \d$", listed, re.MULTILINE)) == 3, (number, listed)
            if not has_cut:
                assert first.exit_code == 0, first.output
                break
    assert number > 10


@pytest.mark.parametrize("way", WAYS)
def test_a_round_of_sync_is_completed_by_the_next_wherever_the_connection_is_cut(
    wire, postgres_address, way, settings_named, run, tmp_path, monkeypatch
):
    # Installed as a package it would be looked for, among all packages, three times a round.
    monkeypatch.setitem(provider_registry.BUILT_IN, "harbor", "harbor:Harbor")
    # Each round would wait for the tools of this process, which `direct` calls between the rounds.
    monkeypatch.setattr("dragoman.sync.session._LONGEST_YIELD", 0.0)
    service = harbor.Service(tmp_path / "desk")
    service.post("deck", "old", at=1_700_000_000.0)
    settings_named(settings_through(wire, postgres_address, service.settings("desk")))
    begun = run("sync")
    assert begun.exit_code == 0, begun.output
    settings = f'store = "{postgres_address}"\n{service.settings("desk")}'
    with ScriptedServer(settings) as direct:
        direct.call("get_updates")
        for number in count(1):
            service.post("deck", f"posted {number}")
            wire.cut_at(number, way)
            first = run("sync")
            has_cut = wire.heal()
            assert "Traceback" not in first.output
            again = run("sync")
            assert again.exit_code == 0, (number, again.output)
            told = direct.call("get_updates")
            assert re.findall(r": (posted \d+)$", told, re.MULTILINE) == [f"posted {number}"], (number, told)
            if not has_cut:
                assert first.exit_code == 0, first.output
                break
    assert number > 10
