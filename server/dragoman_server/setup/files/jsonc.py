"""JSON with comments and trailing commas, changed in one place and left alone everywhere else.

Clients keep their settings in files that people edit by hand. A value is put in or taken out by cutting
the text at the places that a small parser found; every other byte stays what it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import safe, sentence
from dragoman_server.setup.files.jsonc_parser import BOM, Json, Member, Parser, Value, refuse_constant

_REST_OF_LINE: Final = re.compile(r"(?:[ \t]+|/\*[^\n]*?\*/)*(?://[^\n]*)?(?=\r?\n)")
_FIRST_INDENT: Final = re.compile(r"\n([ \t]+)\S")


def parse(text: str) -> Json:
    """The value of a text.

    Raises:
        InvalidArgument: It is no JSON, also with comments and trailing commas.
    """
    try:
        found: Json = json.loads(text.removeprefix(BOM), parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # with comments, or none; most files have none, and the largest of all
        return Parser(text).document().value
    return found


@dataclass(frozen=True, slots=True)
class Extensions:
    """Where a text first has what JSON itself does not allow: its line, or ``None`` where it does not."""

    comment: int | None = None
    trailing_comma: int | None = None


def extensions(text: str) -> Extensions:
    """What a reader of plain JSON would refuse in a text.

    Raises:
        InvalidArgument: It is no JSON, also with comments and trailing commas.
    """
    if not text.removeprefix(BOM).strip():
        return Extensions()
    parser = Parser(text)
    parser.document()
    return Extensions(parser.comment, parser.trailing_comma)


def set_key(text: str, path: tuple[str, ...], value: Json) -> str:
    """The text with a value at a path of keys; objects on the way are made where they are missing.

    Raises:
        InvalidArgument: The text is no JSON object, or something else stands on the way.
    """
    if not text.removeprefix(BOM).strip():
        return json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    here = _object(Parser(text).document(), ())
    for depth, key in enumerate(path):
        member = _only(here, key)
        if member is None:
            return _inserted(text, here, key, _nested(path[depth + 1 :], value))
        if depth == len(path) - 1:
            return text[: member.value.start] + _rendered(text, member, value) + text[member.value.end :]
        if member.value.value is None:  # as good as not there, and clients take it so
            return (
                text[: member.value.start]
                + _rendered(text, member, _nested(path[depth + 1 :], value))
                + text[member.value.end :]
            )
        here = _object(member.value, path[: depth + 1])
    return text


def remove_key(text: str, path: tuple[str, ...]) -> str:
    """The text without the member at a path of keys; unchanged when there is none.

    Raises:
        InvalidArgument: The text is no JSON object, or something else stands on the way.
    """
    if not text.removeprefix(BOM).strip():
        return text
    here = _object(Parser(text).document(), ())
    for depth, key in enumerate(path[:-1]):
        member = _only(here, key)
        if member is None or member.value.value is None:
            return text
        here = _object(member.value, path[: depth + 1])
    member = _only(here, path[-1])
    return text if member is None else _without(text, here, member)


def get(value: Json, path: tuple[str, ...]) -> Json:
    """What stands at a path of keys, ``None`` when nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _nested(path: tuple[str, ...], value: Json) -> Json:
    for key in reversed(path):
        value = {key: value}
    return value


def _object(found: Value, path: tuple[str, ...]) -> Value:
    if not isinstance(found.value, dict):
        where = sentence("its {}", ".".join(path)) if path else safe("it")
        raise InvalidArgument(sentence("There should be an object in braces, and {} is something else.", where))
    return found


def _only(holder: Value, key: str) -> Member | None:
    found = [member for member in holder.members if member.key == key]
    # RFC 8259 leaves open which of two equal keys counts, and readers differ.
    if len(found) > 1:
        raise InvalidArgument(sentence("It has the key {} twice.", key))
    return found[0] if found else None


def _inserted(text: str, holder: Value, key: str, value: Json) -> str:
    """The text with one more member at the end of an object."""
    last = holder.members[-1] if holder.members else None
    if last and "\n" not in text[holder.start : holder.end]:
        # An object that stands on one line stays on one line.
        comma = "" if last.comma is not None else ","
        at = last.value.end if last.comma is None else last.comma + 1
        return f"{text[:at]}{comma} {json.dumps(key)}: {_compact(value)}{text[at:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    margin = _margin(text, last.start) if last else _margin(text, holder.start) + _unit(text)
    member = f"{newline}{margin}{json.dumps(key)}: {_indented(text, value, margin, newline)}"
    if last is None:
        inside = text[holder.start + 1 : holder.end - 1].rstrip()
        closing = newline + _margin(text, holder.start)
        return f"{text[: holder.start + 1]}{inside}{member}{closing}{text[holder.end - 1 :]}"
    if last.comma is None:
        # A comment in the same line belongs to the member before.
        at = _end_of_line(text, last.value.end)
        return f"{text[: last.value.end]},{text[last.value.end : at]}{member}{text[at:]}"
    at = _end_of_line(text, last.comma + 1)
    return f"{text[:at]}{member},{text[at:]}"


def _without(text: str, holder: Value, member: Member) -> str:
    """The text without a member, the comma that belonged to it, and the line that it leaves empty."""
    start = len(text[: member.start].rstrip(" \t"))
    if text[:start].endswith("\n"):
        start -= 2 if text[:start].endswith("\r\n") else 1
    else:
        start = member.start
    end = member.value.end if member.comma is None else member.comma + 1
    inside = text[holder.start + 1 : start] + text[end : holder.end - 1]
    if not inside.strip():
        return f"{text[: holder.start]}{{}}{text[holder.end :]}"
    before = holder.members[holder.members.index(member) - 1] if member is not holder.members[0] else None
    # On one line with others, so the blanks behind its comma go as well.
    if start == member.start and member.comma is not None:
        end += len(text[end:]) - len(text[end:].lstrip(" "))
    # The last member goes, so the comma before it would trail, which many readers refuse.
    if before is not None and before.comma is not None and member.comma is None:
        kept = text[before.comma + 1 : start]
        return text[: before.comma] + (kept if kept.strip() else kept.rstrip(" ")) + text[end:]
    return text[:start] + text[end:]


def _rendered(text: str, member: Member, value: Json) -> str:
    if "\n" not in text:
        return _compact(value)
    return _indented(text, value, _margin(text, member.start), "\r\n" if "\r\n" in text else "\n")


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indented(text: str, value: Json, margin: str, newline: str) -> str:
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return f"{newline}{margin}".join(lines)


def _unit(text: str) -> str:
    """What one step of indentation is in this file."""
    found = _FIRST_INDENT.search(text)
    return found[1] if found else "  "


def _margin(text: str, at: int) -> str:
    """The white space that the line of a place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix(BOM)
    return line[: len(line) - len(line.lstrip(" \t"))]


def _end_of_line(text: str, at: int) -> int:
    """Behind what else stands in the line, when that is only a comment."""
    found = _REST_OF_LINE.match(text, at)
    return found.end() if found else at
