"""What events of a room tell of other events, and of people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from dragoman.archives.fields import (
    EMPTY,
    JsonObject,
    is_object,
    list_of,
    number_of,
    object_of,
    record_of,
    records_of,
    text_of,
)
from dragoman.archives.ids import Notebook
from dragoman.archives.json_mending import parse
from dragoman.archives.text import clean

_PARTICIPANTS: Final = 200
_MOST: Final = 1000
"""Edits, and reactions, of one message that are remembered."""
_MESSAGE: Final = "m.room.message"


class Relations:
    """Collects it at a first reading, for most stands behind what it is about.

    Attributes:
        room: The room's id, as far as any event names it.
    """

    def __init__(self) -> None:
        self.room = ""
        self._joined: dict[str, None] = {}
        self._notes = Notebook()
        self._told: dict[str, None] = {}

    def learn_all(self, events: list[object]) -> None:
        """Take over what events tell, passing over those that tell of themselves alone, as most do."""
        for event in events:
            if is_object(event) and not (self.room and _is_plain(event)):
                self.learn(event)

    def learn(self, event: JsonObject) -> None:
        """Take over what an event tells."""
        self.room = self.room or text_of(event, "room_id")
        kind, content = text_of(event, "type"), record_of(event, "content")
        if _is_plain(event):
            return
        relation = record_of(content, "m.relates_to")
        if kind == "m.room.member":
            self._learn_person(event, content)
        elif kind == "m.room.redaction":
            # Rooms of version 11 have the id in the content.
            self._put(f"redaction {text_of(event, 'redacts') or text_of(content, 'redacts')}", _time(event))
        elif kind == "m.reaction":
            reaction = {"sender": text_of(event, "sender"), "key": text_of(relation, "key")}
            self._add(f"reaction {text_of(relation, 'event_id')}", reaction)
        elif text_of(relation, "rel_type") == "m.replace":
            self._learn_edit(text_of(relation, "event_id"), event)
        bundled = record_of(record_of(event, "unsigned"), "m.relations") if "unsigned" in event else EMPTY
        bundled = record_of(bundled, "m.replace")
        if bundled:
            self._learn_edit(text_of(event, "event_id"), bundled)

    def name_of(self, person: str) -> str:
        """What people see of a person: the name, else the part of the address before the server."""
        return self._notes.get(f"name {person}") or person.removeprefix("@").partition(":")[0] or "user"

    def participants(self) -> Iterator[str]:
        """Names of those who joined, as many as are kept."""
        return map(self.name_of, self._joined)

    def tells_of(self, event: str) -> bool:
        """Whether another event took this one away, edited it or reacts to it."""
        return bool(self._told) and any(self._notes.get(f"{what} {event}") is not None for what in self._told)

    def redacted_at(self, event: str) -> int | None:
        """When another event took this one away, in milliseconds."""
        time = self._notes.get(f"redaction {event}")
        return int(time) if time else None

    def edits(self, event: JsonObject) -> list[tuple[int, JsonObject]]:
        """Times in milliseconds and contents of the edits of an event by its own sender, oldest first."""
        found: dict[str, tuple[int, JsonObject]] = {}
        for entry in self._list(f"edit {text_of(event, 'event_id')}"):
            edit = object_of(entry)
            # Clients ignore an edit by anybody else, as the specification asks.
            if text_of(edit, "sender") == text_of(event, "sender"):
                # By id: the same edit may come as an event and within the event that it is about.
                found[text_of(edit, "id")] = (number_of(edit, "time") or 0, record_of(edit, "content"))
        return sorted(found.values(), key=lambda edit: edit[0])

    def reactions(self, event: JsonObject) -> dict[str, list[str]]:
        """The keys of the reactions to an event, each with the names of the people, who count once."""
        people: dict[str, dict[str, None]] = {}
        for entry in self._list(f"reaction {text_of(event, 'event_id')}"):
            key, sender = text_of(object_of(entry), "key"), text_of(object_of(entry), "sender")
            if key:
                people.setdefault(key, {}).setdefault(sender)
        return {key: [self.name_of(sender) for sender in senders] for key, senders in people.items()}

    def _learn_person(self, event: JsonObject, content: JsonObject) -> None:
        person = text_of(event, "state_key") or text_of(event, "sender")
        name = clean(text_of(content, "displayname"))
        if name:
            self._notes.put(f"name {person}", name)
        if text_of(content, "membership") == "join" and len(self._joined) < _PARTICIPANTS:
            self._joined.setdefault(person)

    def _learn_edit(self, target: str, event: JsonObject) -> None:
        content = record_of(record_of(event, "content"), "m.new_content")
        if target and content:
            # Only what is shown later: an edit may hold as much as an event may.
            kept = {name: text_of(content, name) for name in ("body", "filename", "msgtype", "formatted_body")}
            edit = {"id": text_of(event, "event_id"), "sender": text_of(event, "sender"), "content": kept}
            self._add(f"edit {target}", {**edit, "time": int(_time(event))})

    def _add(self, key: str, entry: object) -> None:
        entries = self._list(key)
        if len(entries) < _MOST:
            self._put(key, json.dumps([*entries, entry]))

    def _put(self, key: str, value: str) -> None:
        self._told.setdefault(key.partition(" ")[0])
        self._notes.put(key, value)

    def _list(self, key: str) -> list[object]:
        return list_of({"": parse(self._notes.get(key) or "[]")}, "")


def _is_plain(event: JsonObject) -> bool:
    """Whether it is a message that tells of no other event."""
    if event.get("type") != _MESSAGE or "unsigned" in event:
        return False
    content = event.get("content")
    return not is_object(content) or "m.relates_to" not in content


def reaction_counts(event: JsonObject) -> Iterator[tuple[str, int]]:
    """Keys and counts of the reactions that the server has summed up in the event itself."""
    relations = record_of(record_of(event, "unsigned"), "m.relations")
    for entry in records_of(record_of(relations, "m.annotation"), "chunk"):
        count = number_of(entry, "count") or 0
        # A server may claim any number.
        if text_of(entry, "key") and 0 < count < 2**31:
            yield text_of(entry, "key"), count


def _time(event: JsonObject) -> str:
    return str(number_of(event, "origin_server_ts") or 0)
