"""What goes wrong at the first start is one or two sentences that say what to do, whatever the reason."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from dragoman_server.cli import entry
from dragoman_server.cli.main import cli

ROOT = Path(__file__).parents[2]
OLDER = [name for name in ("python3.10", "python3.9", "python3.8") if shutil.which(name)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_plain(said):
    """One or two sentences on a line, and nothing that a programmer alone can read."""
    assert len(said.strip().splitlines()) == 1, said
    assert "Traceback" not in said
    assert said.strip().endswith(".")
    return said


def test_a_python_that_is_too_old_is_told_with_the_one_that_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(sys, "version", "3.10.13 (main)")
    with pytest.raises(SystemExit) as raised:
        entry.main()
    said = is_plain(str(raised.value.code))
    assert "needs Python 3.11 or newer, and this is 3.10.13" in said
    assert "Start it with another one" in said


@pytest.mark.skipif(not OLDER, reason="there is no older Python here")
@pytest.mark.parametrize("name", OLDER)
def test_an_older_python_itself_says_so(name, home):
    works = subprocess.run([name, "-c", ""], capture_output=True, check=False)
    if works.returncode:
        pytest.skip("this name leads to no Python")
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "tools"))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [name, "-m", "dragoman_server", "serve"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "needs Python 3.11 or newer" in is_plain(done.stderr)


@pytest.mark.parametrize("words", [["call", "list_conversations"], ["search", "x"], ["stats"], ["audit"], ["outbox"]])
def test_a_store_of_a_newer_version_is_told_with_both_ways_out_and_left_alone(words, home):
    assert CliRunner().invoke(cli, ["call", "list_conversations"]).exit_code == 0
    file = home / "data" / "dragoman.db"
    connection = apsw.Connection(str(file))
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = file.read_bytes()
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 1
    said = is_plain(done.output)
    assert "was written by a newer Dragoman" in said
    assert "Update Dragoman, or" in said
    assert file.read_bytes() == before


def test_a_port_in_use_is_told_with_another_to_take(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "dragoman_server", "serve", "--http", address],
            capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    assert done.returncode == 1
    said = is_plain(done.stderr)
    assert f"cannot listen at {address}" in said
    assert "--http" in said


@pytest.mark.parametrize(
    ("setting", "missing", "extra"),
    [
        ('telemetry = "http://127.0.0.1:4318"', "opentelemetry.sdk", "dragoman[telemetry]"),
        ('store = "postgresql://ann@127.0.0.1/messages"', "psycopg", "dragoman[postgres]"),
    ],
)
def test_a_missing_extra_is_named_as_it_is_installed(setting, missing, extra, home, monkeypatch):
    real = importlib.util.find_spec

    def find_spec(name, package=None):
        return None if name == missing else real(name, package)

    for module in ("dragoman_server.config.server_settings", "dragoman.store.places"):
        monkeypatch.setattr(importlib.import_module(module), "find_spec", find_spec)
    (home / "d.toml").write_text(f"{setting}\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["accounts", "--config", str(home / "d.toml")])
    assert done.exit_code == 2
    said = is_plain(done.output)
    assert "needs more packages" in said
    assert extra in said
