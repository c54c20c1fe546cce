"""Somebody else's format works as docs/archives.md says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dragoman.archives import registry
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Message
from dragoman_server.commands.import_files import ImportRequest, loader
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

PAGE = Path(__file__).parents[2] / "docs" / "archives.md"


@pytest.fixture
def example():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own page
    return names["PigeonFormat"]


def test_the_example_of_the_page_reads_its_archive(example, read_archive, tmp_path):
    letters = [{"id": 1, "time": 1773133080, "carrier": "Otto", "text": "Hi"}, {"id": 2}, None]
    (tmp_path / "x").write_text(json.dumps({"letters": letters}, indent=1))
    content = read_archive(tmp_path / "x", formats=(example(),))
    assert content.formats == ["pigeon"]
    assert content.conversations["pigeon.loft"].title == "Loft"
    assert content.texts == ["Hi"]
    assert content.notes.reasons["a letter without id or time"].count == 2


def points(monkeypatch, value):
    found = EntryPoint("pigeon", value, registry.GROUP)
    monkeypatch.setattr(
        registry, "entry_points", lambda **which: [found] if which.get("name", found.name) == found.name else []
    )


def test_an_installed_package_adds_a_format(example, monkeypatch):
    points(monkeypatch, "pigeon_post:PigeonFormat")
    monkeypatch.setattr(EntryPoint, "load", lambda _self: example)
    assert "pigeon" in registry.format_names()
    assert isinstance(registry.format_of("pigeon"), example)


@pytest.mark.parametrize(
    ("value", "words"), [("no_such_module:X", "cannot be imported"), ("json:loads", "no ArchiveFormat")]
)
def test_a_package_that_is_broken_is_named(monkeypatch, value, words):
    points(monkeypatch, value)
    with pytest.raises(InvalidArgument, match=words):
        registry.format_of("pigeon")


def test_an_unknown_format_names_those_that_are_known():
    with pytest.raises(InvalidArgument, match="There is no archive format 'nonsense'"):
        registry.format_of("nonsense")


@pytest.mark.anyio
@pytest.mark.parametrize("batch", [1, 2, 3, 100])
async def test_equal_messages_without_ids_are_counted_over_the_whole_import(batch, example, monkeypatch, tmp_path):
    class Nameless(example):
        def read(self, source, options):
            for item in super().read(source, options):
                yield replace(item, id="") if isinstance(item, Message) else item

    points(monkeypatch, "pigeon_post:PigeonFormat")
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Nameless)
    monkeypatch.setattr(loader, "BATCH", batch)
    letters = [{"id": n, "time": 1773133080, "carrier": "Otto", "text": text} for n, text in enumerate("aabaa", 1)]
    accounts = {"local": {"provider": "local", "path": str(tmp_path / "store.db")}}
    async with tool_context.open_services(from_mapping({"accounts": accounts}, data=tmp_path)) as shared:
        for part, new in ((letters[1:], 4), (letters, 1), (letters, 0)):
            (tmp_path / "x").write_text(json.dumps({"letters": part}))
            report = await loader.load(shared, ImportRequest(paths=(tmp_path / "x",), format="pigeon"))
            assert report.counts.new == new
