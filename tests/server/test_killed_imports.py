"""Imports that are killed at random moments, and run again, lose nothing and double nothing."""

import os
import random
import select
import subprocess
import time
from pathlib import Path

import apsw
import forked_program
import pytest
from tests.benchmarks.archive_forms import FORMS

KILLS = {"json_lines": 20, "mbox": 15, "slack": 15}
BATCHES = {"json_lines": 2000, "mbox": 1000, "slack": 1000}
"""How many messages are stored at once: more for a format that is read quickly."""

IMPORT = """
import sys
from pathlib import Path
from dragoman_server.commands import import_files
from dragoman_server.commands.import_files import loader
from dragoman_server.config import load

loader.BATCH = int(sys.argv[1])
request = import_files.ImportRequest(paths=(Path(sys.argv[3]),))
print(import_files.import_files(load.load(Path(sys.argv[2])), request).summary)
"""


@pytest.fixture(params=KILLS)
def form(request):
    return request.param


@pytest.fixture
def begin(form, archive):
    """Begin an import of the archive."""

    def start(settings):
        given = [str(BATCHES[form]), str(settings), str(archive)]
        return forked_program.start(given, code=IMPORT, stdin=subprocess.DEVNULL, stderr=None)

    return start


@pytest.fixture
def messages(form):
    """So many that each import stores some before the rest, and some before these."""
    return BATCHES[form] * 22 // 10


@pytest.fixture
def archive(form, messages, tmp_path):
    path = tmp_path / form
    FORMS[form](path, (f"word{n // 3}" for n in range(messages)))
    return path


def settings_in(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "dragoman.toml"
    path.write_text(f'timezone = "UTC"\n[accounts.local]\nprovider = "local"\npath = "{folder / "notes.db"}"\n')
    return path


def content(store: Path) -> list[tuple]:
    """Every message, and how often each of some words is found in the index."""
    con = apsw.Connection(str(store))
    assert con.execute("PRAGMA integrity_check").get == "ok"
    statement = "SELECT place, id, moment, text FROM local_messages ORDER BY place, id"
    messages = list(con.execute(statement))
    held = list(con.execute("SELECT id, held FROM local_places ORDER BY id"))
    indexed = con.execute("SELECT count(*) FROM local_index").get
    con.close()
    return [*messages, *held, (indexed,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.timeout(900)
def test_an_import_that_is_killed_at_any_moment_and_run_again_is_whole(begin, archive, messages, tmp_path):
    chance = random.Random(50)
    settings = settings_in(tmp_path / "whole")
    started = time.monotonic()
    assert begin(settings).communicate()[0].startswith(f"{messages:,} read, {messages:,} new".encode())
    duration = time.monotonic() - started
    right = content(tmp_path / "whole" / "notes.db")
    kills = stores = 0
    settings = settings_in(tmp_path / "0")
    while kills < KILLS[archive.name]:
        with begin(settings) as program:
            has_ended = select.select([program.stdout], [], [], chance.uniform(0, 1.2 * duration))[0]
            program.kill()
            text = program.stdout.read()
        if not has_ended:
            kills += 1
            continue
        assert text.startswith(f"{messages:,} read".encode())
        assert content(settings.with_name("notes.db")) == right
        stores += 1
        settings = settings_in(tmp_path / str(stores))
    assert begin(settings).communicate()[0].startswith(f"{messages:,} read".encode())
    assert content(settings.with_name("notes.db")) == right
