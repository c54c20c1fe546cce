"""Whatever is damaged in an archive: the rest is read, and nothing but a sentence comes of it."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.archives.registry import BUILT_IN
from dragoman.core.errors import InvalidArgument

SAMPLES = Path(__file__).parent / "samples"
READERS = {
    "mbox": "mail",
    "eml": "mail",
    "maildir": "mail",
    "discord-package": "discord",
    "google-chat": "gchat",
    "teams-graph": "teams",
}
FOLDERS = sorted(path for path in SAMPLES.iterdir() if path.is_dir() and READERS.get(path.name, path.name) in BUILT_IN)
OWN_IDS = ("slack", "telegram", "discord", "signal", "google-chat", "skype", "zulip", "matrix", "teams-graph")
"""Formats whose messages have ids.

Others make them of the text, which may be cut; rows of a database that is cut within a page lack columns.
"""

ODD = (None, True, -1, 2**70, 1e300, "", "\ud800", "\x00", "x" * 300, [], [None], {}, {"a": []}, "2026-99-99T99:99:99Z")


def copied(folder: Path, target: Path) -> tuple[Path, list[Path]]:
    source = folder / json.loads((folder / "expected.json").read_text("utf-8"))["input"]
    copy = target / source.name
    if source.is_dir():
        shutil.copytree(source, copy)
        return copy, sorted(path for path in copy.rglob("*") if path.is_file())
    shutil.copyfile(source, copy)
    return copy, [copy]


def read_ids(read_archive, path: Path) -> set[tuple[str, str]]:
    try:
        content = read_archive(path)
    except InvalidArgument as error:
        assert str(error)
        return set()
    return {(message.conversation, message.id) for message in content.messages}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_file_that_is_cut_off_anywhere_gives_a_part_of_its_messages(folder, read_archive, tmp_path):
    chance = random.Random(folder.name)
    path, files = copied(folder, tmp_path)
    whole = {id_ for _, id_ in read_ids(read_archive, path)}
    for _ in range(25):
        file = chance.choice(files)
        before = file.read_bytes()
        file.write_bytes(before[: chance.randrange(len(before) + 1)])
        found = {id_ for _, id_ in read_ids(read_archive, path)}
        file.write_bytes(before)
        assert found <= whole or folder.name not in OWN_IDS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-be", "latin-1"])
def test_a_file_in_another_encoding_ends_in_a_sentence_or_a_count(folder, encoding, read_archive, tmp_path):
    path, files = copied(folder, tmp_path)
    for file in files:
        before = file.read_bytes()
        file.write_bytes(before.decode("utf-8", "replace").encode(encoding, "replace"))
        read_ids(read_archive, path)
        file.write_bytes(before)


def changed(value: object, chance: random.Random) -> object:
    """The same JSON value with one odd value somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.95:
        place = chance.randrange(len(value))
        return [*value[:place], changed(value[place], chance), *value[place + 1 :]]
    return chance.choice(ODD)


def with_one_odd_value(data: bytes, suffix: str, chance: random.Random) -> bytes:
    """A JSON file, or one line of JSON Lines, with one odd value somewhere in it."""
    if suffix == ".json":
        return json.dumps(changed(json.loads(data), chance)).encode()
    lines = data.splitlines()
    place = chance.randrange(len(lines))
    lines[place] = json.dumps(changed(json.loads(lines[place]), chance)).encode()
    return b"\n".join(lines)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_member_of_any_wrong_type_costs_at_most_its_entry(folder, read_archive, tmp_path):
    chance = random.Random(folder.name)
    path, files = copied(folder, tmp_path)
    tables = [file for file in files if file.suffix in (".json", ".jsonl")]
    for _ in range(60 if tables else 0):
        file = chance.choice(tables)
        before = file.read_bytes()
        try:
            file.write_bytes(with_one_odd_value(before, file.suffix, chance))
        except ValueError:
            continue  # not valid JSON as it is
        read_ids(read_archive, path)
        file.write_bytes(before)


def test_a_value_of_any_wrong_type_in_a_database_costs_at_most_its_row(read_archive, tmp_path):
    chance = random.Random("database")
    path, _ = copied(SAMPLES / "imessage", tmp_path)
    before = path.read_bytes()
    values = [None, -1, 2**62, 1e300, "", "\x00", "x" * 300, b"", b"\xff" * 9, b"bplist00" + b"\xff" * 40, "2026"]
    for _ in range(120):
        with closing(sqlite3.connect(path)) as database, database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            table = chance.choice(tables)
            column = chance.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
            if column != "ROWID":
                database.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (chance.choice(values),))  # noqa: S608 - its own names
        read_ids(read_archive, path)
        path.write_bytes(before)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_bytes_that_are_overwritten_anywhere_cost_a_part_of_the_messages(folder, read_archive, tmp_path):
    chance = random.Random(folder.name)
    path, files = copied(folder, tmp_path)
    for _ in range(40):
        file = chance.choice(files)
        before = file.read_bytes()
        place = chance.randrange(len(before) + 1)
        file.write_bytes(before[:place] + chance.randbytes(chance.choice((1, 4, 300))) + before[place + 1 :])
        read_ids(read_archive, path)
        file.write_bytes(before)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("filling", [b"", b"[" * 20_000, b'{"a":' * 20_000, b"\xff\xfe\x00\xd8" * 999, b"\x00" * 9000])
def test_a_file_of_something_else_in_its_place_ends_in_a_sentence_or_a_count(folder, filling, read_archive, tmp_path):
    path, files = copied(folder, tmp_path)
    for file in files:
        before = file.read_bytes()
        file.write_bytes(filling)
        read_ids(read_archive, path)
        file.write_bytes(before[: len(before) // 2] + filling)
        read_ids(read_archive, path)
        file.write_bytes(before)
