"""The rows of Messages' database as messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, is_list, list_of, object_of, record_of
from dragoman.archives.imessage.blobs import apple_time, archived_members, attributed_text, property_list
from dragoman.archives.imessage.lookups import ME, Lookups, tapback_kind, target_of
from dragoman.archives.notes import Notes
from dragoman.archives.text import clean
from dragoman.archives.times import EPOCH
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind, Edit, Message
from dragoman.core.safe_text import Sentence
from dragoman.store.sqlite.foreign import ForeignDatabase, ForeignRow

COLUMNS: Final = (
    "ROWID", "guid", "text", "attributedBody", "handle_id", "date", "is_from_me", "item_type", "group_title",
    "group_action_type", "other_handle", "share_status", "associated_message_guid", "associated_message_type",
    "thread_originator_guid", "date_edited", "date_retracted", "message_summary_info", "balloon_bundle_id",
    "payload_data", "subject", "destination_caller_id", "account",
)  # fmt: skip

_PLACES: Final = lazy_pattern("(?<=\\S)[\ufffc\ufffd]+(?=\\S)")
_MARKS: Final = lazy_pattern("[\ufffc\ufffd]")
_STICKER: Final = 1000
_OF_APPS: Final = 4000
_MEMBERS, _NAME, _LOOK, _LOCATION, _AUDIO, _CALL = range(1, 7)
_CHANGES: Final = {
    0: "left the conversation",
    1: "changed the picture",
    2: "took the picture away",
    4: "changed the background",
    6: "took the background away",
}
_APP_TEXTS: Final = ("an", "ldtext", "caption", "subcaption")
_LINK: Final = "URLBalloonProvider"


class MessageReader:
    """Reads all messages of a database.

    Args:
        database: The database.
        lookups: What its other tables tell.
        notes: Where rows that are left out are counted.
        label: How the user knows the file.
    """

    def __init__(self, database: ForeignDatabase, lookups: Lookups, notes: Notes, label: str) -> None:
        self._database = database
        self._lookups = lookups
        self._notes = notes
        self._label = label

    def messages(self) -> Iterator[Conversation | Message]:
        """All messages, and the conversations that no table describes."""
        for row in self._database.rows("message", COLUMNS):
            kind = row.number("associated_message_type")
            if (kind and tapback_kind(row) is not None) or self._lookups.is_hidden(row.number("ROWID")):
                continue
            if not row.text("guid"):
                self._skip("a message without id", row)
            elif kind >= _OF_APPS:
                self._skip("a vote in a poll", row)
            else:
                yield from self._in_conversations(row)

    def _in_conversations(self, row: ForeignRow) -> Iterator[Conversation | Message]:
        conversations = self._lookups.conversations_of(row.number("ROWID"))
        if not conversations:
            handle = self._lookups.handles.get(row.number("handle_id"))
            if not handle:
                self._skip("a message of no conversation", row)
                return
            conversations = [Conversation(id=f"imessage.{handle}", title=handle, kind=ConversationKind.DIRECT)]
            yield conversations[0]
        for conversation in conversations:
            message = self._message(row, conversation)
            if message is None:
                self._skip("an empty message", row)
            else:
                yield message

    def _message(self, row: ForeignRow, conversation: Conversation) -> Message | None:
        guid, event = row.text("guid"), self._event(row) if row.number("item_type") else ""
        summary = property_list(row.blob("message_summary_info"))
        earlier, latest = _versions(summary)
        written = _text(row)
        deleted_at = None if event else _unsent_at(row, summary, written)
        text = "" if deleted_at else event or written or latest or _app_text(row)
        attachments = () if deleted_at else self._lookups.attachments(row.number("ROWID"))
        subject, parent = clean(row.text("subject")) or None, _parent(row)
        if not (text or deleted_at or attachments or subject or parent):
            return None
        return new_message(
            id=guid,
            conversation=conversation.id,
            author=self._author(row, conversation),
            sent_at=apple_time(row.number("date")),
            text=text,
            subject=subject,
            reply_to=parent,
            edited_at=apple_time(row.number("date_edited")) if latest or written else None,
            deleted_at=deleted_at,
            status="activity" if event else None,
            reactions=self._lookups.reactions(guid),
            attachments=attachments,
            history=() if deleted_at else tuple(edit for edit in earlier if edit.text != text),
        )

    def _author(self, row: ForeignRow, conversation: Conversation) -> Author:
        if row.number("is_from_me"):
            # An account is written as E:mail or P:number.
            address = row.text("destination_caller_id") or row.text("account").partition(":")[2]
            return author_called(ME, address, AuthorKind.PERSON, _mail(address), own=True)
        address = self._lookups.handles.get(row.number("handle_id"), "")
        if not address and conversation.kind is ConversationKind.DIRECT:
            address = conversation.id.removeprefix("imessage.")
        if not address:
            return new_author(name="Messages", kind=AuthorKind.SYSTEM)
        return author_called(address, address, AuthorKind.PERSON, _mail(address))

    def _event(self, row: ForeignRow) -> str:
        """What happened, in a few words."""
        kind, action = row.number("item_type"), row.number("group_action_type")
        other, title = row.number("other_handle"), clean(row.text("group_title"))
        who = self._lookups.handles.get(other) or "somebody"
        if kind == _MEMBERS and not action and other and other == row.number("handle_id"):
            return "changed the phone number"
        if kind == _MEMBERS:
            return f"{'removed' if action else 'added'} {who}"
        if kind == _NAME:
            return f"named the conversation {title}" if title else "took the name of the conversation away"
        if kind == _LOOK:
            return _CHANGES.get(action, "changed the conversation")
        if kind == _LOCATION:
            return f"{'stopped' if row.number('share_status') else 'started'} sharing the location"
        return {_AUDIO: "kept an audio message", _CALL: "FaceTime call"}.get(kind, "event" if kind > _CALL else "")

    def _skip(self, reason: Sentence, row: ForeignRow) -> None:
        self._notes.skip(reason, self._label, row.number("ROWID"))


def _text(row: ForeignRow) -> str:
    # Since macOS 13 most rows have their text only in the attributed body.
    return _without_marks(row.text("text")) or _without_marks(attributed_text(row.blob("attributedBody")))


def _without_marks(text: str) -> str:
    """The text without the characters that stand for files and apps; what they part stays apart."""
    return clean(text if text.isascii() else _MARKS.sub("", _PLACES.sub("\n", text)))


def _versions(summary: JsonObject) -> tuple[list[Edit], str]:
    """Earlier texts, oldest first, and the latest one. A message has a list of versions for each part of it."""
    if not summary:
        return [], ""
    earlier: list[tuple[float, Edit]] = []
    latest: list[str] = []
    for _, part in sorted(record_of(summary, "ec").items(), key=_number_of):
        versions = [object_of(version) for version in part] if is_list(part) else []
        texts = [_without_marks(attributed_text(_bytes(version.get("t")))) for version in versions]
        times = [apple_time(version.get("d")) for version in versions]
        latest += texts[-1:]
        for text, time in zip(texts[:-1], times, strict=False):
            if text:
                earlier.append((time.timestamp() if time else 0, Edit(text=text, at=time)))
    return [edit for _, edit in sorted(earlier, key=itemgetter(0))], "\n".join(filter(None, latest))


def _number_of(part: tuple[str, object]) -> tuple[int, str]:
    # Parts are numbered by text; by length first, so that 10 comes behind 9.
    return len(str(part[0])), str(part[0])


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _unsent_at(row: ForeignRow, summary: JsonObject, text: str) -> datetime | None:
    """When all of the message was taken back; ``None`` when something of it is left."""
    if not summary and (text or not row.number("date_retracted")):
        return None
    # `rp` has the parts that were taken back, `otr` all parts of the message.
    retracted = {str(part) for part in list_of(summary, "rp")}
    parts = {str(part) for part in record_of(summary, "otr")}
    if (retracted and (not text or (parts and parts <= retracted))) or (row.number("date_retracted") and not text):
        times = (row.number(name) for name in ("date_retracted", "date_edited", "date"))
        return next(filter(None, map(apple_time, times)), EPOCH)
    return None


def _parent(row: ForeignRow) -> str | None:
    """The message that this one answers, or on which it was put as a sticker."""
    is_sticker = row.number("associated_message_type") == _STICKER
    return row.text("thread_originator_guid") or (target_of(row) if is_sticker else "") or None


def _app_text(row: ForeignRow) -> str:
    """What an app shows, for a message that has no text; nothing for a link, whose address is the text."""
    app = row.text("balloon_bundle_id")
    if not app:
        return ""
    shown = archived_members(row.blob("payload_data"))
    lines = dict.fromkeys(clean(shown[name]) for name in _APP_TEXTS if name in shown)
    name = app.rpartition(":")[2].rpartition(".")[2].removesuffix("BalloonProvider").removesuffix("Provider")
    return "\n".join(lines) or ("" if _LINK in app else name)


def _mail(address: str) -> str | None:
    return address if "@" in address else None
