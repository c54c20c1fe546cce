"""Two servers on one database, of which one is updated first."""

import re
import subprocess
import sys
from functools import partial

import anyio
import forked_program
import pytest

from dragoman.store.postgres import migrate
from dragoman.testing import connect

pytestmark = pytest.mark.anyio

UPDATED = """
from dragoman.store.postgres import migrate
step = "ALTER TABLE local_messages ADD COLUMN later text; CREATE TABLE later(later bigint PRIMARY KEY)"
migrate.MIGRATIONS = (*migrate.MIGRATIONS, step)
from dragoman_server.cli.entry import main
import sys
sys.exit(main())
"""
"""The next version, which has one more step."""


def message(hour, minute):
    sent_at = f"2026-03-10T{hour:02}:{minute:02}:00Z"
    return {"conversation": "local:room", "text": f"At {hour} {minute}", "author": "Ann", "sent_at": sent_at}


async def write(client, hour):
    for minute in range(10, 30):
        await client.call("import_message", **message(hour, minute))


async def test_a_server_that_is_not_updated_yet_goes_on_and_is_refused_once_it_starts_again(
    postgres_server, postgres_address, tmp_path
):
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'store = "{postgres_address}"\n')
    arguments = ["call", "import_message", *(f"{key}={value}" for key, value in message(10, 10).items())]
    arguments += ["--config", str(settings)]
    program = [sys.executable, "-c", UPDATED, *arguments]
    async with connect({"store": postgres_address}) as before:
        await write(before, 8)
        async with anyio.create_task_group() as both:
            both.start_soon(write, before, 9)
            both.start_soon(anyio.to_thread.run_sync, partial(subprocess.run, program, check=True, timeout=60))
        versions = postgres_server.execute("SELECT version FROM schema_version", postgres_address.rpartition("/")[2])
        assert versions == [(len(migrate.MIGRATIONS) + 1,)]
        await write(before, 11)
        listed = await before.call("list_messages", conversation="local:room", limit=100)
        assert len(set(re.findall(r"^(\d+) .*At ", listed, re.MULTILINE))) == 61
    refused = forked_program.run(arguments, text=True)
    assert refused.returncode == 1
    assert "written by a newer Dragoman" in refused.stderr
