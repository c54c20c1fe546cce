"""SIGHUP while everybody goes on calling: new settings are taken when they can be used, and no call is lost."""

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_rolling import FAR, calling

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the signals are those of POSIX"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are looked up in /proc"),
]

WORKERS = pytest.mark.parametrize("workers", [1, 2])
BROKEN_PROVIDER = "import a_module_that_is_not_there\n"
DYING_PROVIDER = "import os\nos._exit(9)\n"
BROKEN = {
    "a misspelt key": FAR.replace("drain_delay", "drain_dealy"),
    "no TOML": FAR + "[accounts\n",
    "an unknown provider": FAR.replace('"trouble"', '"trubble"'),
    "nobody let in": FAR + "[auth]\n",
}


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def serving(site, workers):
    with site(FAR, *(["--workers", str(workers)] if workers > 1 else [])) as server:
        until(lambda: server.get("/readyz").status == 200)
        until(lambda: len(server.workers) == workers)
        if workers > 1:  # one of them is ready; those that take the place of all are known to be
            before = server.workers
            server.signal(signal.SIGHUP)
            until(lambda: not before & server.workers)
        yield server


def reload_fails(server):
    """Send SIGHUP and wait for the line that says why nothing was replaced."""
    before = server.workers
    lines = len(server.log)
    server.signal(signal.SIGHUP)
    until(lambda: any("not reloaded" in line for line in server.log[lines:]))
    until(lambda: server.workers == before)
    return "".join(server.log[lines:])


@WORKERS
def test_new_settings_are_taken_and_no_call_fails(site, trouble, tmp_path, workers):
    with serving(site, workers) as server:
        before = server.workers
        settings = tmp_path / "dragoman.toml"
        settings.write_text(FAR.replace("[accounts.far]", '[accounts.near]\nprovider = "local"\n[accounts.far]'))
        with calling(server.port):
            server.signal(signal.SIGHUP)
            until(lambda: not before & server.workers)
        assert len(server.workers) == workers
        assert "0 conversations" in server.call("list_conversations", account="near").text


def test_settings_that_cannot_be_used_replace_nothing_and_fail_no_call(site, trouble, tmp_path):
    with serving(site, 2) as server, calling(server.port):
        for what, text in BROKEN.items():
            (tmp_path / "dragoman.toml").write_text(text)
            said = reload_fails(server)
            assert len(said.splitlines()) == 1, what
            assert "dragoman.toml" in said, what
        (tmp_path / "dragoman.toml").unlink()
        assert "no such settings file" in reload_fails(server)
    assert "Traceback" not in "".join(server.log)


def test_a_store_that_cannot_be_opened_replaces_nothing_and_fails_no_call(site, trouble, tmp_path):
    (tmp_path / "notes.txt").write_text("this is no database, whatever its name says " * 100)
    places = {
        "a folder that is a file": tmp_path / "notes.txt" / "dragoman.db",
        "a text": tmp_path / "notes.txt",
        "a folder": tmp_path,
    }
    with serving(site, 1) as server, calling(server.port):
        for what, place in places.items():
            for text in (f"store = '{place}'\n{FAR}", f"[accounts.old]\nprovider = \"local\"\npath = '{place}'\n{FAR}"):
                (tmp_path / "dragoman.toml").write_text(text)
                said = reload_fails(server)
                assert place.name in said, what
                assert len(said.splitlines()) == 1, what
    assert "Traceback" not in "".join(server.log)


@pytest.mark.parametrize(
    ("workers", "code", "told"), [(1, DYING_PROVIDER, "status 9"), (2, BROKEN_PROVIDER, "trouble")]
)
def test_a_provider_that_does_not_start_replaces_nothing_and_fails_no_call(
    site, trouble, tmp_path, workers, code, told
):
    with serving(site, workers) as server, calling(server.port):
        (tmp_path / "site" / "trouble.py").write_text(code)
        said = reload_fails(server)
        assert told in said
        assert len(said.splitlines()) == 1
    assert "Traceback" not in "".join(server.log)


def test_a_worker_that_dies_while_the_settings_are_broken_is_replaced_with_those_that_worked(site, trouble, tmp_path):
    with serving(site, 1) as server:
        (tmp_path / "dragoman.toml").write_text(BROKEN["a misspelt key"])
        reload_fails(server)
        (died,) = server.workers
        os.kill(died, signal.SIGKILL)
        until(lambda: server.workers - {died})
        assert "Room" in server.call("list_conversations", account="far").text


def test_authentication_cannot_be_reloaded_away_from_an_address_of_the_network(site, tmp_path):
    settings = '[auth.tokens.ann]\nhash = "sha256:' + "0" * 64 + '"\n'
    with site(settings, "--http", "0.0.0.0:0") as server:
        until(lambda: server.get("/readyz").status == 200)
        (tmp_path / "dragoman.toml").write_text("")
        assert "Without authentication" in reload_fails(server)
        assert server.ask("tools/list").status == 401
