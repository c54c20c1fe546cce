import os
import re
from pathlib import Path

import anyio
import forked_program
import psycopg
import pytest

from dragoman.testing import ToolError, connect
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.load import from_mapping
from dragoman_server.transports import in_memory

pytestmark = pytest.mark.anyio

HELLO = {"conversation": "local:room", "text": "Hello crane", "author": "Ann", "sent_at": "2026-03-10T09:00:00Z"}


async def test_two_servers_on_one_database_are_one(postgres_address):
    settings = {"store": postgres_address}
    async with connect(settings) as first, connect(settings) as second:
        await first.call("import_message", **HELLO)
        listed = await second.call("list_messages", conversation="local:room")
        number = re.search(r"^(\d+) .*Hello crane", listed, re.MULTILINE)[1]
        assert f"{number} " in await first.call("list_messages", conversation="local:room")
        assert "Hello crane" in await first.call("get_message", message=number)
        assert "Hello **cran**e" in await second.call("search_messages", query="cran")
        assert "Hello Bo" in await second.call("send_message", conversation="local:room", text="Hello Bo")
        assert "Hello Bo" in await first.call("list_messages", conversation="local:room")


async def test_a_cursor_of_one_server_goes_on_at_another(postgres_address):
    settings = {"store": postgres_address}
    async with connect(settings) as first, connect(settings) as second:
        for minute in range(5):
            await first.call("import_message", **HELLO | {"sent_at": f"2026-03-10T09:0{minute}:00Z"})
        page = await first.call("list_messages", conversation="local:room", limit=2)
        older = await second.call(
            "list_messages", conversation="local:room", limit=2, cursor=re.search(r"cursor (\w+)", page)[1]
        )
        assert older.count("Hello crane") == 2
        assert not set(re.findall(r"^(\d+) ", page, re.MULTILINE)) & set(re.findall(r"^(\d+) ", older, re.MULTILINE))


@pytest.mark.parametrize("kind", ["env", "file"])
async def test_the_address_may_be_kept_elsewhere(postgres_address, kind, monkeypatch, tmp_path):
    monkeypatch.setenv("STORE", postgres_address)
    (tmp_path / "address").write_text(f"{postgres_address}\n")
    place = {"env": "STORE"} if kind == "env" else {"file": str(tmp_path / "address")}
    async with connect({"store": place}) as client:
        await client.call("import_message", **HELLO)
    async with connect({"store": postgres_address}) as client:
        assert "Hello crane" in await client.call("list_messages", conversation="local:room")


async def test_tables_may_be_in_a_schema_of_their_own(postgres_server, postgres_address):
    async with connect({"store": f"{postgres_address}?schema=team_one"}) as client:
        await client.call("import_message", **HELLO)
    database = postgres_address.rpartition("/")[2]
    found = postgres_server.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'local%'", database)
    assert found == [("team_one",)]
    async with connect({"store": f"{postgres_address}?schema=team_two"}) as client:
        assert "Hello crane" not in await client.call("list_conversations")


def _after(server, statements, user="test"):
    """The address of a new database after an administrator has run statements."""
    database = server.new_database().rpartition("/")[2]
    for statement in statements.format(database).split("; "):
        server.execute(statement)
    return server.address(database, user=user)


