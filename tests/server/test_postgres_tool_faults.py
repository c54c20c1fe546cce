"""A server that runs on while its database fails over, fills its disk, is cut off, or has no connection left.

A call meanwhile ends in a sentence with what to do. What was acknowledged is there once, and the same process, which
nobody starts again, goes on when the database does.
"""

import random
from contextlib import contextmanager

import anyio
import postgres
import psycopg
import pytest
from postgres_wire import PostgresWire
from stdio_server import serving
from steady_writer import SteadyWriter, import_message, require_advice

from dragoman.store.postgres import pool
from dragoman.testing import ToolError, connect


@pytest.fixture
def own_server():
    """A PostgreSQL server that a test may kill."""
    reason = postgres.why_not()
    if reason:
        pytest.skip(reason)
    with postgres.postgres(durable=True, folder=postgres.folder_in_memory()) as server:
        yield server


@pytest.fixture
def writing(environment, tmp_path):
    """A server on a database, and somebody who writes with it."""

    @contextmanager
    def start(address, padding=""):
        settings = tmp_path / "dragoman.toml"
        settings.write_text(f'store = "{address}"\n')
        with serving(environment, tmp_path, "--config", str(settings)) as server:
            server.greet()
            writer = SteadyWriter(server, padding=padding)
            writer.start()
            writer.wait_for_more(acknowledged=3)
            yield writer
            writer.stop()
            assert server.process.poll() is None

    return start


def require_once(writer, server, database="postgres"):
    """All that was acknowledged is there once, and every refusal is a sentence."""
    rows = server.execute(
        "SELECT split_part(text, ' ', 1) || ' ' || split_part(text, ' ', 2) FROM local_messages", database
    )
    stored = [text for (text,) in rows]
    assert [stored.count(text) for text in writer.acknowledged] == [1] * len(writer.acknowledged)
    assert len(set(stored)) == len(stored)
    for told in writer.refused:
        require_advice(told)


def test_a_server_goes_on_at_the_standby_that_is_promoted(own_server, writing):
    with postgres.standby(own_server) as second:
        # What is acknowledged has reached the standby.
        own_server.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        own_server.execute("SELECT pg_reload_conf()")
        both = f"127.0.0.1:{own_server.port},127.0.0.1:{second.port}"
        address = f"postgresql://test:{postgres.PASSWORD}@{both}/postgres?target_session_attrs=read-write"
        with writing(address) as writer:
            own_server.kill()
            writer.wait_for_more(refused=1)
            second.promote()
            writer.wait_for_more(acknowledged=3)
        require_once(writer, second)


def test_a_server_goes_on_when_the_full_disk_of_the_database_has_room_again(writing):
    reason = postgres.why_not() or postgres.why_no_small_disk()
    if reason:
        pytest.skip(reason)
    padding = " " + " ".join(f"{random.getrandbits(40):x}" for _ in range(4000))
    with (
        postgres.small_disk(128) as folder,
        postgres.postgres(durable=True, folder=folder, settings=postgres.SMALL) as server,
        writing(server.address(), padding) as writer,
    ):
        filler = postgres.fill(folder)
        writer.wait_for_more(refused=1)
        filler.unlink()
        server.start_if_needed()
        writer.wait_for_more(acknowledged=3)
        writer.stop()
        assert any("no room left" in told or "cannot be reached" in told for told in writer.refused)
        require_once(writer, server)


def test_a_server_goes_on_when_a_proxy_that_cut_all_its_connections_lets_it_through(
    postgres_server, postgres_address, writing
):
    wire = PostgresWire(postgres_server.port)
    with writing(wire.address(postgres_address)) as writer:
        wire.shut()
        writer.wait_for_more(refused=1)
        wire.open()
        writer.wait_for_more(acknowledged=3)
    wire.close()
    assert any("cannot be reached" in told for told in writer.refused)
    require_once(writer, postgres_server, postgres_address.rpartition("/")[2])


def test_a_server_that_gets_fewer_connections_than_it_wants_answers_all_the_same(
    postgres_server, environment, tmp_path
):
    database = postgres_server.new_database().rpartition("/")[2]
    postgres_server.execute(f"CREATE ROLE few_{database} LOGIN PASSWORD '{postgres.PASSWORD}' CONNECTION LIMIT 2")
    postgres_server.execute(f"ALTER DATABASE {database} OWNER TO few_{database}")
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_server.address(database, user=f"few_{database}")}"\n')
    with serving(environment, tmp_path, "--config", str(settings)) as server:
        server.greet()
        assert not import_message(server, "first").get("isError")
        asked = range(10, 40)
        for number in asked:
            arguments = {"conversation": "local:room", "text": f"text {number}", "author": "Ann"}
            arguments["sent_at"] = "2026-03-10T09:00:00Z"
            server.send(
                {"id": number, "method": "tools/call", "params": {"name": "import_message", "arguments": arguments}}
            )
        answers = [server.next_answer() for _ in asked]
    assert sorted(answer["id"] for answer in answers) == list(asked)
    assert [answer for answer in answers if answer["result"].get("isError")] == []


@pytest.mark.anyio
async def test_calls_that_find_all_connections_in_use_are_told_so_and_the_next_ones_are_answered(
    postgres_address, monkeypatch
):
    monkeypatch.setattr("dragoman.store.postgres.turns._PATIENCE", 1.0)
    monkeypatch.setattr("dragoman.store.postgres.statements.STATEMENT_SECONDS", 2)
    monkeypatch.setattr(pool, "PATIENCE", 1.0)
    said = {"conversation": "local:room", "author": "Ann", "sent_at": "2026-03-10T09:00:00Z"}
    told, acknowledged = [], []
    async with connect({"store": postgres_address}) as client:
        await client.call("import_message", text="first", **said)

        async def write(number):
            try:
                await client.call("import_message", text=f"text {number}", **said)
                acknowledged.append(number)
            except ToolError as error:
                told.append(str(error))

        with psycopg.connect(postgres_address) as holder:
            holder.execute("LOCK TABLE local_messages")
            with anyio.fail_after(60):
                async with anyio.create_task_group() as calls:
                    for number in range(30):
                        calls.start_soon(write, number)
        assert (len(told), acknowledged) == (30, [])
        for one in told:
            require_advice(one)
        assert any("is busy" in one for one in told)
        assert any("took too long" in one for one in told)
        await write(99)
        listed = await client.call("list_messages", conversation="local:room")
        assert listed.count("text 99") == listed.count("first") == 1
        assert acknowledged == [99]
