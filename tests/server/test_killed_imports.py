"""Imports that are killed at random moments, and run again, lose nothing and double nothing.

``DRAGOMAN_KILLS`` is how often each import is killed. By default it is once, and a few formats alone have a reader.
"""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import apsw
import pytest
from tests.benchmarks.archive_forms import FORMS

KILLS = int(os.environ.get("DRAGOMAN_KILLS", "1"))
MESSAGES = 300
BATCH = MESSAGES * 10 // 22
"""So many are stored at once that each import stores some before the rest, and some before these."""

READ_BESIDE = FORMS if "DRAGOMAN_KILLS" in os.environ else ("json_lines", "mbox", "slack")
"""Formats whose reader is tried as well."""

BREEDER = Path(__file__).with_name("import_breeder.py")

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="ends of other processes cannot be waited for here"),
    pytest.mark.timeout(3600),
]


class Breeder:
    """A process that forks one for each import."""

    def __init__(self) -> None:
        command = [sys.executable, "-u", str(BREEDER), str(BATCH)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def begin(self, settings: Path, archive: Path, *, beside: bool) -> int:
        """Begin an import; the number of its process."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{settings}\t{archive}\t{int(beside)}\n".encode())
        return int(self.line())

    def says_something_within(self, seconds: float) -> bool:
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def end_of_import(self) -> None:
        while self.line() != "ended":
            pass


@dataclass
class Import:
    """Imports of one archive, each into a store of its own until it is complete."""

    breeder: Breeder
    archive: Path
    folder: Path
    beside: bool
    stores: int = 0

    def settings(self) -> Path:
        folder = self.folder / str(self.stores)
        folder.mkdir(exist_ok=True)
        path = folder / "dragoman.toml"
        path.write_text(f'timezone = "UTC"\n[accounts.local]\nprovider = "local"\npath = "{folder / "notes.db"}"\n')
        return path

    def begin(self) -> int:
        return self.breeder.begin(self.settings(), self.archive, beside=self.beside)

    def finish(self) -> list[tuple]:
        """Import to the end, and what is stored then. The next import has another store."""
        self.begin()
        assert self.breeder.line().startswith(f"{MESSAGES:,} read")
        self.breeder.end_of_import()
        return self.whole()

    def whole(self) -> list[tuple]:
        found = content(self.folder / str(self.stores) / "notes.db")
        self.stores += 1
        return found


def content(store: Path) -> list[tuple]:
    """Every message and conversation, and how many entries the index has."""
    con = apsw.Connection(str(store))
    assert con.execute("PRAGMA integrity_check").get == "ok"
    messages = con.execute(
        "SELECT p.id, m.id, m.moment, m.text, m.reply_to FROM local_messages m JOIN local_places p USING(place)"
        " ORDER BY p.id, m.id"
    )
    found = [*messages, *con.execute("SELECT id, title, kind, held FROM local_places ORDER BY id")]
    found.append((con.execute("SELECT count(*) FROM local_index").get,))
    con.close()
    return found


def readers_of(process: int) -> list[int]:
    """The processes that a process has started, each as something that tells of its end."""
    found: list[int] = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += [os.pidfd_open(int(number)) for number in children.read_text().split()]
    return found


def wait_for_end(process: int) -> None:
    assert select.select([process], [], [], 60)[0], "a reader is left"
    os.close(process)


@pytest.fixture(scope="module")
def breeder() -> Iterator[Breeder]:
    found = Breeder()
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.mark.parametrize(
    ("form", "killed"),
    [*((form, "alone") for form in FORMS), *product(READ_BESIDE, ["beside a reader", "its reader"])],
)
def test_an_import_that_is_killed_at_any_moment_and_run_again_is_whole(breeder, form, killed, tmp_path):
    archive = tmp_path / form
    FORMS[form](archive, (f"word{n // 3}" for n in range(MESSAGES)))
    chance = random.Random(f"{form} {killed}")
    work = Import(breeder, archive, tmp_path, beside=killed != "alone")
    started = time.monotonic()
    right = work.finish()
    assert len(right) > MESSAGES
    duration = time.monotonic() - started
    kills = 0
    while kills < KILLS:
        process = work.begin()
        if breeder.says_something_within(chance.uniform(0, duration)):
            breeder.end_of_import()
            assert work.whole() == right
            continue
        readers = readers_of(process)
        if killed == "its reader":
            for reader in readers:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(reader, signal.SIGKILL)
        else:
            os.kill(process, signal.SIGKILL)
        kills += 1
        for reader in readers:
            wait_for_end(reader)
        breeder.end_of_import()
    assert work.finish() == right