WRONG = [
    (lambda server: server.address("postgres", user="nobody"), "refuses the user or the password"),
    (lambda server: server.address("postgres").replace("secret", "hidden99"), "refuses the user or the password"),
    (lambda server: server.address("missing"), "has no such database"),
    (lambda _server: "postgresql://test:hidden99@127.0.0.1:1/postgres", "cannot be reached"),
    (lambda _server: "postgresql://test:hidden99@nowhere.invalid/postgres", "cannot be found by its name"),
    (lambda server: server.address("postgres") + "?sslmode=require", "TLS"),
    (lambda _server: "postgresql://test:hidden99@certificate.invalid/postgres", "cannot be found by its name"),
    (
        lambda server: _after(server, "CREATE ROLE asleep NOLOGIN PASSWORD 'secret'", user="asleep"),
        "not let this user in",
    ),
    (
        lambda server: _after(
            server, "CREATE ROLE guest LOGIN PASSWORD 'secret'; REVOKE CONNECT ON DATABASE {} FROM PUBLIC", user="guest"
        ),
        "does not let this user in",
    ),
    (lambda server: _after(server, "ALTER DATABASE {} ALLOW_CONNECTIONS false"), "lets nobody in"),
    (
        lambda server: _after(server, "CREATE ROLE alone LOGIN PASSWORD 'secret' CONNECTION LIMIT 0", user="alone"),
        "has no connection left",
    ),
]


@pytest.mark.parametrize(("address", "sentence"), WRONG)
async def test_a_database_that_cannot_be_used_is_told_in_a_sentence_without_its_password(
    postgres_server, address, sentence, caplog
):
    async with connect({"store": address(postgres_server)}) as client:
        with pytest.raises(ToolError, match=sentence) as told:
            await client.call("list_conversations")
    said = f"{told.value} {caplog.text}"
    assert "hidden99" not in said
    assert "secret" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "address", ["postgresql://test:hidden99@host:nonsense/db", "postgresql://u:hidden99@h/db?schema=a;drop", "  "]
)
def test_an_address_that_is_none_is_a_mistake_of_the_settings_without_its_value(address):
    with pytest.raises(ConfigError, match="store") as told:
        from_mapping({"store": address})
    assert "hidden99" not in str(told.value)


def test_without_the_packages_the_settings_say_what_to_install(monkeypatch):
    monkeypatch.setattr("dragoman.store.places.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"dragoman\[postgres\]"):
        from_mapping({"store": "postgresql://localhost/db"})


async def test_an_address_that_is_kept_elsewhere_says_what_to_install_when_it_is_opened(monkeypatch):
    monkeypatch.setattr("dragoman.store.places.find_spec", lambda _name: None)
    monkeypatch.setenv("STORE", "postgresql://localhost/db")
    async with connect({"store": {"env": "STORE"}}) as client:
        with pytest.raises(ToolError, match=r"dragoman\[postgres\]"):
            await client.call("list_conversations")


async def test_a_path_is_the_file_of_the_store(tmp_path):
    async with connect({"store": str(tmp_path / "elsewhere.db")}) as client:
        await client.call("import_message", **HELLO)
    assert (tmp_path / "elsewhere.db").exists()
    assert in_memory._settings({"store": str(tmp_path / "elsewhere.db")}).store == tmp_path / "elsewhere.db"


async def test_an_import_from_the_command_line_ends_in_the_database(postgres_address, tmp_path):
    lines = tmp_path / "chat.jsonl"
    lines.write_text(
        '{"conversation": "team", "author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "text": "imported heron"}\n'
    )
    settings = tmp_path / "dragoman.toml"
    settings.write_text('store = { env = "STORE" }\n')
    env = {**os.environ, "STORE": postgres_address, "DRAGOMAN_DATA": str(tmp_path / "data")}
    given = ["import", str(lines), "--config", str(settings)]
    done = await anyio.to_thread.run_sync(lambda: forked_program.run(given, env=env, text=True))
    assert "1 read, 1 new" in done.stdout + done.stderr
    assert not (tmp_path / "data" / "dragoman.db").exists()
    async with connect({"store": postgres_address}) as client:
        assert "imported **heron**" in await client.call("search_messages", query="heron")


def run(settings, *arguments):
    """What a command says, and its exit status."""
    done = forked_program.run([*arguments, "--config", str(settings)], text=True)
    return done.stdout + done.stderr, done.returncode


def test_a_user_who_may_not_make_tables_says_what_an_administrator_has_to_run(
    postgres_server, postgres_address, tmp_path
):
    database = postgres_address.rpartition("/")[2]
    postgres_server.execute(
        f"CREATE ROLE clerk_{database} LOGIN PASSWORD 'secret'; REVOKE CREATE ON SCHEMA public FROM PUBLIC", database
    )
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_server.address(database, user=f"clerk_{database}")}"\n')
    said, status = run(settings, "call", "list_conversations")
    assert status == 1
    assert "`dragoman store migrate --print`" in said
    script, status = run(settings, "store", "migrate", "--print")
    assert status == 0
    postgres_server.execute(script, database)
    said, status = run(settings, "call", "import_message", *(f"{key}={value}" for key, value in HELLO.items()))
    assert (status, "Hello crane" in said) == (0, True)
    assert "nothing is to be run" in run(settings, "store", "migrate", "--print")[0]
    refused = f"SET ROLE clerk_{database}; DELETE FROM audit"  # noqa: S608 - our own words
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres_server.execute(refused, database)
    said, status = run(settings, "check")
    assert (status, "can be read and written" in said) == (0, True)


