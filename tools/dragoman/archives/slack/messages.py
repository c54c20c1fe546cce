"""The entries of a day's file as messages."""

from __future__ import annotations

from datetime import datetime
from mimetypes import guess_type
from typing import Final

from dragoman.archives.fields import JsonObject, count_of, record_of, text_of
from dragoman.archives.slack.people import Workspace
from dragoman.archives.sources import File, Folder
from dragoman.archives.text import clean
from dragoman.archives.times import from_seconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Edit, Message
from dragoman.core.slack.extras import files_of, is_event, reactions_of
from dragoman.core.slack.message_text import SlackText

_TS: Final = lazy_pattern(r"\d{1,12}(?:\.\d{1,9})?")
_PLAIN: Final = frozenset(
    {"type", "ts", "text", "user", "client_msg_id", "team", "user_team", "source_team", "user_profile", "blocks"}
)
"""Members of a message that is nothing but its text: blocks say it again."""

_DETAILS: Final = frozenset({"thread_ts", "edited", "reactions", "files", "file", "pinned_to", "pinned_info"})
"""Members that make more of a message than its text."""
_WITHOUT_CONTENT: Final = frozenset({"tombstone", "hidden_by_limit", "access_denied", "file_access"})


class SlackMessages:
    """Maps entries.

    Args:
        workspace: Names people and channels.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._text = SlackText(workspace)

    def read(self, entry: JsonObject, conversation: str, folder: Folder) -> Message | None:
        """The message of an entry, or what an entry of the logs tells of another one; nothing if it has no time."""
        plain = self._plain(entry, conversation) if entry.keys() <= _PLAIN else None
        if plain is not None:
            return plain
        subtype = text_of(entry, "subtype")
        if subtype == "message_changed":
            inner = record_of(entry, "message")
            before = record_of(entry, "previous_message") or record_of(entry, "original")
            return self._message(inner, conversation, folder, self._history(before))
        if subtype == "message_deleted":
            before = record_of(entry, "previous_message") or record_of(entry, "original")
            deleted = text_of(entry, "deleted_ts") or ts_of(before)
            return self._tombstone(before, deleted, ts_of(entry), conversation)
        if subtype == "tombstone":
            return self._tombstone(entry, ts_of(entry), ts_of(entry), conversation)
        before = record_of(entry, "original")
        return self._message(entry, conversation, folder, self._history(before))

    def _plain(self, entry: JsonObject, conversation: str) -> Message | None:
        """A message that is a text of a known person and nothing else, as most are; ``None`` for any other."""
        ts, text, user = entry.get("ts"), entry.get("text"), entry.get("user")
        if not (isinstance(ts, str) and isinstance(text, str) and text and isinstance(user, str)):
            return None
        author = self._workspace.person(user)
        sent_at = from_seconds(ts) if _TS.fullmatch(ts) else None
        if author is None or sent_at is None:
            return None
        text = clean(self._text.of_markup(text) if "<" in text or "&" in text else text)
        return new_message(id=ts, conversation=conversation, author=author, sent_at=sent_at, text=text)

    def _message(
        self, entry: JsonObject, conversation: str, folder: Folder, history: tuple[Edit, ...]
    ) -> Message | None:
        ts = ts_of(entry)
        sent_at = from_seconds(ts) if ts else None
        if sent_at is None:
            return None
        subtype = text_of(entry, "subtype")
        is_activity = is_event(subtype)
        text = clean(self._text.of_message(entry))
        author = self._workspace.author_of(entry)
        if not (subtype or history) and entry.keys().isdisjoint(_DETAILS):  # as most are
            return new_message(id=ts, conversation=conversation, author=author, sent_at=sent_at, text=text)
        thread = text_of(entry, "thread_ts")
        return new_message(
            id=ts,
            conversation=conversation,
            author=author,
            sent_at=sent_at,
            text=text or (subtype.replace("_", " ") if is_activity else ""),
            reply_to=thread if thread not in ("", ts) else None,
            edited_at=from_seconds(text_of(record_of(entry, "edited"), "ts")),
            status="activity" if is_activity else None,
            reactions=tuple(reactions_of(entry, self._named)),
            attachments=tuple(_attachment(file, folder) for file in files_of(entry)),
            labels=("pinned",) if entry.get("pinned_to") or entry.get("pinned_info") else (),
            history=tuple(edit for edit in history if edit.text != text),
        )

    def _tombstone(self, entry: JsonObject, ts: str, deleted: str, conversation: str) -> Message | None:
        sent_at = from_seconds(ts) if _TS.fullmatch(ts) else None
        deleted_at = from_seconds(deleted) or sent_at
        if sent_at is None or deleted_at is None:
            return None
        author = self._workspace.author_of(entry) if entry else new_author(name="user")
        return new_message(
            id=ts, conversation=conversation, author=author, sent_at=sent_at, text="", deleted_at=deleted_at
        )

    def _history(self, before: JsonObject) -> tuple[Edit, ...]:
        text = clean(self._text.of_message(before)) if before else ""
        return (Edit(text=text, at=_edited_or_sent(before)),) if text else ()

    def _named(self, user: str) -> str:
        return self._workspace.name_of(user) or user


def ts_of(entry: JsonObject) -> str:
    """The entry's time, which is its id; empty when it has none."""
    value = entry.get("ts")
    # A number has lost the zeros at its end, which are part of the id.
    ts = f"{value:.6f}" if isinstance(value, float) else text_of(entry, "ts")
    return ts if _TS.fullmatch(ts) else ""


def _edited_or_sent(entry: JsonObject) -> datetime | None:
    return from_seconds(text_of(record_of(entry, "edited"), "ts")) or from_seconds(ts_of(entry) or None)


def _attachment(file: JsonObject, folder: Folder) -> Attachment:
    id_ = text_of(file, "id")
    name = text_of(file, "name", "title") or id_ or "file"
    if text_of(file, "mode") in _WITHOUT_CONTENT:
        return Attachment(name=name, id=id_)
    url = text_of(file, "url_private", "permalink", "url")
    member = _member(folder, id_, name)
    if not url.startswith(("http://", "https://")):
        url = member.reference if member else ""
    size = count_of(file, "size")
    return Attachment(
        name=name,
        id=id_,
        media_type=text_of(file, "mimetype") or guess_type(name)[0],
        size=member.size if size is None and member else size,
        url=url or None,
    )


def _member(folder: Folder, id_: str, name: str) -> File | None:
    """The file itself where a program has saved it beside the messages."""
    if not id_:
        return None
    # The two layouts of slackdump.
    return folder.file(f"attachments/{id_}-{name}") or folder.file(f"../__uploads/{id_}/{name}")
