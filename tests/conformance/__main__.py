"""``python -m tests.conformance``: the official suite against the product and against the fixtures.

The product is judged by the scenarios that need nothing but a server, on the demonstration's data.
Everything else calls tools of the suite's own, which the fixture server has, behind the product's
transport and the product's words for failures. Both are judged without sessions, as they are served
unless the settings say otherwise, and with them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from tests.conformance import scenarios, verdict

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
MODULES = ROOT / ".node" / "node_modules"
NODE = MODULES / ".bin" / "node"
CHAT = ROOT / "tools" / "dragoman" / "archives" / "samples" / "team_chat.json"
PRODUCT = [sys.executable, "-m", "dragoman_server"]
FIXTURES = [sys.executable, "-m", "tests.conformance.fixture_server"]
LONGEST_START = 60
LONGEST_RUN = 300


@dataclass(frozen=True)
class Server:
    """A server under test."""

    name: str
    url: str
    sessions: bool

    @property
    def title(self) -> str:
        """What its lines begin with, and the name of its list of expected failures."""
        return f"{self.name}-in-sessions" if self.sessions else self.name


def main() -> int:
    """Run everything; 1 when anything is not as expected."""
    with TemporaryDirectory(prefix="dragoman-") as name:
        folder = Path(name)
        chats = _with_chats(folder)
        held: list[bool] = []
        for sessions in (False, True):
            for serving in (_product(chats, sessions=sessions), _fixtures(sessions=sessions)):
                with serving as server:
                    held += [_holds(suite, server, folder) for suite in scenarios.SUITES]
    right = all(held)
    sys.stdout.write("Every result is as expected.\n" if right else "There are unexpected results.\n")
    return int(not right)


def _holds(suite: scenarios.Suite, server: Server, folder: Path) -> bool:
    """Run a suite and print its line, with a line for everything that is wrong."""
    results = folder / f"{server.title}-{suite.name}-{suite.revision}"
    program = MODULES / suite.package / "dist" / "index.js"
    command = [NODE, program, "server", "--url", server.url, *suite.options, "-o", results]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=folder, check=False, timeout=LONGEST_RUN)
    seconds = time.perf_counter() - started
    wanted = suite.wanted(server.name, sessions=server.sessions)
    expected = verdict.expected_in(FOLDER / f"expected-{server.title}.yaml")
    told = verdict.judge(verdict.read(results), wanted, expected)
    if told.judged == 0:
        told.wrong.append(done.stderr.decode(errors="replace")[-2000:])
    line = f"{server.title:20}  {suite.name:6} {suite.version:16} {suite.revision}  "
    line += f"{told.judged:2} scenarios, {told.passed:3} checks passed, {told.expected} failed as expected, "
    sys.stdout.write(f"{line}{len(told.wrong)} wrong  ({seconds:.1f} s)\n")
    sys.stdout.writelines(f"  {sentence}\n" for sentence in told.wrong)
    sys.stdout.flush()
    return not told.wrong


def _with_chats(folder: Path) -> Path:
    """Settings whose store has the demonstration's data."""
    settings = folder / "dragoman.toml"
    store = (folder / "store.db").as_posix()
    settings.write_text(f'[accounts.local]\nprovider = "local"\npath = "{store}"\n', encoding="utf-8")
    command = [*PRODUCT, "import", "--config", str(settings), str(CHAT)]
    subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_START)
    return settings


@contextmanager
def _product(settings: Path, *, sessions: bool) -> Iterator[Server]:
    """``dragoman serve --http``."""
    with settings.open("a", encoding="utf-8") as file:
        file.write("[http]\nsessions = true\n" if sessions else "")
    with _served([*PRODUCT, "serve", "--http", "127.0.0.1:0", "--config", str(settings)]) as url:
        yield Server("product", url, sessions)


@contextmanager
def _fixtures(*, sessions: bool) -> Iterator[Server]:
    with _served([*FIXTURES, *(["--sessions"] if sessions else [])]) as url:
        yield Server("fixtures", url, sessions)


@contextmanager
def _served(command: list[str]) -> Iterator[str]:
    """The address of a server, for as long as the context lasts."""
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield _url(process.stderr)
        finally:
            process.terminate()


def _url(said: IO[str]) -> str:
    heard: list[str] = []
    for line in said:
        heard.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/mcp", line):
            return found[0]
    raise SystemExit("The server did not start:\n" + "".join(heard))


if __name__ == "__main__":
    sys.exit(main())
