"""Two servers on one database, and a newer version that changes its tables while both answer."""

import re
from contextlib import ExitStack, contextmanager

import forked_program
import psycopg
import pytest
from stdio_server import Server, serving
from steady_writer import SteadyWriter, import_message

from dragoman.store.postgres import migrate

GATE = 4711
UPDATED = """
from dragoman.store.postgres import migrate
step = "CREATE TABLE later(later bigint PRIMARY KEY); SELECT pg_advisory_xact_lock({gate}); {step}"
migrate.MIGRATIONS = (*migrate.MIGRATIONS, step)
from dragoman_server.cli.entry import main
import sys
sys.exit(main())
"""
"""The next version, which has one more step. In the middle of it it waits for a lock that the test holds."""

WAITS = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {GATE} AND NOT granted"  # noqa: S608 - our own number
NEWER = re.compile(
    r"local: \S+ was written by a newer Dragoman \(schema \d+, this one knows \d+\)\."
    r" Nothing was imported\. Update Dragoman, or name another store\."
)
STEPS = {
    "that it need not know": ("ALTER TABLE local_messages ADD COLUMN later text", "text"),
    "that it cannot use": ("ALTER TABLE local_messages RENAME COLUMN text TO words", "words"),
}


@contextmanager
def newer_server(environment, folder, settings, step):
    code = UPDATED.format(gate=GATE, step=step)
    with forked_program.start(["serve", "--config", settings], env=environment, cwd=folder, code=code) as process:
        try:
            server = Server(process)
            server.greet()
            yield server
        finally:
            process.kill()


def wait_until_it_waits(holder):
    for _ in range(100_000):
        if holder.execute(WAITS).fetchone() == (1,):
            return
    raise TimeoutError


@pytest.mark.parametrize("change", STEPS)
def test_older_servers_answer_through_a_migration_and_lose_nothing_that_they_acknowledged(
    change, postgres_server, postgres_address, environment, tmp_path
):
    step, column = STEPS[change]
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_address}"\n')
    with ExitStack() as stack:
        older = [stack.enter_context(serving(environment, tmp_path, "--config", str(settings))) for _ in range(2)]
        for server in older:
            server.greet()
            assert not import_message(server, "before").get("isError")
        holder = stack.enter_context(psycopg.connect(postgres_address, autocommit=True))
        holder.execute(f"SELECT pg_advisory_lock({GATE})")
        newer = stack.enter_context(newer_server(environment, tmp_path, str(settings), step))
        writers = [SteadyWriter(server, name) for name, server in zip(("one", "two"), older, strict=True)]
        newer.send({"id": 5, "method": "tools/call", "params": {"name": "list_conversations", "arguments": {}}})
        wait_until_it_waits(holder)
        for writer in writers:
            writer.start()
        # Both answer while the migration stands in the middle, and are at work when it goes on.
        for writer in writers:
            writer.wait_for_calls(3)
            assert writer.refused == []
        holder.execute(f"SELECT pg_advisory_unlock({GATE})")
        newer.answer(5)
        for writer in writers:
            writer.wait_for_calls(3)
            writer.stop()
        assert [server.process.poll() for server in older] == [None, None]
        database = postgres_address.rpartition("/")[2]
        assert postgres_server.execute("SELECT version FROM schema_version", database) == [
            (len(migrate.MIGRATIONS) + 1,)
        ]
        rows = postgres_server.execute(f"SELECT {column} FROM local_messages", database)  # noqa: S608 - our own words
        stored = [text for (text,) in rows]
        for writer in writers:
            assert [stored.count(text) for text in writer.acknowledged] == [1] * len(writer.acknowledged)
            assert all(map(NEWER.fullmatch, writer.refused)), writer.refused
            assert bool(writer.refused) == (change == "that it cannot use")
    refused = forked_program.run(["call", "list_conversations", "--config", str(settings)], text=True)
    assert refused.returncode == 1
    assert "written by a newer Dragoman" in refused.stdout
