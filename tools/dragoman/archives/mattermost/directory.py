"""People and conversations of a Mattermost export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, records_of, text_of, texts_of
from dragoman.archives.text import clean
from dragoman.core.fast_model import new_author
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind

_MENTION: Final = lazy_pattern(r"(?<![\w@.])@([a-zA-Z0-9][a-zA-Z0-9._-]{0,63})")
_TWO: Final = 2


class Directory:
    """Collects what the lines before the posts tell."""

    def __init__(self) -> None:
        self._authors: dict[str, Author] = {}
        self._conversations: dict[str, Conversation] = {}

    def learn(self, kind: str, entry: JsonObject) -> None:
        """Take over a line; those that tell nothing of people and conversations are passed over."""
        if kind in ("user", "bot") and text_of(entry, "username"):
            self._authors[text_of(entry, "username")] = _author(entry, is_bot=kind == "bot")
        elif kind == "channel" and text_of(entry, "name"):
            self._add_channel(entry)
        elif kind == "direct_channel":
            self.direct_channel_of(entry)

    def author_of(self, username: str) -> Author:
        """Who has a name for signing in."""
        return self._authors.get(username) or author_called(username or "user", username)

    def with_names(self, text: str) -> str:
        """A text whose mentions show people as they are called."""
        return _MENTION.sub(self._mention, text) if "@" in text else text

    def channel_of(self, post: JsonObject) -> str:
        """Id of the conversation of a post in a channel; empty when it names none."""
        name = text_of(post, "channel")
        if not name:
            return ""
        id_ = _channel_id(post, name)
        if id_ not in self._conversations:
            self._conversations[id_] = Conversation(id=id_, title=name, kind=ConversationKind.CHANNEL)
        return id_

    def direct_channel_of(self, entry: JsonObject) -> str:
        """Id of the conversation of these people; empty when it names none."""
        members = texts_of(entry, "channel_members") or texts_of(entry, "members")
        members = members or [text_of(one, "username") for one in records_of(entry, "participants")]
        # Sorted, so that the same people are the same conversation in every export.
        usernames = sorted({member for member in members if member})
        if not usernames:
            return ""
        id_ = f"mattermost.dm.{'-'.join(usernames)}"
        if id_ not in self._conversations:
            names = tuple(self.author_of(username).name for username in usernames)
            self._conversations[id_] = Conversation(
                id=id_,
                title=", ".join(names),
                kind=ConversationKind.DIRECT if len(names) <= _TWO else ConversationKind.GROUP,
                topic=clean(text_of(entry, "header")),
                participants=names,
            )
        return id_

    def conversations(self) -> Iterator[Conversation]:
        """All conversations, also those without posts."""
        yield from self._conversations.values()

    def _add_channel(self, channel: JsonObject) -> None:
        name = text_of(channel, "name")
        id_ = _channel_id(channel, name)
        self._conversations[id_] = Conversation(
            id=id_,
            title=clean(text_of(channel, "display_name")) or name,
            kind=ConversationKind.CHANNEL,
            topic=clean(text_of(channel, "header", "purpose")),
        )

    def _mention(self, found: re.Match[str]) -> str:
        """A mention by name. A sign at the end of a name for signing in may be the sentence's."""
        username = found[1].lower()
        while username and username not in self._authors and username[-1] in "._-":
            username = username[:-1]
        author = self._authors.get(username)
        return f"@{author.name}{found[1][len(username) :]}" if author else found[0]


def _channel_id(entry: JsonObject, name: str) -> str:
    return f"mattermost.{text_of(entry, 'team')}.{name}"


def _author(user: JsonObject, *, is_bot: bool) -> Author:
    username = text_of(user, "username")
    whole = clean(f"{text_of(user, 'first_name')} {text_of(user, 'last_name')}")
    return new_author(
        name=clean(text_of(user, "nickname")) or whole or clean(text_of(user, "display_name")) or username,
        id=username,
        kind=AuthorKind.BOT if is_bot else AuthorKind.PERSON,
        email=text_of(user, "email") or None,
    )
