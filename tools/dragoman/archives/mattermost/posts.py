"""Posts of a Mattermost export as messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, flag_of, list_of, number_of, object_of, record_of, records_of, text_of
from dragoman.archives.ids import Notebook
from dragoman.archives.json_mending import parse
from dragoman.archives.mattermost.directory import Directory
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.emoji_names import emoji_of
from dragoman.core.fast_model import new_message
from dragoman.core.model import Attachment, Author, AuthorKind, Message, Reaction

_EVENT: Final = "system_"
_DETAILS: Final = ("props", "edit_at", "delete_at", "reactions", "attachments", "is_pinned")
"""Members that make more of a post than its text."""
_DATA: Final = "data"


class PostMapper:
    """Maps the posts of one file.

    Args:
        directory: Names people.
        file: The file; those of the posts lie beside it.
        notes: Where posts that cannot be read are counted.
    """

    def __init__(self, directory: Directory, file: File, notes: Notes) -> None:
        self._directory = directory
        self._file = file
        self._notes = notes
        self._counts = Notebook()

    def posts(self, post: JsonObject, conversation: str, line: int) -> Iterator[Message]:
        """A post and its replies."""
        first = self._message(post, conversation, line)
        if first is None:
            return
        yield first
        # Replies have no id of the parent: they lie within it.
        for entry in list_of(post, "replies"):
            reply = self._message(object_of(entry), conversation, line)
            if reply is not None:
                yield replace(reply, reply_to=first.id)

    def _message(self, post: JsonObject, conversation: str, line: int) -> Message | None:
        created = number_of(post, "create_at")
        sent_at = from_milliseconds(created)
        if created is None or sent_at is None or not conversation:
            self._notes.skip("a post without channel or time", self._file.label, line)
            return None
        user, kind = text_of(post, "user"), text_of(post, "type")
        # The export leaves out the ids of posts, so time and user have to do.
        id_ = self._id(conversation, f"{created}.{user}")
        if not (kind or any(post.get(name) for name in _DETAILS)):  # as most are
            author = self._directory.author_of(user)
            text = clean(self._directory.with_names(text_of(post, "message")))
            return new_message(id=id_, conversation=conversation, author=author, sent_at=sent_at, text=text)
        is_event = kind.startswith(_EVENT)
        text = self._text(post)
        return new_message(
            id=id_,
            conversation=conversation,
            author=self._author(post),
            sent_at=sent_at,
            text=text or (kind.removeprefix(_EVENT).replace("_", " ") if is_event else ""),
            edited_at=_time_of(post, "edit_at"),
            deleted_at=_time_of(post, "delete_at"),
            status="activity" if is_event else None,
            reactions=tuple(self._reactions(post)),
            attachments=tuple(self._attachments(post)),
            labels=("pinned",) if flag_of(post, "is_pinned") else (),
        )

    def _id(self, conversation: str, id_: str) -> str:
        """An id of time and user, and a number where both are equal."""
        number = self._counts.add(f"{conversation} {id_}")
        return id_ if number == 1 else f"{id_}.{number}"

    def _author(self, post: JsonObject) -> Author:
        author = self._directory.author_of(text_of(post, "user"))
        props = _props(post)
        name = clean(text_of(props, "override_username"))
        if text_of(props, "from_webhook", "from_bot", "from_plugin") == "true" or flag_of(props, "from_bot"):
            return replace(author, name=name or author.name, kind=AuthorKind.BOT)
        return author

    def _text(self, post: JsonObject) -> str:
        text = self._directory.with_names(text_of(post, "message"))
        return clean("\n".join(part for part in (text, *map(_card, records_of(_props(post), "attachments"))) if part))

    def _reactions(self, post: JsonObject) -> Iterator[Reaction]:
        by_emoji: dict[str, list[str]] = {}
        for reaction in records_of(post, "reactions"):
            name = text_of(reaction, "emoji_name")
            if name:
                person = self._directory.author_of(text_of(reaction, "user")).name
                by_emoji.setdefault(emoji_of(name), []).append(person)
        for emoji, names in by_emoji.items():
            yield Reaction(emoji=emoji, count=len(names), by=tuple(names))

    def _attachments(self, post: JsonObject) -> Iterator[Attachment]:
        for entry in records_of(post, "attachments"):
            path = text_of(entry, "path").replace("\\", "/")
            name = path.rpartition("/")[2]
            if name:
                # An export puts the files below `data`; the path may also begin there.
                lying = self._file.beside(f"{_DATA}/{path}") or self._file.beside(path)
                yield Attachment(
                    name=name,
                    media_type=media_type_of(name),
                    size=lying.size if lying else None,
                    url=lying.reference if lying else None,
                )


def _time_of(post: JsonObject, name: str) -> datetime | None:
    """A time in milliseconds, where 0 is none."""
    milliseconds = number_of(post, name)
    return from_milliseconds(milliseconds) if milliseconds else None


def _props(post: JsonObject) -> JsonObject:
    """What integrations added: an object, or one in a text."""
    props = post.get("props")
    if not isinstance(props, str):
        return record_of(post, "props")
    try:
        return object_of(parse(props))
    except ValueError:
        return {}


def _card(card: JsonObject) -> str:
    """The lines of a card below a post."""
    title, address = text_of(card, "title"), text_of(card, "title_link")
    fields = (f"{text_of(field, 'title')}: {text_of(field, 'value')}" for field in records_of(card, "fields"))
    lines = (
        text_of(card, "pretext"),
        text_of(card, "author_name"),
        f"{title} ({address})" if title and address else title or address,
        text_of(card, "text"),
        *(field.strip(": ") for field in fields),
        text_of(card, "footer"),
    )
    return "\n".join(line for line in lines if line) or text_of(card, "fallback")
