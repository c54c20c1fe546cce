"""A server as clients find it: a command for their settings, and an address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

HERE = Path(__file__).parent
MODULES = HERE.parent.parent / ".node" / "node_modules"
NODE = MODULES / ".bin" / "node"
SERVE = ["-m", "dragoman_server", "serve"]
MODERN = "2026-07-28"
SETTINGS = """
max_tokens = 1000000
[accounts.far]
provider = "patient"
[accounts.local]
provider = "local"
write = "confirm"
ask = "client"
"""


@dataclass
class Place:
    """Where a server is and what its provider notes.

    Attributes:
        kind: How it is reached: over ``stdio``, over ``http``, or over HTTP in ``sessions``.
        url: Of one that runs; empty for one that the client starts.
        environment: For one that the client starts.
        notes: ``started`` and ``stopped`` appear here when endless work begins and is cancelled; who hears of
            the progress of slow work puts ``heard`` here, and the work goes on.
    """

    kind: str
    url: str
    environment: dict[str, str]
    notes: Path

    def reaches_back(self, version: str) -> bool:
        """Can a message of the client reach a call that is under way, or the call be repeated with an answer."""
        return self.kind != "http" or version == MODERN

    def asks(self, version: str) -> bool:
        """Can the user be asked: forms came with 2025-06-18."""
        return self.reaches_back(version) and version >= "2025-06-18"

    @property
    def target(self) -> list[str]:
        """What a client is told: the address, or the command."""
        return [self.url] if self.url else [sys.executable, *SERVE]

    async def noted(self, note: str) -> None:
        """Wait for a note."""
        with anyio.fail_after(60):
            while not (self.notes / note).exists():  # noqa: ASYNC110  # another process makes it
                await anyio.sleep(0.02)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Settings with one account of the patient provider, which is installed for children only."""
    folder = tmp_path_factory.mktemp("clients")
    package = folder / "site" / "patient-1.0.dist-info"
    package.mkdir(parents=True)
    shutil.copy(HERE / "patient.py", folder / "site")
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: patient\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[dragoman.providers]\npatient = patient:Patient\n", encoding="utf-8")
    settings = folder / "dragoman.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    return kept | {
        "DRAGOMAN_CONFIG": str(settings),
        "DRAGOMAN_DATA": str(folder / "data"),
        "PATIENT_NOTES": str(folder),
        "PYTHONPATH": str(folder / "site"),
        "HOME": str(folder),
    }


@pytest.fixture(scope="module")
def http(environment):
    """The address of a server over HTTP."""
    with _served(environment) as address:
        yield address


@pytest.fixture(scope="module")
def sessions(environment, tmp_path_factory):
    """The address of a server over HTTP whose older clients have sessions."""
    settings = tmp_path_factory.mktemp("sessions") / "dragoman.toml"
    settings.write_text(f"{SETTINGS}[http]\nsessions = true\n", encoding="utf-8")
    with _served(environment | {"DRAGOMAN_CONFIG": str(settings)}) as address:
        yield address


@contextmanager
def _served(environment):
    command = [sys.executable, *SERVE, "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
        try:
            yield _address(process)
        finally:
            process.kill()


def _address(process):
    said = []
    for line in process.stderr:
        said.append(line.decode())
        if found := re.search(r"http://127\.0\.0\.1:\d+/mcp", said[-1]):
            threading.Thread(target=process.stderr.read, daemon=True).start()  # or the pipe fills up
            return found[0]
    raise AssertionError("".join(said))


@pytest.fixture(params=["stdio", "http", "sessions"])
def place(request, environment):
    """A server, over each transport."""
    notes = Path(environment["PATIENT_NOTES"])
    for note in ("started", "stopped", "heard"):
        (notes / note).unlink(missing_ok=True)
    url = "" if request.param == "stdio" else request.getfixturevalue(request.param)
    return Place(request.param, url, environment, notes)


@pytest.fixture
def start_node():
    """Start programs of the installed Node; none outlives the test."""
    if not NODE.exists():
        pytest.skip("the clients that are written for Node are not installed; ./run conformance installs them")
    with ExitStack() as stack:

        def start(*arguments: object, environment: dict[str, str]) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [str(NODE), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment,
            )  # fmt: skip
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def modules():
    """The folder of the Node modules."""
    return MODULES
