import gzip
import random
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from dragoman_server.cli.main import cli

STORE = Path(__file__).parent.parent / "data" / "stores" / "schema_3.db.gz"
MESSAGE = ["conversation=local:room", "author=Ann", "sent_at=2026-03-10T09:00Z"]
COMMANDS = [
    ("check",),
    ("store", "verify"),
    ("store", "backup", "copy.db"),
    ("store", "salvage", "dragoman.db", "new.db"),
    ("accounts",),
    ("outbox",),
    ("audit",),
    ("stats",),
    ("call", "list_conversations"),
    ("call", "list_messages", "conversation=local:room"),
    ("call", "get_message", "message=2"),
    ("call", "search_messages", "query=launch"),
    ("call", "import_message", *MESSAGE, "text=new"),
    ("import", "lines.jsonl"),
]
LINE = '{"conversation": "room", "author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "text": "line"}'


@pytest.fixture
def run(fresh_machine, monkeypatch, tmp_path):
    """Run a command in this process, in the folder of the store."""
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


@pytest.fixture
def store_file(tmp_path):
    path = tmp_path / "dragoman.db"
    path.write_bytes(gzip.decompress(STORE.read_bytes()))
    return path


def test_a_store_is_copied_changed_and_put_back(run, tmp_path):
    run("call", "import_message", *MESSAGE, "text=first")
    backed_up = run("store", "backup", "copy.db")
    assert backed_up.exit_code == 0
    assert backed_up.stdout.startswith(f"copy.db holds a copy of {tmp_path}/dragoman.db (")
    run("call", "import_message", *MESSAGE, "text=second")
    restored = run("store", "restore", "copy.db")
    assert restored.exit_code == 0
    assert ".replaced; delete it when nothing is missing." in restored.stdout
    assert "first" in (listed := run("call", "list_messages", "conversation=local:room").stdout)
    assert "second" not in listed


def test_a_file_of_an_account_of_its_own_is_named_and_can_be_copied(run, tmp_path):
    (tmp_path / "dragoman.toml").write_text('[accounts.notes]\nprovider = "local"\npath = "notes.db"\n')
    run("call", "import_message", "conversation=notes:room", *MESSAGE[1:], "text=mine", "--config", "dragoman.toml")
    said = run("store", "backup", "copy.db", "--config", "dragoman.toml").stdout
    assert "The account notes has a file of its own" in said
    assert run("store", "backup", "notes-copy.db", "--store", "notes.db", "--config", "dragoman.toml").exit_code == 0
    assert run("store", "verify", "notes-copy.db").stdout.startswith("notes-copy.db is sound: 1 messages")


def test_a_sound_store_verifies_with_status_0_and_a_damaged_one_with_1(run, store_file):
    sound = run("store", "verify")
    assert (sound.exit_code, sound.stderr) == (0, "")
    assert "is sound: 17 messages" in sound.stdout
    con = apsw.Connection(str(store_file))
    con.execute("UPDATE local_places SET held = 2")
    con.close()
    run("outbox")  # brings the tables up to date
    damaged = run("store", "verify")
    assert damaged.exit_code == 1
    assert "the counters of conversation 1 do not fit its messages" in damaged.stdout
    assert "dragoman store salvage" in damaged.stdout


def test_check_tells_of_a_store_whose_index_is_damaged(run, store_file):
    run("outbox")
    assert run("check").exit_code == 0
    con = apsw.Connection(str(store_file))
    con.execute("DELETE FROM local_index WHERE rowid = 3")
    con.close()
    checked = run("check")
    assert checked.exit_code == 1
    assert "FAILED  store: " in checked.stdout


def test_what_is_saved_of_a_damaged_store_can_be_used(run, store_file):
    damaged = bytearray(store_file.read_bytes())
    damaged[0:4096] = b"\xff" * 4096
    store_file.write_bytes(damaged)
    saved = run("store", "salvage", "dragoman.db", "new.db")
    assert saved.exit_code == 0
    assert "new.db holds 19 messages" in saved.stdout
    assert run("store", "restore", "new.db").exit_code == 0
    assert "line 3 of the launch room" in run("call", "list_messages", "conversation=local:room").stdout


@pytest.mark.parametrize("seed", range(12))
def test_no_command_crashes_on_a_damaged_store(run, store_file, tmp_path, seed):
    chance = random.Random(seed)
    if seed % 2:
        run("outbox")  # some with the tables of today
    whole = store_file.read_bytes()
    damaged = bytearray(whole)
    for _ in range(chance.choice([1, 1, 20])):
        length = chance.choice([1, 16, 4096])
        start = chance.randrange(len(damaged) - length)
        damaged[start : start + length] = bytes(length) if seed % 3 == 0 else chance.randbytes(length)
    if seed == 1:
        damaged = damaged[: len(damaged) // 2]
    for command in COMMANDS:
        for file in tmp_path.iterdir():
            if file.is_file():
                file.unlink()
        store_file.write_bytes(damaged)
        (tmp_path / "lines.jsonl").write_text(LINE)
        result = run(*command)
        assert "Traceback" not in result.output
        assert result.exit_code in (0, 1)
        assert result.output.strip()
