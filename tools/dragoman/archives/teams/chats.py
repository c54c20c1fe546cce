"""What messages and lists of chats tell of conversations and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dragoman.archives.fields import EMPTY, JsonObject, is_object, records_of, text_of
from dragoman.archives.text import clean
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Conversation, ConversationKind

_KINDS: Final = {
    "oneOnOne": ConversationKind.DIRECT,
    "group": ConversationKind.GROUP,
    "meeting": ConversationKind.GROUP,
}
# How ids of chats of two end, and the id of the chat with oneself.
_ONE_TO_ONE: Final = ("@unq.gbl.spaces", "48:notes")
_IDENTITIES: Final = ("user", "application", "device", "conversation")
_PARTICIPANTS: Final = 200
_TITLES: Final = ("chatDisplayName", "channelDisplayName")
_NAMED: Final = 8
_SEVERAL: Final = 2
_GENERIC: Final = lazy_pattern(
    r"(?:[\W\d_]|messages?|chats?|channels?|teams?|graph|exports?|data|results?|output|saved|all)*", re.IGNORECASE
)
"""Names of files that say nothing about what is in them."""

_LAST: Final = "~"
"""Later than every time: a list of chats is told after the events."""


@dataclass(slots=True)
class _Chat:
    """What is known of one conversation by now."""

    kind: ConversationKind
    title: str = ""
    titled_at: str = ""
    topic: str = ""
    files: set[str] = field(default_factory=set[str])
    people: dict[str, str] = field(default_factory=dict[str, str])


class Chats:
    """Collects it, since no message tells all of it."""

    def __init__(self) -> None:
        self._chats: dict[str, _Chat] = {}
        self._names: dict[str, str] = {}
        self._in_file: dict[str, set[str]] = {}

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

    def note_file(self, id_: str, name: str) -> None:
        """Note that a file of that name, without its ending, has messages of a conversation."""
        for known, other in ((self._chats[id_].files, name), (self._in_file.setdefault(name, set()), id_)):
            if len(known) < _SEVERAL:
                known.add(other)

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
        """Take over an entry of a list of chats, or of the channels of a team."""
        id_ = text_of(chat, "id")
        if not id_:
            return
        is_channel = "chatType" not in chat
        self.enter(id_, is_channel=is_channel)
        known = self._chats[id_]
        known.kind = ConversationKind.CHANNEL if is_channel else _KINDS.get(text_of(chat, "chatType"), known.kind)
        title = text_of(chat, "displayName") if is_channel else text_of(chat, "topic")
        known.title, known.titled_at = clean(title) or known.title, _LAST
        known.topic = clean(text_of(chat, "description")) if is_channel else ""
        for member in records_of(chat, "members"):
            person, name = self.learn({"id": text_of(member, "userId"), "displayName": member.get("displayName")})
            self.take_part(id_, person or name, name)

    def conversations(self) -> Iterator[Conversation]:
        """Everything that is known; a conversation without a title is called by its file or its people."""
        for id_, chat in self._chats.items():
            people = tuple(dict.fromkeys(filter(None, chat.people.values())))
            title = chat.title or self._stand_in(id_, chat, sorted(people))
            yield Conversation(id=f"teams.{id_}", title=title, kind=chat.kind, topic=chat.topic, participants=people)

    def _stand_in(self, id_: str, chat: _Chat, people: list[str]) -> str:
        """What to call a conversation of which no title is told; messages of channels never tell it."""
        if chat.kind is not ConversationKind.CHANNEL:
            return ", ".join(people[:_NAMED])
        name = next(iter(chat.files), "")
        is_of_file = len(chat.files) == 1 and self._in_file[name] == {id_}
        if is_of_file and not _GENERIC.fullmatch(name):
            return clean(name)
        return f"Channel with {', '.join(people[:_NAMED])}" if people else ""


def person_of(identities: JsonObject) -> tuple[str, JsonObject]:
    """Which of the identities is given, and it."""
    for kind in _IDENTITIES:
        identity = identities.get(kind)
        if identity and is_object(identity):
            return kind, identity
    return "", EMPTY
