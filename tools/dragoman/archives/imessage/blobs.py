"""Texts out of the blobs that Messages keeps: typed streams of NeXTSTEP, and property lists."""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from xml.parsers.expat import ExpatError

from dragoman.archives.fields import EMPTY, JsonObject, is_list, is_object, object_of
from dragoman.archives.times import EPOCH, from_seconds

_LITTLE: Final = b"streamtyped"
_BIG: Final = b"typedstream"
_STRING: Final = b"NSString"
_TEXT: Final = b"\x84\x01+"
"""A new type whose encoding is one letter: a text follows, its length first."""

_LONG: Final = {0x81: 2, 0x82: 4}
"""Marks of a length that does not fit into one byte, and how many bytes it has instead."""

_SHORT: Final = 0x80
_LIST: Final = b"bplist"
_XML: Final = b"<?xml"
_DEEPEST: Final = 20
_PLACES: Final = ("NSString", "NS.string", "root")
_ERRORS: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, MemoryError),
    struct.error,
)
_FIRST: Final = timedelta(days=11_323)  # from 1970 to 2001, where Apple's clocks begin
_FIRST_TIME: Final = EPOCH + _FIRST
_NANOSECONDS: Final = 10**12
"""Numbers above it count nanoseconds, those below seconds."""


def apple_time(number: object) -> datetime | None:
    """A time since 2001, in seconds or nanoseconds; ``None`` for 0, which stands for no time."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not number:
        return None
    try:
        if abs(number) > _NANOSECONDS:
            return _FIRST_TIME + timedelta(microseconds=int(number) // 1000)
        time = from_seconds(number)
        return None if time is None else time + _FIRST
    except OverflowError:
        return None


def attributed_text(blob: bytes) -> str:
    """The text of an attributed string; empty when the blob holds none."""
    if blob.startswith(_LIST):
        return _archived_text(blob)
    header = blob[:16]
    order = "little" if _LITTLE in header else "big" if _BIG in header else ""
    if not order:
        return ""
    named = blob.find(_STRING)
    # The name of the class comes first; without it the first text will do.
    start = blob.find(_TEXT, max(named, 0))
    if start < 0:
        return ""
    at = start + len(_TEXT)
    size = _LONG.get(blob[at] if at < len(blob) else 0, 0)
    # A byte below 0x80 is the length itself; 0x81 and 0x82 announce two and four bytes.
    length = int.from_bytes(blob[at + 1 : at + 1 + size], "little" if order == "little" else "big") if size else 0
    if not size:
        length = blob[at] if at < len(blob) and blob[at] < _SHORT else 0
    at += 1 + size
    return blob[at : at + length].decode("utf-8", "replace")


def property_list(blob: bytes) -> JsonObject:
    """A property list that is a dictionary; an empty one when it is none."""
    if not blob.startswith((_LIST, _XML)):
        return EMPTY
    try:
        return object_of(plistlib.loads(blob))
    except (*_ERRORS, ExpatError):
        return EMPTY


def archived_members(blob: bytes) -> Mapping[str, str]:
    """The texts among the members of the outermost object that a keyed archive holds."""
    objects, root = _archive(blob)
    names, values = root.get("NS.keys"), root.get("NS.objects")
    if is_list(names) and is_list(values):
        pairs = [(_resolve(name, objects), value) for name, value in zip(names, values, strict=False)]
        members = {name: value for name, value in pairs if isinstance(name, str)}
    else:
        members = dict(root)
    texts = {name: _text_in(value, objects, 0) for name, value in members.items()}
    return {name: text for name, text in texts.items() if text}


def _archived_text(blob: bytes) -> str:
    objects, root = _archive(blob)
    return _text_in(root, objects, 0)


def _archive(blob: bytes) -> tuple[list[object], JsonObject]:
    """The objects of a keyed archive, and the outermost one."""
    archive = property_list(blob)
    objects = archive.get("$objects")
    top = object_of(archive.get("$top"))
    known = objects if is_list(objects) else []
    return known, object_of(_resolve(top.get("root"), known))


def _resolve(value: object, objects: list[object]) -> object:
    """What a reference within a keyed archive stands for."""
    if isinstance(value, plistlib.UID):
        # A damaged archive may refer to anything.
        return objects[value.data] if value.data < len(objects) else None
    return value


def _text_in(value: object, objects: list[object], depth: int) -> str:
    """The text that an object is, or that stands where texts do."""
    found = _resolve(value, objects)
    if isinstance(found, str):
        return "" if found == "$null" else found
    # References may lead in a circle.
    if not is_object(found) or depth > _DEEPEST:
        return ""
    return next((text for name in _PLACES if (text := _text_in(found.get(name), objects, depth + 1))), "")
