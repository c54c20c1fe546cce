"""What has to be known before the messages: people, chats, attachments and reactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha1
from typing import Final, NamedTuple

from dragoman.archives.attachments import media_type_of
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.core.model import Attachment, Conversation, ConversationKind, Reaction
from dragoman.store.sqlite.foreign import ForeignDatabase, ForeignRow
from dragoman.store.sqlite.scratch import open_scratch

ME: Final = "me"
"""The name of the user, which the database does not have."""

_SCHEMA: Final = """
CREATE TABLE chats(message INTEGER, chat INTEGER, PRIMARY KEY(message, chat)) WITHOUT ROWID;
CREATE TABLE hidden(message INTEGER PRIMARY KEY);
CREATE TABLE joined(message INTEGER, file INTEGER, PRIMARY KEY(message, file)) WITHOUT ROWID;
CREATE TABLE files(number INTEGER PRIMARY KEY, id TEXT, name TEXT, type TEXT, size INTEGER, path TEXT);
CREATE TABLE tapbacks(target TEXT, sender TEXT, kind INTEGER, emoji TEXT, at INTEGER, present INTEGER,
  PRIMARY KEY(target, sender, kind, emoji)) WITHOUT ROWID;
"""
# A row that is older than the one that is known changes nothing: rows come in any order.
_TAPBACK: Final = """
INSERT INTO tapbacks VALUES(?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET at = excluded.at, present = excluded.present WHERE excluded.at >= at
"""
_TAPBACKS: Final = "SELECT sender, kind, emoji, at, present FROM tapbacks WHERE target = ? ORDER BY kind, at"
_FILES: Final = """
SELECT id, name, type, size, path FROM joined JOIN files ON files.number = joined.file
WHERE message = ? ORDER BY joined.file
"""
# In the order of Apple's numbers: six reactions, then any emoji, which has a column of its own, then a sticker.
_EMOJI: Final = ("❤️", "👍", "👎", "😂", "‼️", "❓", "", ":sticker:")
_ANY_EMOJI: Final = 6
_ADDED, _TAKEN_BACK, _KINDS = 2000, 3000, len(_EMOJI)
# Numbers of Apple's own in the column `style`.
_DIRECT: Final = 45
_GROUP: Final = 43
_PREVIEW: Final = ".pluginPayloadAttachment"
_ROOTS: Final = ("Library/Messages/", "Library/SMS/")


class Tapback(NamedTuple):
    """A reaction as the database has it: a row of its own, which puts it on a message or takes it back."""

    sender: str
    kind: int
    emoji: str
    at: int
    present: int


def tapback_kind(row: ForeignRow) -> int | None:
    """Which reaction a row is about; ``None`` when it is a message."""
    kind = row.number("associated_message_type")
    for first in (_ADDED, _TAKEN_BACK):
        if first <= kind < first + _KINDS:
            return kind - first
    return None


def target_of(row: ForeignRow) -> str:
    """The guid of the message that a row belongs to, without the part of it."""
    # As in `p:0/GUID` for a part of a message, or `bp:GUID` for a balloon of an app.
    return row.text("associated_message_guid").rpartition("/")[2].removeprefix("bp:")


class Lookups:
    """Reads the small tables, and the rows of the large ones that say something of others.

    Args:
        database: The database.
        file: The file that it is.
    """

    def __init__(self, database: ForeignDatabase, file: File) -> None:
        self._file = file
        # The column came with iOS 18 and macOS 15; before, a person had one reaction on a message.
        self._one_each = "associated_message_emoji" not in database.columns("message")
        self._scratch = open_scratch(_SCHEMA)
        self.handles = {row.number("ROWID"): row.text("id") for row in database.rows("handle", ("ROWID", "id"))}
        self.conversations = dict(_conversations(database, self.handles))
        self._fill("chats", database.rows("chat_message_join", ("message_id", "chat_id")), ("message_id", "chat_id"))
        self._fill("hidden", database.rows("chat_recoverable_message_join", ("message_id",)), ("message_id",))
        self._has_hidden = bool(self._scratch.execute("SELECT count(*) FROM hidden").get)
        joined = ("message_id", "attachment_id")
        self._fill("joined", database.rows("message_attachment_join", joined), joined)
        self._has_files = bool(self._scratch.execute("SELECT EXISTS(SELECT 1 FROM joined)").get)
        self._learn_files(database)
        self._has_tapbacks = False
        self._learn_tapbacks(database)

    def close(self) -> None:
        """Drop what is in temporary tables."""
        self._scratch.close()

    def is_hidden(self, message: int) -> bool:
        """Whether the message was deleted, and is only kept to be recovered."""
        found = (
            self._has_hidden and self._scratch.execute("SELECT 1 FROM hidden WHERE message = ?", (message,)).fetchone()
        )
        return bool(found)

    def conversations_of(self, message: int) -> list[Conversation]:
        """The conversations that hold a message, each once."""
        rows = self._scratch.execute("SELECT chat FROM chats WHERE message = ?", (message,))
        known = self.conversations
        return list({one.id: one for (chat,) in rows if (one := known.get(chat)) is not None}.values())

    def attachments(self, message: int) -> tuple[Attachment, ...]:
        """The files of a message."""
        if not self._has_files:
            return ()
        return tuple(self._attachment(*row) for row in self._scratch.execute(_FILES, (message,)))

    def reactions(self, guid: str) -> tuple[Reaction, ...]:
        """The reactions that are on a message."""
        if not self._has_tapbacks:
            return ()
        people: dict[str, list[str]] = {}
        for tapback in self._present([Tapback(*row) for row in self._scratch.execute(_TAPBACKS, (guid,))]):
            people.setdefault(tapback.emoji, []).append(tapback.sender)
        return tuple(Reaction(emoji=emoji, count=len(names), by=tuple(names)) for emoji, names in people.items())

    def sender(self, row: ForeignRow) -> str:
        """The address of the one who wrote a row."""
        return ME if row.number("is_from_me") else self.handles.get(row.number("handle_id"), "")

    def _fill(self, table: str, rows: Iterator[ForeignRow], names: Sequence[str]) -> None:
        marks = ", ".join("?" * len(names))
        values = (tuple(row.number(name) for name in names) for row in rows)
        self._scratch.executemany(f"INSERT OR IGNORE INTO {table} VALUES({marks})", values)

    def _learn_files(self, database: ForeignDatabase) -> None:
        names = ("ROWID", "guid", "filename", "mime_type", "transfer_name", "total_bytes")
        for row in database.rows("attachment", names):
            path = row.text("filename")
            name = row.text("transfer_name") or path.rpartition("/")[2] or "file"
            if not name.endswith(_PREVIEW):  # the picture of a link's preview
                values = (row.text("guid"), name, row.text("mime_type"), row.number("total_bytes"), path)
                number = row.number("ROWID")
                self._scratch.execute("INSERT OR IGNORE INTO files VALUES(?,?,?,?,?,?)", (number, *values))

    def _learn_tapbacks(self, database: ForeignDatabase) -> None:
        names = ("handle_id", "is_from_me", "date", "associated_message_type", "associated_message_guid")
        columns = (*names, "associated_message_emoji")
        for row in database.rows("message", columns, where="associated_message_type"):
            kind = tapback_kind(row)
            if kind is not None:
                self._has_tapbacks = True
                present = row.number("associated_message_type") < _TAKEN_BACK
                emoji = _EMOJI[kind] or row.text("associated_message_emoji")
                self._scratch.execute(
                    _TAPBACK, (target_of(row), self.sender(row), kind, emoji, row.number("date"), int(present))
                )

    def _present(self, tapbacks: list[Tapback]) -> Iterator[Tapback]:
        """Those that are not taken back; older systems let a person have one of the first six only."""
        latest = {one.sender: one.at for one in sorted(tapbacks, key=_time_of) if one.present and one.kind < _ANY_EMOJI}
        cleared = {one.sender: one.at for one in tapbacks if one.kind == _ANY_EMOJI and not one.emoji}
        for one in tapbacks:
            is_replaced = self._one_each and one.kind < _ANY_EMOJI and one.at < latest.get(one.sender, 0)
            is_cleared = one.kind == _ANY_EMOJI and one.at <= cleared.get(one.sender, -1)
            if one.present and one.emoji and not is_replaced and not is_cleared:
                yield one

    def _attachment(self, id_: str, name: str, media_type: str, size: int, path: str) -> Attachment:
        lying = self._lying(path)
        return Attachment(
            id=id_,
            name=clean(name) or "file",
            media_type=media_type or media_type_of(name),
            size=size if size > 0 else lying.size if lying else None,
            url=lying.reference if lying else None,
        )

    def _lying(self, path: str) -> File | None:
        """The file itself: beside the database of a Mac, or under the digest of its path in a phone's backup."""
        for root in _ROOTS:
            _, found, rest = path.partition(root)
            if found:
                # A backup of a phone names each file by the SHA-1 of its domain and path.
                digest = sha1(f"MediaDomain-Library/SMS/{rest}".encode("utf-8", "replace")).hexdigest()  # noqa: S324 - a name
                return self._file.beside(rest) or self._file.beside(f"../{digest[:2]}/{digest}")
        return None


def _time_of(tapback: Tapback) -> int:
    return tapback.at


def _conversations(database: ForeignDatabase, handles: dict[int, str]) -> Iterator[tuple[int, Conversation]]:
    """The chats by number. Those of several services with one person are one conversation."""
    people: dict[int, list[str]] = {}
    for row in database.rows("chat_handle_join", ("chat_id", "handle_id")):
        handle = handles.get(row.number("handle_id"))
        if handle:
            people.setdefault(row.number("chat_id"), []).append(handle)
    known: dict[str, Conversation] = {}
    for row in database.rows("chat", ("ROWID", "guid", "style", "chat_identifier", "display_name")):
        id_ = row.text("chat_identifier") or row.text("guid")
        if not id_:
            continue
        before = known.get(id_)
        names = tuple(dict.fromkeys((*(before.participants if before else ()), *people.get(row.number("ROWID"), ()))))
        named = clean(row.text("display_name")) or (before.title if before and before.title != id_ else "")
        is_group = row.number("style") == _GROUP or (row.number("style") != _DIRECT and len(names) > 1)
        known[id_] = Conversation(
            id=f"imessage.{id_}",
            title=named or (", ".join(names) if is_group else "") or id_,
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            participants=names,
        )
        yield row.number("ROWID"), known[id_]
