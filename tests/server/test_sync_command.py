"""``dragoman sync``, and the sync of a server: what a person at a shell sees, and what a service is asked."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import forked_program
import harbor
import pytest

OLD = 1_700_000_000.0


@pytest.fixture
def services(tmp_path, environment, settings_named):
    """Two accounts of services with two conversations each."""
    harbor.install(tmp_path / "site", environment)
    found = {name: harbor.Service(tmp_path / name) for name in ("desk", "lab")}
    for name, service in found.items():
        service.post("deck", *(f"{name} old {number}" for number in range(120)), at=OLD)
        service.post("hold", f"{name} new", at=OLD + 1000)
    settings_named('timezone = "UTC"\n' + "".join(one.settings(name) for name, one in found.items()))
    return found


def lines(result):
    return result.stdout.decode().splitlines()


def test_a_sync_ends_well_when_all_is_held_and_says_so_in_a_line_for_each_account(services, dragoman_command):
    result = dragoman_command("sync")
    assert (result.returncode, result.stderr) == (0, b"")
    form = r"(desk|lab): 2 of 2 conversations, back to 2023-11-14, as of \d\d:\d\d"
    assert [bool(re.fullmatch(form, line)) for line in lines(result)] == [True, True]
    assert lines(dragoman_command("search", "old", "--account", "desk"))[0].startswith(
        "20 hits · desk: local index: 2 of 2 conversations, back to 2023-11-14"
    )
    asked = services["desk"].asked()
    assert lines(dragoman_command("sync", "--status")) == lines(result)
    assert services["desk"].asked() == asked


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to imitate")
def test_in_a_terminal_one_line_shows_how_far_it_is_and_is_gone_at_the_end(services, environment, tmp_path):
    screen, inner = os.openpty()
    command = [sys.executable, "-m", "dragoman_server", "sync"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=inner, env=environment, cwd=tmp_path) as process:
        os.close(inner)
        shown = _all_of(screen)
        assert process.stdout.read().count(b"2 of 2 conversations") == 2
    assert process.returncode == 0
    *steps, last = shown.decode().split("\r\x1b[K")[1:]
    assert all(re.fullmatch(r"[\d,]+ new messages · \d+ requests", one) for one in steps), steps
    assert steps[-1].startswith("242 new messages")
    assert last == ""
    assert "\n" not in shown.decode()


def _all_of(screen):
    """What a terminal shows until nobody writes to it any more."""
    shown = b""
    with suppress(OSError):  # how Linux tells the end
        while part := os.read(screen, 4096):
            shown += part
    os.close(screen)
    return shown


def test_only_the_accounts_that_are_named_are_brought_up_to_date(services, dragoman_command):
    result = dragoman_command("sync", "lab")
    assert [line.split(":")[0] for line in lines(result)] == ["lab"]
    assert services["desk"].asked() == []
    status = {one["account"]: one for one in json.loads(dragoman_command("sync", "--status", "--json").stdout)}
    assert (status["lab"]["complete"], status["lab"]["held"]) == (True, 2)
    assert (status["desk"]["complete"], status["desk"]["conversations"]) == (False, 0)
    assert "fresh_at" not in status["desk"]


def test_an_account_whose_token_has_ended_is_told_and_the_other_is_held(services, dragoman_command):
    services["desk"].die()
    result = dragoman_command("sync")
    assert result.returncode == 1
    desk, reason, lab = lines(result)
    assert desk == "desk: 0 of 0 conversations listed so far, never read"
    assert re.fullmatch(r"  desk failed once: The token has expired\. Sign in again\. Tried again at .*", reason)
    assert lab.startswith("lab: 2 of 2 conversations")


def test_what_is_wrong_with_the_question_is_told_in_words(services, dragoman_command, settings_named):
    assert b"There is no account" in dragoman_command("sync", "nobody").stderr
    settings_named(services["desk"].settings("desk", ""))
    for names in ((), ("desk",)):
        result = dragoman_command("sync", *names)
        assert result.returncode == 1
        assert b'Set sync = "90d" or sync = "all" in' in result.stderr
    assert dragoman_command("sync", "--watch", "--status").returncode == 2
    settings_named("")
    assert b"There is no account of a service; `dragoman init` adds one." in dragoman_command("sync").stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sync_that_watches_brings_what_is_new_and_ends_cleanly_with_a_signal(
    services, dragoman_command, environment, tmp_path, number
):
    with forked_program.start(["sync", "--watch"], env=environment, cwd=tmp_path) as process:
        status = _until(lambda: _statuses(dragoman_command), lambda found: all(one["complete"] for one in found))
        assert all("kept_current_by" in one for one in status)
        assert b"kept current by" in dragoman_command("sync").stdout
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert out.decode().count("2 of 2 conversations") == 2
    assert not any("kept_current_by" in one for one in _statuses(dragoman_command))


def test_a_server_keeps_the_store_current_after_its_first_answers_and_asks_nothing_before(
    services, serve, dragoman_command
):
    with serve() as server:
        server.greet()
        assert services["desk"].asked() == []
        server.ask(1, "tools/list")
        found = _until(lambda: _statuses(dragoman_command), lambda found: all(one["complete"] for one in found))
        assert [one["held"] for one in found] == [2, 2]
        server.process.stdin.close()
        assert server.process.wait(40) == 0
        assert b"Traceback" not in server.process.stderr.read()
    assert not any("kept_current_by" in one for one in _statuses(dragoman_command))


def test_of_the_processes_of_a_server_over_http_one_keeps_the_store_current(services, serve, dragoman_command):
    with serve("--http", "127.0.0.1:0", "--workers", "2") as server:
        found = _until(lambda: _statuses(dragoman_command), lambda found: all(one["complete"] for one in found))
        assert len({one["kept_current_by"].split(":")[1] for one in found}) <= 2
        assert services["desk"].asked().count("list_conversations") == 1
        server.process.terminate()
        assert server.process.wait(40) == 0
        assert b"Traceback" not in server.process.stderr.read()
    assert not any("kept_current_by" in one for one in _statuses(dragoman_command))


def test_a_server_whose_accounts_do_not_say_sync_asks_nothing(services, serve, settings_named, dragoman_command):
    settings_named(services["desk"].settings("desk", ""))
    with serve() as server:
        server.greet()
        server.ask(1, "tools/list")
        server.process.stdin.close()
        server.process.wait(40)
    assert services["desk"].asked() == []


def _statuses(dragoman_command):
    return json.loads(dragoman_command("sync", "--status", "--json").stdout)


def _until(ask, is_good):
    for _ in range(60):
        found = ask()
        if is_good(found):
            return found
    raise AssertionError(found)
