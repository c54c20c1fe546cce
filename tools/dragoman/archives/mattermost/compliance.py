"""Mattermost's compliance export as CSV: a row for each post, file, deletion, and earlier text of a post."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import texts_of
from dragoman.archives.format import Item
from dragoman.archives.ids import Notebook
from dragoman.archives.json_mending import parse
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean, lines
from dragoman.archives.times import from_iso, from_milliseconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, AuthorKind, Conversation, ConversationKind, Edit, Message

HEADING: Final = "Post Creation Time,"
"""How the first line begins."""

_COMING: Final = frozenset({"enter", "leave", "previously-joined"})
_KINDS: Final = {"direct": ConversationKind.DIRECT, "group": ConversationKind.GROUP}
_FILE: Final = lazy_pattern(r"(.*) \((files/.*)\)", re.DOTALL)
_MOST: Final = 1000

Row = Mapping[str, str]


class ComplianceReader:
    """Reads one file twice: first what rows tell of other rows.

    Args:
        file: The file of rows; those of the posts lie beside it.
        notes: Where rows that cannot be read are counted.
    """

    def __init__(self, file: File, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._told = Notebook()
        self._ids = Notebook()
        self._conversations: dict[str, Conversation] = {}

    def items(self) -> Iterator[Item]:
        """The posts, then their conversations."""
        for _, row in self._rows(Notes()):
            self._learn(row)
        for line, row in self._rows(self._notes):
            yield from self._message(row, line)
        yield from self._conversations.values()

    def _rows(self, notes: Notes) -> Iterator[tuple[int, Row]]:
        """The rows by the names of their columns, with their lines."""
        with self._file.open() as content:
            reader = csv.reader(f"{text}\n" for _, text in lines(content, notes, self._file.label))
            heading: list[str] = []
            while True:
                try:
                    columns = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    notes.skip("no row of a table", self._file.label, reader.line_num)
                    continue
                if not heading:
                    heading = [name.strip().lower() for name in columns]
                else:
                    yield reader.line_num, dict(zip(heading, columns, strict=False))

    def _learn(self, row: Row) -> None:
        post, kind = row.get("post id", ""), row.get("post type", "")
        original = row.get("edited by post id", "")
        if kind == "attachment":
            self._add(f"file {post}", row.get("post message", ""))
        elif original:
            self._add(f"edit {original}", row.get("post message", ""))
        # A second row with the id of a post tells that it was deleted.
        elif post and self._told.add(f"post {post}") > 1:
            self._told.put(f"deleted {post}", row.get("post creation time", ""))

    def _message(self, row: Row, line: int) -> Iterator[Message]:
        post, kind = row.get("post id", ""), row.get("post type", "")
        if kind in _COMING:
            self._notes.leave_out("people who join and leave", self._file.label, line)
            return
        if "attachment" in kind or row.get("edited by post id"):
            return
        sent_at = _time_of(row.get("post creation time", ""))
        if not post or sent_at is None:
            self._notes.skip("a post without id or time", self._file.label, line)
            return
        if self._ids.get(post) is not None:
            return  # the row of its deletion
        user = row.get("username") or row.get("user name") or ""
        conversation = self._conversation(row)
        # As in the bulk export, which has no ids of posts: an import of both doubles nothing.
        id_ = f"{row.get('post creation time')}.{user}"
        number = self._told.add(f"id {conversation} {id_}")
        id_ = id_ if number == 1 else f"{id_}.{number}"
        self._ids.put(post, id_)
        deleted_at = _time_of(self._told.get(f"deleted {post}") or "")
        text = clean(row.get("post message", ""))
        edits = [clean(earlier) for earlier in self._list(f"edit {post}")]
        is_event = kind.startswith("system_")
        is_bot = row.get("user type") == "bot"
        yield new_message(
            id=id_,
            conversation=conversation,
            author=new_author(
                name=user or "user",
                id=user,
                email=row.get("user email") or None,
                kind=AuthorKind.BOT if is_bot else AuthorKind.PERSON,
            ),
            sent_at=sent_at,
            text="" if deleted_at else text,
            reply_to=self._ids.get(row.get("replied to post id") or row.get("parent post id") or ""),
            deleted_at=deleted_at,
            status="activity" if is_event else None,
            attachments=tuple(map(self._attachment, self._list(f"file {post}"))),
            history=tuple(Edit(text=earlier) for earlier in edits if earlier != text),
        )

    def _conversation(self, row: Row) -> str:
        """Id of the conversation; of a channel the one that the bulk export gives."""
        kind = _KINDS.get(row.get("channel type", "").lower(), ConversationKind.CHANNEL)
        name, team = row.get("channel name", ""), row.get("team name", "")
        if team and kind is ConversationKind.CHANNEL:
            id_ = f"mattermost.{team}.{name}"
        else:
            id_ = f"mattermost.{row.get('channel id') or PurePosixPath(self._file.name).stem}"
        if id_ not in self._conversations:
            title = clean(row.get("channel display name", "")) or name or id_.partition(".")[2]
            self._conversations[id_] = Conversation(id=id_, title=title, kind=kind)
        return id_

    def _attachment(self, told: str) -> Attachment:
        found = _FILE.fullmatch(told)
        name = found[1] if found else told or "file"
        lying = self._file.beside(found[2]) if found else None
        return Attachment(
            name=name,
            media_type=media_type_of(name),
            size=lying.size if lying else None,
            url=lying.reference if lying else None,
        )

    def _add(self, key: str, entry: str) -> None:
        entries = self._list(key)
        if len(entries) < _MOST:
            self._told.put(key, json.dumps([*entries, entry]))

    def _list(self, key: str) -> list[str]:
        return texts_of({"": parse(self._told.get(key) or "[]")}, "")


def _time_of(written: str) -> datetime | None:
    return from_milliseconds(written) if written.isdecimal() else from_iso(written)
