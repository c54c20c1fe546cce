"""``dragoman search`` takes a short way where it can, and says the same on it as on the usual one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import AccountSync, ConversationSync, SyncStep
from dragoman_server.cli import quick_search
from dragoman_server.cli.main import cli

NOWHERE = '[accounts.desk]\nprovider = "convore"\nbase_url = "http://127.0.0.1:1"\ntoken = "t"\n'
TEXTS = (
    "The budget for the café, voilà, naïve",
    "budgets and a 東京都へ行きます plan 👩‍👩‍👧 done",
    "hidden \u202e turned budget",
    "a very long budget " + "word " * 400,
    "Бюджет на год утверждён",
    "plain draft",
)
HEAVY = {"pydantic", "anyio", "asyncio", "click", "rich", "httpx", "mcp", "inspect", "logging", "tzlocal"} | {
    *("hashlib", "threading", "heapq", "argparse", "pathlib", "tempfile", "urllib", "sqlite3", "random", "decimal"),
    *("typing", "dataclasses", "copy", "ast"),
}
PROGRAM = """
import sys
from dragoman_server.cli import entry
sys.argv[1:] = {arguments!r}
end = entry.os._exit
def report(status):
    sys.stdout.flush()
    print(status, *sorted(name for name in sys.modules if name in {heavy!r}), file=sys.stderr, flush=True)
    end(0)
entry.os._exit = report
entry.main()
"""


@pytest.fixture
def config(fresh_machine, environment, tmp_path):
    """Settings with a local account and one of a service, and messages in both."""
    file = tmp_path / "dragoman.toml"
    file.write_text(f'timezone = "Europe/Berlin"\n{NOWHERE}[accounts.local]\nprovider = "local"\n', "utf-8")
    anyio.run(fill, Path(environment["DRAGOMAN_DATA"]) / "dragoman.db")
    return str(file)


async def fill(path: Path) -> None:
    def message(conversation: str, number: int) -> Message:
        return Message(
            id=f"m{number}",
            conversation=conversation,
            author=Author(name=f"Ann {number % 3}"),
            sent_at=None,
            text=f"{TEXTS[number % len(TEXTS)]} {number}",
            reply_to=f"m{number - 1}" if number % 4 == 3 else None,
        )

    async with LocalProvider.open(LocalSettings(provider="local", path=path)) as local:
        room = Conversation(id="room", title="Room")
        await local.import_conversation(room, [message("room", number) for number in range(60)])
    async with open_store(path) as store:
        await store.messages.number([message("c1", number) for number in range(60)], account="desk")
        await store.messages.remember_conversations([Conversation(id="c1", title="Billing", account="desk")])


def usual(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["search", *arguments], catch_exceptions=False)
    return done.exit_code, done.stdout


def without_cursor(text: str) -> str:
    return re.sub(r'(cursor[": ]+)k\w{7}', r"\1", text)


@pytest.mark.parametrize(
    "words",
    [
        ["budget"],
        ["budget", "--limit", "7"],
        ["budget", "--json", "--limit", "3"],
        ["budget", "--account", "desk"],
        ["бюджет"],
        ["京都"],
        ["hidden", "turned"],
        ["bugdet"],
        ["nothing-like-it"],
        ['"very long"', "-draft"],
        ["from:ann", "budget", "OR", "draft"],
        ["has:link", "budget"],
        ["nonsense:operator"],
        ["after:2020-01-01", "budget"],
    ],
)
def test_both_ways_say_the_same(config, capsys, words):
    status = quick_search.run([*words, "--config", config])
    assert status is not None
    shown = capsys.readouterr().out
    expected = usual(*words, "--config", config)
    assert (status, without_cursor(shown)) == (expected[0], without_cursor(expected[1]))


def test_pages_of_both_ways_follow_each_other(config, capsys):
    numbers: list[str] = []
    cursor: list[str] = []
    for turn in range(20):
        words = ["budget", "--limit", "9", "--config", config, *cursor]
        if turn % 2:
            text = usual(*words)[1]
        else:
            assert quick_search.run(words) is not None
            text = capsys.readouterr().out
        numbers += re.findall(r"(?m)^>?(\d+)", text.partition("\n")[2])
        found = re.search(r"more: cursor (\w+)", text)
        if found is None:
            break
        cursor = ["--cursor", found[1]]
    assert len(numbers) == len(set(numbers)) == 80


@pytest.mark.parametrize(
    "words",
    [
        ["budget", "in:#billing"],
        ["from:me", "budget"],
        ["budget", "--limit", "0"],
        ["budget", "--log-level", "debug"],
        ["budget", "--cursor", "kaaaaaa"],
        ["budget", "--account", "nobody"],
        ["--help"],
        [],
    ],
)
def test_what_is_not_plain_is_left_to_the_usual_way(config, capsys, words):
    assert quick_search.run([*words, "--config", config]) is None
    assert capsys.readouterr().out == ""


def test_settings_with_a_mistake_are_told_by_the_usual_way(config, capsys):
    Path(config).write_text('[accounts.local]\nprovider = "local"\nwriite = "off"\n', "utf-8")
    assert quick_search.run(["budget", "--config", config]) is None
    assert capsys.readouterr() == ("", "")


def test_settings_of_a_folder_that_is_not_trusted_are_told_by_the_usual_way(config, capsys):
    assert Path(config).name == "dragoman.toml"
    assert quick_search.run(["budget"]) is None
    assert capsys.readouterr() == ("", "")


def test_a_store_that_is_not_there_yet_is_made_by_the_usual_way(config, monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "new"))
    assert quick_search.run(["budget", "--config", config]) is None
    assert not (tmp_path / "new").exists()


def test_the_command_imports_nothing_that_takes_long(config, environment):
    arguments = ["search", "budget", "--config", config]
    program = PROGRAM.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    assert done.stdout.startswith("20 hits")
    assert done.stderr.split() == ["0"]


def test_a_search_that_is_not_plain_runs_the_usual_way_in_the_same_process(config, environment):
    command = [sys.executable, "-m", "dragoman_server", "search", "budget", "in:#room", "--config", config]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("20 hits")


def test_json_of_the_short_way_is_json(config, capsys):
    assert quick_search.run(["budget", "--json", "--config", config]) == 0
    assert len(json.loads(capsys.readouterr().out)["messages"]) == 20


@pytest.mark.parametrize("sync", ["all", "90d"])
def test_what_is_kept_current_is_told_alike(config, capsys, sync):
    settings = Path(config)
    settings.write_text(settings.read_text("utf-8").replace('token = "t"', f'token = "t"\nsync = "{sync}"'), "utf-8")
    anyio.run(cover, Path(os.environ["DRAGOMAN_DATA"]) / "dragoman.db")
    status = quick_search.run(["budget", "--config", config])
    assert status == 0
    shown = capsys.readouterr().out
    assert "desk: local index: 1 of 2 conversations" in shown
    assert without_cursor(shown) == without_cursor(usual("budget", "--config", config)[1])


async def cover(path: Path) -> None:
    async with open_store(path) as store:
        lease = await store.sync.take_lease("desk", "test")
        now = await store.sync.time()
        states = [ConversationSync(id=id_, follows=True, listed_at=now) for id_ in ("c1", "c2")]
        account = AccountSync(listed_at=now, fresh_at=now, began_at=now)
        step = SyncStep(states=states, covered=[("c1", Span(BEGINNING, OPEN))], account=account)
        await store.sync.commit(lease, step)
