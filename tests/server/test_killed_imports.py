"""Imports that are killed at random moments, and run again, lose nothing and double nothing."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest
from tests.benchmarks.archive_forms import FORMS

from dragoman_server.commands.import_files import BATCH

KILLS = {"json_lines": 20, "mbox": 15, "slack": 15}
BATCHES = {"json_lines": BATCH, "mbox": 1000, "slack": 1000}
"""How many messages are stored at once: all that there are for a format that is read quickly, fewer for the others."""

BREEDER = Path(__file__).with_name("import_breeder.py")


class Breeder:
    def __init__(self, batch: int) -> None:
        command = [sys.executable, "-u", str(BREEDER), str(batch)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def begin(self, settings: Path, file: Path) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{settings}\t{file}\n".encode())
        return int(self.line())

    def says_something_within(self, seconds: float) -> bool:
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(params=KILLS)
def form(request):
    return request.param


@pytest.fixture
def breeder(form):
    found = Breeder(BATCHES[form])
    yield found
    found.end()


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
def test_an_import_that_is_killed_at_any_moment_and_run_again_is_whole(breeder, archive, messages, tmp_path):
    chance = random.Random(50)
    settings = settings_in(tmp_path / "whole")
    started = time.monotonic()
    breeder.begin(settings, archive)
    assert breeder.line().startswith(f"{messages:,} read, {messages:,} new")
    duration = time.monotonic() - started
    assert breeder.line() == "ended"
    right = content(tmp_path / "whole" / "notes.db")
    kills = stores = 0
    settings = settings_in(tmp_path / "0")
    while kills < KILLS[archive.name]:
        child = breeder.begin(settings, archive)
        if breeder.says_something_within(chance.uniform(0, 1.2 * duration)):
            assert breeder.line().startswith(f"{messages:,} read")
            assert content(settings.with_name("notes.db")) == right
            stores += 1
            settings = settings_in(tmp_path / str(stores))
        else:
            os.kill(child, signal.SIGKILL)
            kills += 1
        while breeder.line() != "ended":
            pass
    breeder.begin(settings, archive)
    assert breeder.line().startswith(f"{messages:,} read")
    assert content(settings.with_name("notes.db")) == right
