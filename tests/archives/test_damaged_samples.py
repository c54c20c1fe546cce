"""Whatever is damaged in an archive: the rest is read, and nothing but a sentence comes of it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from dragoman.archives.registry import BUILT_IN
from dragoman.core.errors import InvalidArgument

SAMPLES = Path(__file__).parent / "samples"
READERS = {"mbox": "mail", "eml": "mail", "maildir": "mail", "discord-package": "discord", "google-chat": "gchat"}
FOLDERS = sorted(path for path in SAMPLES.iterdir() if path.is_dir() and READERS.get(path.name, path.name) in BUILT_IN)
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
    for case in range(25):
        target = tmp_path / str(case)
        target.mkdir()
        path, files = copied(folder, target)
        file = chance.choice(files)
        data = file.read_bytes()
        file.write_bytes(data[: chance.randrange(len(data) + 1)])
        read_ids(read_archive, path)


def changed(value: object, chance: random.Random) -> object:
    """The same JSON value with one odd value somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.95:
        place = chance.randrange(len(value))
        return [*value[:place], changed(value[place], chance), *value[place + 1 :]]
    return chance.choice(ODD)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_member_of_any_wrong_type_costs_at_most_its_entry(folder, read_archive, tmp_path):
    chance = random.Random(folder.name)
    path, files = copied(folder, tmp_path)
    tables = [file for file in files if file.suffix == ".json"]
    for _ in range(60 if tables else 0):
        file = chance.choice(tables)
        before = file.read_bytes()
        try:
            value = json.loads(before)
        except ValueError:
            continue  # not valid JSON as it is
        file.write_text(json.dumps(changed(value, chance)), "utf-8")
        read_ids(read_archive, path)
        file.write_bytes(before)


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
@pytest.mark.parametrize(
    "filling", [b"", b"[" * 200_000, b'{"a":' * 200_000, b"\xff\xfe\x00\xd8" * 999, b"\x00" * 9000]
)
def test_a_file_of_something_else_in_its_place_ends_in_a_sentence_or_a_count(folder, filling, read_archive, tmp_path):
    path, files = copied(folder, tmp_path)
    for file in files:
        before = file.read_bytes()
        file.write_bytes(filling)
        read_ids(read_archive, path)
        file.write_bytes(before[: len(before) // 2] + filling)
        read_ids(read_archive, path)
        file.write_bytes(before)
