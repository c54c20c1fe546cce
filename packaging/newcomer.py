"""Plays somebody who has never heard of Dragoman, on a machine with nothing but Python, and counts what it takes.

The commands are those of the three ways in the README, in their order, each way with an empty home folder. Nothing
of a service is reached: a stand-in on this machine plays Slack.

    ./run newcomer                      installs from this checkout first: as the README says where uv is, and into
                                        a new environment
    ./run newcomer --installed FOLDER   takes an environment in which it is installed already
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final
from zipfile import ZipFile

HOME: Final = Path(__file__).resolve().parents[1]
_SAMPLE: Final = "WhatsApp Chat with Night crew.txt"
_COMMENT: Final = re.compile(r"\s+#\s")
_PATIENCE: Final = 300.0
_INSTALLERS: Final = ("UV_", "PIP_", "SSL_", "http", "HTTP", "no_proxy", "NO_PROXY")
"""What begins so says how packages are fetched here."""

_MOST_ANSWERS: Final = 20


@dataclass(slots=True)
class Way:
    """One way of the README, as it went.

    Attributes:
        name: Its heading.
        commands: What was typed.
        seconds: How long all of it took.
        answers: How many questions were answered.
        problem: What did not work; empty when all of it did.
        last: What the last command printed.
    """

    name: str
    commands: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    answers: int = 0
    problem: str = ""
    last: str = ""


class Machine:
    """An empty home folder, a search path with the command and the system's programs, and no other variables."""

    def __init__(self, folder: Path, programs: Path) -> None:
        """Make it below a folder."""
        self.home = folder
        folder.mkdir()
        for client in (".claude", ".config/Claude"):
            (folder / client).mkdir(parents=True)
        self.variables = {
            "HOME": str(folder), "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "TERM": "dumb",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "LANG": "C.UTF-8",
        }  # fmt: skip

    def run(self, line: str, way: Way, folder: Path | None = None) -> str:
        """Type a command, in the home folder or another one; what went wrong is noted on the way."""
        done = subprocess.run(
            shlex.split(line), cwd=folder or self.home, env=self.variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        if done.returncode:
            way.problem = way.problem or f"{line}: {(done.stderr or done.stdout).strip()[-500:]}"
        return done.stdout + done.stderr

    def talk(self, line: str, way: Way, answers: Mapping[str, str]) -> str:
        """Type a command into a terminal, and an answer below each question; Enter where none is known."""
        import pty  # noqa: PLC0415  # POSIX only, and only this way asks

        words = shlex.split(line)
        child, terminal = pty.fork()
        if child == 0:  # another process
            os.chdir(self.home)
            os.execvpe(words[0], words, self.variables)  # noqa: S606  # the command of the README
        seen = b""
        while (part := _read(terminal)) and way.answers < _MOST_ANSWERS:
            seen += part
            if seen.endswith(b": "):
                question = seen.decode(errors="replace").splitlines()[-1]
                answer = next((answer for words, answer in answers.items() if words in question), "")
                way.answers += 1
                os.write(terminal, f"{answer}\n".encode())
        os.close(terminal)  # whoever still asks gets no answer
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            way.problem = way.problem or f"{line}: {seen.decode(errors='replace')[-500:]}"
        return seen.decode(errors="replace")


def _read(terminal: int) -> bytes:
    """What is printed next; nothing at the end, or when nothing comes any more."""
    ready, _, _ = select.select([terminal], [], [], _PATIENCE)
    try:
        return os.read(terminal, 4096) if ready else b""
    except OSError:  # how a terminal ends
        return b""


def section(title: str) -> str:
    """What the README says under a heading."""
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    return readme.split(f"## {title}\n")[1].split("\n## ")[0]


def commands(title: str) -> list[str]:
    """The commands under a heading of the README, without their remarks."""
    lines = re.findall(r"```sh\n(.*?)```", section(title), re.DOTALL)[0].splitlines()
    return [_COMMENT.split(line)[0].strip() for line in lines if line.strip()]


def with_an_export(machine: Machine, way: Way) -> None:
    """Import an export, look into it, and connect a client."""
    with ZipFile(machine.home / "chat.zip", "w") as archive:
        archive.writestr(_SAMPLE, (files("dragoman") / "archives" / "samples" / _SAMPLE).read_bytes())
    for line in commands(way.name):
        way.commands.append(line)
        way.last = machine.run(line, way)


def with_a_service(machine: Machine, way: Way) -> None:
    """Connect Slack, played by a stand-in, and a client."""
    from dragoman.accounts.provider_registry import replay_of  # noqa: PLC0415  # only this way

    with replay_of("slack").serve() as account:
        answers = {
            "Which service": "slack", "base_url": str(account["base_url"]), "token (": str(account["token"]),
            "(off, confirm, allow)": "confirm",
        }  # fmt: skip
        for line in commands(way.name):
            way.commands.append(line)
            asks = line == "dragoman init"
            way.last = machine.talk(line, way, answers) if asks else machine.run(line, way)


def with_tests(machine: Machine, way: Way) -> None:
    """Run the test of the README."""
    test = re.findall(r"```python\n(.*?)```", section(way.name), re.DOTALL)[0]
    (machine.home / "test_mine.py").write_text(test, encoding="utf-8")
    way.commands.append("pytest test_mine.py")
    way.last = machine.run("pytest -q -p no:cacheprovider test_mine.py", way)


def with_uv(machine: Machine) -> Way:
    """Install as the README says, from the address of this checkout and from its folder, and see the demonstration."""
    way = Way("Install")
    started = time.monotonic()
    machine.variables |= {name: value for name, value in os.environ.items() if name.startswith(_INSTALLERS)}
    machine.variables["PATH"] = f"{machine.home}/.local/bin{os.pathsep}{os.environ['PATH']}"
    for line in commands(way.name):
        way.commands.append(line)
        way.last = machine.run(line.replace("ADDRESS", HOME.as_uri()), way, HOME)
    way.seconds = time.monotonic() - started
    return way


WAYS: Final = {
    "I have an export": with_an_export,
    "I use Slack, mail or another service": with_a_service,
    "I write tests": with_tests,
}


def play(folder: Path, programs: Path) -> list[Way]:
    """Go all three ways, each on a machine of its own."""
    found: list[Way] = []
    for number, (name, go) in enumerate(WAYS.items()):
        way = Way(name)
        machine = Machine(folder / f"home-{number}", programs)
        started = time.monotonic()
        go(machine, way)
        way.seconds = time.monotonic() - started
        found.append(way)
    return found


def install(folder: Path) -> tuple[Path, float]:
    """Install this checkout, with pytest, into a new environment; where its programs are, and the seconds it took."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", HOME / "constraints.txt", HOME, "pytest"], check=True)
    return folder / "bin", time.monotonic() - started


def main() -> int:
    """Play, and print a line for each way."""
    parser = argparse.ArgumentParser(description="Play a newcomer, and count commands and seconds.")
    parser.add_argument("--installed", type=Path, metavar="FOLDER", help="an environment with dragoman and pytest")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as name:
        folder = Path(name)
        programs, seconds = (asked.installed.resolve() / "bin", 0.0) if asked.installed else install(folder / "env")
        by_uv = not asked.installed and shutil.which("uv") and (HOME / ".git").exists()
        first = [with_uv(Machine(folder / "home", programs))] if by_uv else []
        ways = [*first, *play(folder, programs)]
    if asked.json:
        rows = [{key: getattr(way, key) for key in Way.__slots__} for way in ways]
        print(json.dumps({"install_seconds": seconds, "ways": rows}, indent=1))
    else:
        if not asked.installed:
            print(f"install: 1 command, {seconds:.1f} s")
        for way in ways:
            outcome = way.problem or "works"
            print(f"{way.name}: {len(way.commands)} commands, {way.answers} answers, {way.seconds:.1f} s: {outcome}")
    return int(any(way.problem for way in ways))


if __name__ == "__main__":
    sys.exit(main())