def test_tables_of_a_newer_version_are_refused(postgres_server, postgres_address, tmp_path):
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_address}"\n')
    assert "has the tables of this version" in run(settings, "store", "migrate")[0]
    postgres_server.execute("UPDATE schema_version SET version = 999", postgres_address.rpartition("/")[2])
    said, status = run(settings, "call", "list_conversations")
    assert status == 1
    assert "written by a newer Dragoman (schema 999" in said


def test_a_store_is_copied_and_compared_from_the_command_line(postgres_server, postgres_address, tmp_path):
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{tmp_path / "one.db"}"\n')
    assert run(settings, "call", "import_message", *(f"{key}={value}" for key, value in HELLO.items()))[1] == 0
    said, status = run(settings, "store", "copy", "store", postgres_address)
    assert (status, "local_messages: 1" in said) == (0, True)
    assert "secret" not in said
    assert "hold the same" in run(settings, "store", "verify", "store", postgres_address)[0]
    assert "not empty" in run(settings, "store", "copy", "store", postgres_address)[0]
    said, status = run(settings, "store", "verify", postgres_address)
    assert (status, "is sound: 1 messages" in said) == (0, True)
    postgres_server.execute(
        "DELETE FROM local_index; UPDATE local_places SET held = 7", postgres_address.rpartition("/")[2]
    )
    said, status = run(settings, "store", "verify", postgres_address)
    assert (status, "indexed with other words" in said, "wrong counters" in said) == (1, True, True)
    said, status = run(settings, "store", "verify", "store", postgres_address)
    assert (status, "local_places 1: it differs" in said) == (1, True)


def test_files_and_databases_have_their_own_ways_of_backup(postgres_address, tmp_path):
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_address}"\n')
    for command in ("backup", "restore"):
        said, status = run(settings, "store", command, str(tmp_path / "copy.db"))
        assert status == 1
        assert "pg_" in said
    assert "is sound: 0 messages" in run(settings, "store", "verify")[0]


@pytest.mark.parametrize("place", ["mysql://hidden99@host/db", "sqlite:///x.db"])
async def test_the_address_of_another_database_is_refused(place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="neither") as told:
        from_mapping({"store": place})
    assert "hidden99" not in str(told.value)
    monkeypatch.setenv("STORE", place)
    async with connect({"store": {"env": "STORE"}}) as client:
        with pytest.raises(ToolError, match="neither"):
            await client.call("list_conversations")
    assert list(tmp_path.iterdir()) == []


async def test_the_queries_of_the_documentation_watch_a_store(postgres_server, postgres_address):
    async with connect({"store": postgres_address}) as client:
        await client.call("list_conversations")
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    queries = [query for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) for query in block.split(";")]
    assert len(queries) > 4
    for query in filter(str.strip, queries):
        postgres_server.execute(query, postgres_address.rpartition("/")[2])
