"""``dragoman forget``: says how much, asks, and leaves nothing."""

import re
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store
from dragoman_server.cli.main import cli

NOWHERE = '[accounts.desk]\nprovider = "convore"\nbase_url = "http://127.0.0.1:1"\ntoken = "t"\n'


@pytest.fixture
def store_path(environment):
    return Path(environment["DRAGOMAN_DATA"]) / "dragoman.db"


@pytest.fixture
def run(fresh_machine, tmp_path, store_path):
    config = tmp_path / "dragoman.toml"
    config.write_text(f'{NOWHERE}[accounts.local]\nprovider = "local"\n', "utf-8")
    anyio.run(fill, store_path)
    return lambda *arguments: CliRunner().invoke(
        cli, ["forget", *arguments, "--config", str(config)], catch_exceptions=False
    )


async def fill(path: Path) -> None:
    def messages(conversation: str, count: int) -> list[Message]:
        return [
            Message(
                id=f"{conversation}-{n}", conversation=conversation, author=Author(name="Ann"),
                sent_at=datetime(2026, 3, 10, tzinfo=UTC), text=f"zyzzyva of {conversation} {n}",
            )
            for n in range(count)
        ]  # fmt: skip

    async with open_store(path) as store:
        for account in ("desk", "gone"):
            await store.messages.number([*messages("c1", 5), *messages("c2", 1)], account=account)
            named = [
                Conversation(id=id_, account=account, title=title) for id_, title in (("c1", "Billing"), ("c2", "B"))
            ]
            await store.messages.remember_conversations(named)
    async with LocalProvider.open(LocalSettings(provider="local", path=path)) as local:
        for room in ("room", "attic"):
            await local.import_conversation(Conversation(id=room, title=room.title()), messages(room, 7))


def held(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob("dragoman.db*"))


@pytest.mark.parametrize("said", ["c1", "desk:c1", "Billing", "#billing"])
def test_a_conversation_is_forgotten_by_its_id_reference_or_title(run, store_path, said):
    result = run("desk", said, "--yes")
    assert result.exit_code == 0
    assert result.stdout.startswith("Forgot 5 messages in 1 conversation of ")
    assert re.search(rb"zyzzyva of c2", held(store_path))
    again = run("desk", said, "--yes")
    assert "emembered of" in again.output


def test_an_account_that_the_settings_name_no_more_is_forgotten(run, store_path):
    assert run("gone", "--yes").stdout.startswith("Forgot 6 messages in 2 conversations of gone.")
    assert run("desk", "--yes").stdout.startswith("Forgot 6 messages in 2 conversations of desk.")
    assert b"zyzzyva of c" not in held(store_path)
    assert b"zyzzyva of room" in held(store_path)


def test_without_a_terminal_nothing_is_forgotten_unless_yes_is_said(run, store_path):
    before = held(store_path)
    result = run("desk")
    assert result.exit_code == 1
    assert "6 messages in 2 conversations of desk will be deleted" in result.stderr
    assert "--yes" in result.stderr
    assert held(store_path).count(b"zyzzyva of c1") == before.count(b"zyzzyva of c1")


def test_in_a_terminal_it_is_asked(run, monkeypatch):
    monkeypatch.setattr("dragoman_server.cli.store_commands.is_terminal", lambda: True)
    asked = []
    monkeypatch.setattr("click.confirm", lambda text, **_: asked.append(text) or len(asked) > 1)
    assert run("desk").stdout.strip() == "Nothing was forgotten."
    assert run("desk").stdout.startswith("Forgot 6 messages")
    assert asked[0] == "6 messages in 2 conversations of desk will be deleted from the store. Go on?"


def test_of_the_local_account_the_messages_themselves_are_deleted(run, store_path):
    result = run("local", "Attic", "--yes")
    assert result.stdout.startswith("Forgot 7 messages in 1 conversation of ")
    assert b"zyzzyva of attic" not in held(store_path)
    assert b"zyzzyva of room" in held(store_path)
    assert "store. There is no other copy" in run("local").stderr


@pytest.mark.parametrize(
    ("words", "said"), [(("nobody",), "no account"), (("desk", "nowhere"), "Nothing is remembered")]
)
def test_what_is_not_there_is_one_sentence(run, words, said):
    result = run(*words, "--yes")
    assert result.exit_code == 1
    assert said in result.stderr
