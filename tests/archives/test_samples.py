"""Each sample archive is imported through the command's own path, in every packing, and read back with the tools.

``samples/<format>/expected.json`` says what has to be there. Members of a message that are not named must not be there,
except members of attachments and authors, ``history`` and ``extra``. ``*_has``, ``*_any`` and ``*_alt`` accept more.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dragoman.archives.registry import BUILT_IN
from dragoman.toolset import ToolServices, call_tool
from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent / "samples"
PACKINGS = ("zip", "zip-in-folder", "tar", "tar.gz", "gz", "crlf")
READERS = {
    "mbox": "mail",
    "eml": "mail",
    "maildir": "mail",
    "discord-package": "discord",
    "teams-graph": "teams",
    "google-chat": "gchat",
}
"""Formats that another one reads."""

Json = dict[str, Any]


def cases() -> Iterator[Any]:
    for folder in sorted(path for path in SAMPLES.iterdir() if path.is_dir()):
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        if READERS.get(folder.name, folder.name) in BUILT_IN:
            for packing in ("plain", *expected.get("also", ())):
                yield pytest.param(folder, expected, packing, id=f"{folder.name}-{packing}")


def pack(source: Path, packing: str, target: Path) -> Path:
    """The sample in another packing, in a file whose name says nothing of its format."""
    files = sorted(p for p in ([source] if source.is_file() else source.rglob("*")) if p.is_file())
    around = source.parent if source.is_file() else source
    if packing == "plain":
        return source
    if packing == "crlf":
        path = target / source.name
        path.write_bytes(source.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    elif packing == "gz":
        path = target / f"{source.name}.gz"
        path.write_bytes(gzip.compress(source.read_bytes()))
    elif packing.startswith("zip"):
        path = target / f"{source.stem if source.is_file() else source.name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                inside = "Some folder" if packing == "zip-in-folder" else ""
                archive.write(file, Path(inside, file.relative_to(around)))
    else:
        path = target / f"{source.stem}.{packing}"
        with tarfile.open(path, "w:gz" if packing == "tar.gz" else "w") as archive:
            for file in files:
                archive.add(file, (f"{source.name}/" if source.is_dir() else "") + str(file.relative_to(around)))
    return path


class Reader:
    """Reads what is stored, as clients do."""

    def __init__(self, shared: ToolServices) -> None:
        self._shared = shared

    async def call(self, tool: str, **arguments: object) -> Json:
        answer = await call_tool(self._shared, tool, {"format": "json", "max_tokens": 100_000, **arguments})
        assert isinstance(answer.data, dict)
        return answer.data

    async def pages(self, tool: str, member: str, **arguments: object) -> list[Json]:
        found: list[Json] = []
        cursor: object = None
        while True:
            page = await self.call(tool, **arguments, **({"cursor": cursor} if cursor else {}))
            found += page[member]
            cursor = page.get("cursor")
            if not cursor:
                return found

    async def conversation(self, want: Json) -> Json | None:
        id_ = want["id"]
        member, wanted = ("title", want.get("title")) if id_ is None else ("ref", f"local:{escape(id_)}")
        for one in await self.pages("list_conversations", "conversations", account="local", limit=200):
            if one[member] == wanted:
                return one
        return None

    async def messages(self, ref: str) -> list[tuple[str, Json]]:
        """Ids and messages of a conversation, oldest first."""
        listed = await self.pages("list_messages", "messages", conversation=ref, order="oldest", limit=200)
        whole = [await self.call("get_message", message=str(one["number"])) for one in listed]
        return [(unescape(one["ref"].rpartition("/")[2]), one) for one in whole]


def escape(id_: str) -> str:
    return "".join(
        "".join(f"%{byte:02X}" for byte in char.encode()) if char in "%/" or char.isspace() else char for char in id_
    )


def unescape(id_: str) -> str:
    return re.sub(r"(?:%[0-9A-F]{2})+", lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), id_)


def second(time: str | None) -> datetime | None:
    if not time:
        return None
    return datetime.fromisoformat(time).astimezone(UTC).replace(microsecond=0)


def author_differs(want: Json, got: Json) -> list[str]:
    names = [] if want.get("name_any") else ["name"]
    members = [*names, *(member for member in ("id", "email", "kind") if member in want)]
    return [f"author.{m} {got.get(m)!r}, not {want[m]!r}" for m in members if got.get(m) != want[m]]


def attachments_differ(want: list[Json], got: list[Json]) -> list[str]:
    if len(want) != len(got):
        return [f"{len(got)} attachments, not {len(want)}"]
    out = []
    for wanted, found in zip(want, got, strict=True):
        members = [m for m in ("name", "media_type", "size", "url") if m in wanted]
        out += [f"attachment.{m} {found.get(m)!r}, not {wanted[m]!r}" for m in members if wanted[m] != found.get(m)]
        if wanted.get("name_has", "") not in found.get("name", ""):
            out.append(f"attachment {found.get('name')!r} lacks {wanted['name_has']!r}")
    return out


def text_differs(want: Json, got: Json, *, strip: bool) -> list[str]:
    text = got.get("text", "")
    if want.get("text_any"):
        return []
    if "text_has" in want or "text_lacks" in want:
        low = text.casefold()
        lacking = [f"text {text!r} lacks {word!r}" for word in want.get("text_has", ()) if word.casefold() not in low]
        return lacking + [
            f"text {text!r} has {word!r}" for word in want.get("text_lacks", ()) if word.casefold() in low
        ]
    right = {want["text"], want.get("text_alt", want["text"])}
    if strip:
        text, right = text.strip(), {one.strip() for one in right}
    return [] if text in right else [f"text {text!r}, not {want['text']!r}"]


def reactions_differ(want: Json, got: Json) -> list[str]:
    found, wanted = got.get("reactions", {}), want.get("reactions", {})
    if "reactions_has" in want:
        return [f"reaction {k} {found.get(k)}, not {v}" for k, v in want["reactions_has"].items() if found.get(k) != v]
    if want.get("reactions_any"):
        return [] if sum(found.values()) == sum(wanted.values()) else [f"reactions {found}"]
    return [] if found == wanted else [f"reactions {found}, not {wanted}"]


def message_differs(want: Json, id_: str, got: Json, ids: dict[Any, str], *, strip: bool) -> list[str]:
    out = author_differs(want["author"], got["author"]) + text_differs(want, got, strip=strip)
    if second(want["sent_at"]) != second(got.get("sent_at")):
        out.append(f"sent_at {got.get('sent_at')}, not {want['sent_at']}")
    if want["id"] is not None and not want.get("id_any") and id_ != want["id"]:
        out.append(f"id {id_!r}, not {want['id']!r}")
    if "reply_to_absent" not in want and ids.get(got.get("reply_to")) != want.get("reply_to"):
        out.append(f"reply_to {ids.get(got.get('reply_to'))!r}, not {want.get('reply_to')!r}")
    if not want.get("edited_any") and second(want.get("edited_at")) != second(got.get("edited_at")):
        out.append(f"edited_at {got.get('edited_at')}, not {want.get('edited_at')}")
    out += reactions_differ(want, got) + attachments_differ(want.get("attachments", []), got.get("attachments", []))
    labels, wanted = set(got.get("labels", ())), set(want.get("labels", ()))
    more = want.get("labels_any") or want.get("edited_any")
    if not (wanted <= labels if more else wanted == labels):
        out.append(f"labels {sorted(labels)}, not {sorted(wanted)}")
    out += [f"{m} {got.get(m)!r}, not {want.get(m)!r}" for m in ("subject", "status") if got.get(m) != want.get(m)]
    if "history" in want and [h["text"] for h in got.get("history", ())] != [h["text"] for h in want["history"]]:
        out.append(f"history {got.get('history')}")
    extra = got.get("extra", {})
    return out + [
        f"extra.{k} {extra.get(k)!r}, not {v!r}" for k, v in want.get("extra", {}).items() if extra.get(k) != v
    ]


async def conversation_differs(reader: Reader, want: Json, expected: Json) -> list[str]:
    found = await reader.conversation(want)
    if found is None:
        return [f"no conversation {want['id'] or want.get('title')}"]
    out = [
        f"{want['id']}: {member} {found.get(member)!r}, not {want[member]!r}"
        for member in ("title", "kind", "topic")
        if member in want and member in (*found, "title", "kind") and found.get(member) != want[member]
    ]
    if want.get("title_has", "") not in found["title"]:
        out.append(f"title {found['title']!r}")
    if not set(want.get("participants", ())) <= set(found.get("participants", ())):
        out.append(f"participants {found.get('participants')}")
    return out + await messages_differ(reader, found["ref"], want["id"], expected)


async def messages_differ(reader: Reader, ref: str, id_: str | None, expected: Json) -> list[str]:
    wanted = [one for one in expected["messages"] if one["conversation"] == id_]
    stored = await reader.messages(ref)
    ids = {one["number"]: message for message, one in stored}
    spare = {*expected.get("optional", ()), *expected.get("optional_messages", ())}
    got = [(message, one) for message, one in stored if message not in spare]
    if expected.get("optional_activity"):
        got = [(message, one) for message, one in got if one.get("status") != "activity"]
        wanted = [one for one in wanted if one.get("status") != "activity"]
    out = []
    if len(got) != len(wanted):
        told = "; ".join(f"{message} {one.get('text', '')[:30]!r}" for message, one in got)
        out.append(f"{id_}: {len(got)} messages, not {len(wanted)}: {told}")
    strip = bool(expected.get("strip"))
    for want, (message, one) in zip(wanted, got, strict=False):
        out += [f"{id_}/{message}: {d}" for d in message_differs(want, message, one, ids, strip=strip)]
    absent = (one["id"] for one in expected.get("absent", ()) if one["conversation"] == id_)
    return out + [f"{id_}/{one} is shown" for one in absent if one in ids.values()]


def settings(folder: Path, zone: str = "UTC") -> Json:
    """Settings with a store in a folder of the test's own."""
    return {"timezone": zone, "accounts": {"local": {"provider": "local", "path": str(folder / "store.db")}}}


