"""An entry is proved by starting it once as the client would."""

import sys

import pytest

from dragoman.core.errors import Unavailable
from dragoman_server.config.load import load
from dragoman_server.setup.client import trial_start
from dragoman_server.setup.client.launch import Launch, launch

REAL = trial_start.try_start


@pytest.fixture
def started(home, monkeypatch):
    """The real start instead of the one that other tests leave out; what it started."""
    calls = []
    monkeypatch.setattr(trial_start, "try_start", lambda it: (calls.append(it), REAL(it)))
    return calls


def test_all_clients_that_are_found_get_the_entry_and_it_is_started_once(run, home, started):
    for folder in (".cursor", ".gemini"):
        (home / folder).mkdir()
    done = run("install", "--all")
    assert done.exit_code == 0
    assert "Cursor starts dragoman from now on" in done.stdout
    assert "Gemini CLI starts dragoman from now on" in done.stdout
    assert done.stdout.count("The server was started once and answered.") == len(started) == 1
    assert not list(home.rglob("dragoman.db")), "the proof leaves nothing behind"


def test_a_look_starts_nothing(run, home, started):
    assert run("install", "cursor", "--dry-run").exit_code == 0
    assert started == []


def test_settings_that_a_client_could_not_start_with_are_told_with_the_command_to_try(run, home, started, monkeypatch):
    """As when the settings are right in this terminal only: here a program that ends at once stands for the server."""
    (home / ".cursor").mkdir()
    broken = Launch(sys.executable, ("-c", "import sys; sys.exit('the door is stuck')"))
    monkeypatch.setattr("dragoman_server.setup.client.install_command.launch", lambda _config: broken)
    done = run("install", "cursor")
    assert done.exit_code == 1
    assert "Cursor starts dragoman from now on" in done.stdout
    assert "the server does not start: the door is stuck. Run `" in done.stderr
    assert "mend what it says" in done.stderr


@pytest.mark.parametrize(
    ("started_as", "reason"),
    [
        (Launch("/no/such/dragoman", ("serve",)), "No such file"),
        (Launch(sys.executable, ("-c", "print('{}'); print('no JSON'); print('[1]')")), "exit status 0"),
        (Launch(sys.executable, ("-c", "raise SystemExit(3)")), "exit status 3"),
    ],
)
def test_whatever_is_no_server_is_noticed(started_as, reason):
    with pytest.raises(Unavailable, match=reason):
        REAL(started_as)


def test_one_that_never_answers_is_ended(monkeypatch):
    monkeypatch.setattr(trial_start, "TIME_LIMIT", 0.2)
    with pytest.raises(Unavailable, match="no answer within"):
        REAL(Launch(sys.executable, ("-c", "import time; time.sleep(60)")))


def test_the_real_server_passes(home):
    REAL(launch(load()))
