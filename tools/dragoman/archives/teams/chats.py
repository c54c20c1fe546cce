"""What messages and lists of chats tell of conversations and people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dragoman.archives.fields import JsonObject, record_of, records_of, text_of
from dragoman.archives.text import clean
from dragoman.core.model import Conversation, ConversationKind

_KINDS: Final = {
    "oneOnOne": ConversationKind.DIRECT,
    "group": ConversationKind.GROUP,
    "meeting": ConversationKind.GROUP,
}
_ONE_TO_ONE: Final = ("@unq.gbl.spaces", "48:notes")
_PARTICIPANTS: Final = 200
_TITLES: Final = ("chatDisplayName", "channelDisplayName")
_NAMED: Final = 8
_LAST: Final = "~"
"""Later than every time: a list of chats is told after the events."""


@dataclass(slots=True)
class _Chat:
    """What is known of one conversation by now."""

    kind: ConversationKind
    title: str = ""
    titled_at: str = ""
    people: dict[str, str] = field(default_factory=dict[str, str])


class Chats:
    """Collects it, since no message tells all of it."""

    def __init__(self) -> None:
        self._chats: dict[str, _Chat] = {}
        self._names: dict[str, str] = {}

    def learn(self, person: JsonObject) -> tuple[str, str]:
        """Id and name of a person; a name that is missing here may have stood elsewhere."""
        id_, name = text_of(person, "id", "userId"), clean(text_of(person, "displayName"))
        if id_ and name:
            self._names[id_] = name
        return id_, name or self._names.get(id_, "")

    def enter(self, id_: str, *, is_channel: bool) -> None:
        """Note a conversation."""
        if id_ not in self._chats:
            direct = id_.endswith(_ONE_TO_ONE[0]) or id_ == _ONE_TO_ONE[1]
            kind = ConversationKind.DIRECT if direct else ConversationKind.GROUP
            self._chats[id_] = _Chat(ConversationKind.CHANNEL if is_channel else kind)

    def take_part(self, id_: str, person: str, name: str) -> None:
        """Note that a person wrote in a conversation."""
        people = self._chats[id_].people
        if len(people) < _PARTICIPANTS or person in people:
            people[person] = name

    def name(self, id_: str, event: JsonObject, time: str) -> None:
        """Take over the title that an event gave, if no later event gave another one."""
        title = clean(text_of(event, *_TITLES))
        chat = self._chats[id_]
        if title and time >= chat.titled_at:
            chat.title, chat.titled_at = title, time

    def describe(self, chat: JsonObject) -> None:
        """Take over an entry of a list of chats."""
        id_ = text_of(chat, "id")
        if not id_:
            return
        self.enter(id_, is_channel=False)
        known = self._chats[id_]
        known.kind = _KINDS.get(text_of(chat, "chatType"), known.kind)
        known.title, known.titled_at = clean(text_of(chat, "topic")) or known.title, _LAST
        for member in records_of(chat, "members"):
            person, name = self.learn({"id": text_of(member, "userId"), "displayName": member.get("displayName")})
            self.take_part(id_, person or name, name)

    def conversations(self) -> Iterator[Conversation]:
        """Everything that is known; a chat without a title is called by its people."""
        for id_, chat in self._chats.items():
            people = tuple(dict.fromkeys(filter(None, chat.people.values())))
            is_channel = chat.kind is ConversationKind.CHANNEL
            title = chat.title or ("" if is_channel else ", ".join(sorted(people)[:_NAMED]))
            yield Conversation(id=f"teams.{id_}", title=title, kind=chat.kind, participants=people)


def person_of(identities: JsonObject) -> tuple[str, JsonObject]:
    """Which of the identities is given, and it."""
    for kind in ("user", "application", "device", "conversation"):
        if record_of(identities, kind):
            return kind, record_of(identities, kind)
    return "", {}
