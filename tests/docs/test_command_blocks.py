"""Every command that stands in a block of a page is run as it stands there, for somebody who has nothing else."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from importlib.resources import files
from zipfile import ZipFile

import click
import command_reference
import pytest
from click.testing import CliRunner, Result

import doc_pages
from dragoman_server.cli.main import cli

FOREIGN = {"uv", "uvx", "pipx", "docker", "DRAGOMAN_ACCEPT=1"}  # packaging/test_dockerfile runs those of docker
NOT_HERE = {
    "init": "asks in a terminal or reaches a service: server/setup",
    "serve": "runs until it is ended: server/",
    "demo": "server/test_demo",
    "login": "reaches a service: server/setup",
}
FAILS = {
    "outbox --sent 12": "no write",
    "outbox --not-sent 12": "no write",
    "forget support": "no account",
    "forget support Old room": "no account",
}
"""Commands about something that is not there, with what they say."""

SETTINGS = """\
[accounts.local]
provider = "local"

[accounts.old-slack]
provider = "local"
path = "~/old-slack.db"
"""
SAMPLE = "archives/samples/WhatsApp Chat with Night crew.txt"


def lines(text: str) -> list[str]:
    """The commands of a block, without their remarks."""
    whole = text.replace("\\\n", " ").splitlines()
    return [command for line in whole if (command := re.split(r"\s+#\s", line)[0].strip())]


PAGES = sorted({block.page for block in doc_pages.blocks("sh")})


def commands_of(page: str) -> list[list[str]]:
    return [shlex.split(line) for block in doc_pages.blocks("sh") if block.page == page for line in lines(block.text)]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A home folder with a client and an export in it, and nothing else."""
    home = tmp_path / "home"
    for folder in (".claude", ".config/Claude", "Library/Application Support/Claude"):
        (home / folder).mkdir(parents=True)
    for name in ("chat.zip", "export.zip", "old.zip"):
        with ZipFile(home / name, "w") as archive:
            archive.writestr("WhatsApp Chat with Night crew.txt", (files("dragoman") / SAMPLE).read_bytes())
    for name in [key for key in os.environ if key.startswith(("DRAGOMAN_", "XDG_", "CLAUDE_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(home)
    return home


def run(words: list[str]) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_it_says(page, machine):
    story = [words for words in commands_of(page) if words[0] == "dragoman" and words[1] not in NOT_HERE]
    if page == "docs/archives.md":
        config = machine / ".config" / "dragoman"
        config.mkdir(parents=True)
        (config / "dragoman.toml").write_text(SETTINGS, encoding="utf-8")
    if page == "docs/operations.md":
        assert run(["import", "chat.zip"]).exit_code == 0
    for _, *words in story:
        if words[:2] == ["store", "salvage"]:
            shutil.copy(machine / "FILE", machine / "OLD")
        done = run(words)
        expected = FAILS.get(" ".join(words))
        assert done.exit_code == (1 if expected else 0), (words, done.stdout, done.stderr)
        assert expected is None or expected in done.stderr.lower()
        assert done.stdout.strip() or expected


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one_with_these_arguments(page):
    for program, *words in commands_of(page):
        if program == "./run":
            continue  # server/test_run_script
        if program == "dragoman":
            found = command_reference.find(words)
            assert found, words
            command, rest = found
            command.make_context(command.name, rest, resilient_parsing=False, parent=click.Context(command))
        else:
            assert program in FOREIGN
