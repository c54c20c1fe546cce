"""Reading an archive takes time in proportion to its texts, whatever somebody has written."""

import functools
import json
import tempfile
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from linear_growth import LONG, MARKUP, MOST_GROWTH, SHORT, growth, hostile

SAMPLES = Path(__file__).parent / "samples"
JSON = ("google-chat", "skype", "zulip", "teams-graph", "matrix", "mattermost", "signal", "discord-package")
TEXTS = {"text", "content", "body", "formatted_body", "message", "rendered_content", "subject", "Contents"}
"""What members are called that hold what people have written."""


class Planting:
    """Puts a text in the place of what people have written in JSON."""

    def __init__(self, text):
        self.text = text
        self.planted = 0

    def into(self, value):
        if isinstance(value, dict):
            return {key: self.text_for(key, member) for key, member in value.items()}
        return [self.into(item) for item in value] if isinstance(value, list) else value

    def text_for(self, key, member):
        if key not in TEXTS or not isinstance(member, str):
            return self.into(member)
        self.planted += 1
        return self.text


def plant(sample, folder, text):
    """Copy a sample with a hostile text in it; how often it is there."""
    planting = Planting(text)
    for file in sorted(sample.rglob("*")):
        if not file.is_file() or file.name == "expected.json":
            continue
        copy = folder / file.relative_to(sample)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".json":
            copy.write_text(written(planting, file.read_text("utf-8-sig")), encoding="utf-8", errors="replace")
        elif file.suffix == ".jsonl":
            lines = [written(planting, line) for line in file.read_text("utf-8").splitlines()]
            copy.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
        elif file.suffix == ".log":
            copy.write_text(planted_log(file.read_text("utf-8"), planting), encoding="utf-8", errors="replace")
        else:
            copy.write_bytes(file.read_bytes())
        if file.suffix == ".db":
            planted_database(copy, planting)
    return planting.planted


def written(planting, text):
    return json.dumps(planting.into(json.loads(text)), ensure_ascii=False)


def planted_database(file, planting):
    with closing(apsw.Connection(str(file))) as con:
        words = planting.text_for("text", "").encode("utf-8", "replace").decode().replace("\0", " ")
        con.execute("UPDATE message SET text = ?, attributedBody = NULL WHERE text IS NOT NULL", (words,))


def planted_log(log, planting):
    lines = log.split("\n")
    words = planting.text_for("text", "").replace("\n", " ").replace("\r", " ")
    return "\n".join(line.rpartition("> ")[0] + f"> {words}" if "> " in line else line for line in lines)


@pytest.mark.parametrize("name", [*JSON, "irc", "imessage"])
def test_twice_the_text_takes_at_most_little_more_than_twice_the_time(name, tmp_path, read_archive):
    read = 0

    def read_planted(text):
        nonlocal read
        folder = planted(text)
        read += len(read_archive(folder).messages)

    @functools.cache
    def planted(text):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        assert plant(SAMPLES / name, folder, text)
        return folder

    for unit in MARKUP:
        planted(hostile(unit, LONG))  # writing it is no part of reading; the short text is often not needed
        assert growth(read_planted, hostile(unit, SHORT), hostile(unit, LONG)) <= MOST_GROWTH, unit
    assert read > len(MARKUP)