@pytest.mark.parametrize(("folder", "expected", "packing"), list(cases()))
async def test_a_sample_is_read_in_every_packing(folder, expected, packing, tmp_path):
    assert packing in ("plain", *PACKINGS)
    source = pack(folder / expected["input"], packing, tmp_path)
    config = from_mapping(settings(tmp_path, expected.get("timezone", "UTC")), data=tmp_path)
    request = ImportRequest(paths=(source,))
    async with tool_context.open_services(config) as shared:
        report = await load(shared, request)
        reader = Reader(shared)
        found = [f"the answer lacks {word!r}" for word in expected.get("report", ()) if word not in report.text]
        for want in expected["conversations"]:
            found += await conversation_differs(reader, want, expected)
        again = await load(shared, request)
        anew = await load(shared, replace(request, since=datetime(1, 1, 1, tzinfo=UTC)))
    assert found == []
    assert again.unchanged
    assert not anew.unchanged
    assert (anew.counts.new, anew.counts.changed) == (0, 0), "the ids and contents are the same when it is read again"


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*/expected.json")), ids=lambda file: file.parent.name)
async def test_two_exports_of_the_same_in_one_import_are_one(file, tmp_path):
    source = file.parent / json.loads(file.read_text("utf-8"))["input"]
    copy = tmp_path / "copy" / source.name
    shutil.copytree(file.parent, copy.parent)
    counts = []
    for number, paths in enumerate([(source,), (source, copy), (copy, source)]):
        async with tool_context.open_services(from_mapping(settings(tmp_path / str(number)), data=tmp_path)) as shared:
            report = await load(shared, ImportRequest(paths=paths))
        counts.append((report.counts.new, report.conversations))
    assert counts[1] == counts[2] == counts[0]
