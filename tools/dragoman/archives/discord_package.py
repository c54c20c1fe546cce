"""The data package that Discord hands out: one's own messages, a folder for each channel."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from dragoman.archives.attachments import media_type_of
from dragoman.archives.discord_names import CUSTOM_EMOJI, KINDS
from dragoman.archives.fields import JsonObject, object_of, text_of
from dragoman.archives.format import Item
from dragoman.archives.json_mending import read_object
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean, lines
from dragoman.archives.times import from_iso
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.model import Attachment, Author, Conversation, ConversationKind, Message


class PackageReader:
    """Reads a data package: one's own messages, a folder a channel."""

    def __init__(self, folder: Folder, source: Source) -> None:
        self._folder = folder
        self._notes = source.notes

    def items(self) -> Iterator[Item]:
        """The channels with messages, each before them."""
        messages = messages_folder(self._folder)
        if messages is None:
            return
        index = read_object(messages.file("index.json"))
        author = self._owner()
        for folder in messages.folders():
            channel = read_object(folder.file("channel.json"))
            if text_of(channel, "id"):
                yield from self._channel(folder, channel, index, author)

    def _owner(self) -> Author:
        # Folders have capitals since 2025.
        for name in ("Account", "account"):
            user = read_object(self._folder.file(f"{name}/user.json"))
            if user:
                id_ = text_of(user, "id")
                shown = clean(text_of(user, "global_name", "username")) or id_ or "user"
                return new_author(name=shown, id=id_, email=text_of(user, "email") or None)
        return new_author(name="user")

    def _channel(self, folder: Folder, channel: JsonObject, index: JsonObject, author: Author) -> Iterator[Item]:
        kind = text_of(channel, "type")
        title = text_of(channel, "name") or _indexed_title(text_of(index, text_of(channel, "id")))
        conversation = Conversation(
            id=f"discord.{text_of(channel, 'id')}",
            title=clean(title),
            kind=KINDS.get(kind, ConversationKind.THREAD if "THREAD" in kind else ConversationKind.CHANNEL),
        )
        is_announced = False
        for file, line, row in self._rows(folder):
            message = self._message(row, conversation, author)
            if message is None:
                self._notes.skip("a message without id or time", file.label, line)
                continue
            # A channel without a message of the user's is left out.
            if not is_announced:
                yield conversation
                is_announced = True
            yield message

    def _rows(self, folder: Folder) -> Iterator[tuple[File, int, JsonObject]]:
        # Packages held tables until 2024, and hold JSON since.
        file = folder.file("messages.json")
        if file is not None:
            with file.open() as content:
                reader = JsonReader(content, self._notes, file.label)
                for path, value in reader.items("[]"):
                    if path == "[]":
                        yield file, reader.line, object_of(value)
        table = folder.file("messages.csv")
        if table is not None:
            with table.open() as content:
                for line, row in self._table_rows(content, table):
                    yield table, line, row

    def _table_rows(self, content: BinaryIO, table: File) -> Iterator[tuple[int, JsonObject]]:
        """The rows of a table under the names in its first row; one that is no row is counted."""
        rows = csv.reader(f"{text}\n" for _, text in lines(content))
        names: list[str] = []
        while True:
            try:
                row = next(rows, None)
            except csv.Error:
                self._notes.skip("no valid row", table.label, rows.line_num)
                continue
            if row is None:
                return
            if names and row:
                yield rows.line_num, dict(zip(names, row, strict=False))
            names = names or row

    def _message(self, row: JsonObject, conversation: Conversation, author: Author) -> Message | None:
        sent_at = from_iso(row.get("Timestamp"))
        id_ = text_of(row, "ID")
        if sent_at is None or not id_:
            return None
        text = CUSTOM_EMOJI.sub(r"\1", text_of(row, "Contents"))
        urls = text_of(row, "Attachments").split()
        return new_message(
            id=id_,
            conversation=conversation.id,
            author=author,
            sent_at=sent_at,
            text=clean(text),
            attachments=tuple(_linked(url) for url in urls),
        )


def messages_folder(folder: Folder) -> Folder | None:
    """The package's folder of messages, in either case."""
    for name in ("Messages", "messages"):
        if name in folder.folder_names:
            found = folder.folder(name)
            if "index.json" in found.names:
                return found
    return None


def _indexed_title(title: str) -> str:
    return title.removeprefix("Direct Message with ")


def _linked(url: str) -> Attachment:
    name = url.partition("?")[0].rpartition("/")[2] or "file"
    is_web = url.startswith(("https://", "http://"))
    return Attachment(name=name, media_type=media_type_of(name), url=url if is_web else None)
