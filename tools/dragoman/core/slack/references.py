"""Whom and what messages of Slack refer to by id."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from dragoman.core.json_fields import JsonObject, is_list, is_object, record_of, text_of

_DEEPEST: Final = 20
_USER_KEYS: Final = frozenset({"user", "user_id", "created_by", "author_id", "slack_id"})
_USER_LISTS: Final = frozenset({"users", "participant_history", "participants"})
_MENTION: Final = re.compile(r"<([@#!])(?:subteam\^)?([A-Z0-9]{3,30})(\|[^<>]*)?>")


def author_of(message: JsonObject) -> str:
    """The id of the user who wrote a message; a comment on a file has its own member for that."""
    return text_of(message, "user") or text_of(record_of(message, "comment"), "user")


@dataclass(slots=True)
class References:
    """Ids that stand in messages, in their order; of people who wrote some, the names that these tell."""

    users: dict[str, None] = field(default_factory=dict[str, None])
    bots: dict[str, None] = field(default_factory=dict[str, None])
    channels: dict[str, None] = field(default_factory=dict[str, None])
    groups: dict[str, None] = field(default_factory=dict[str, None])
    profiles: dict[str, str] = field(default_factory=dict[str, str])

    def add_message(self, message: JsonObject) -> None:
        """Note who wrote a message, and all that it refers to."""
        author = author_of(message)
        named = author or text_of(message, "username") or text_of(record_of(message, "bot_profile"), "name")
        self.users.update({author: None} if author else {})
        self.bots.update({bot: None} if not named and (bot := text_of(message, "bot_id")) else {})
        name = text_of(record_of(message, "user_profile"), "real_name", "display_name", "name").strip()
        if author and name and not text_of(message, "bot_id"):
            self.profiles[author] = name
        self.collect(message)

    def collect(self, value: object, depth: int = 0) -> None:
        """Note what an object or list refers to."""
        if is_list(value):
            for item in value:
                self.collect(item, depth + 1)
        elif is_object(value) and depth < _DEEPEST:
            for key, member in value.items():
                if isinstance(member, str):
                    self._note(key, member)
                elif key in _USER_LISTS and is_list(member):
                    self.users.update((one, None) for one in member if isinstance(one, str))
                else:
                    self.collect(member, depth + 1)

    def _note(self, key: str, text: str) -> None:
        if key in _USER_KEYS:
            self.users[text] = None
        elif key == "usergroup_id":
            self.groups[text] = None
        elif key == "channel_id":
            self.channels[text] = None
        elif "<" in text:
            kinds = {"@": self.users, "#": self.channels, "!": self.groups}
            for sign, id_, label in _MENTION.findall(text):
                if sign == "@" or len(label) < 2:  # noqa: PLR2004 - a bar and a name
                    kinds[sign][id_] = None
