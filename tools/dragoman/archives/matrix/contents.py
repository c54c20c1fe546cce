"""Contents of Matrix events as text and attachments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, count_of, object_of, record_of, records_of, text_of
from dragoman.archives.matrix.relations import Relations
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.core.html_text import to_text
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment

TAKEN_ALONG: Final = frozenset(
    {"m.reaction", "m.room.redaction", "m.poll.response", "org.matrix.msc3381.poll.response", "m.receipt", "m.typing"}
)
"""Types of events that only tell of other ones."""

ENCRYPTED: Final = frozenset({"m.room.encrypted", "m.bad.encrypted"})
"""Types of messages that whoever exported them could not read."""

# The fallback of rich replies begins with the sender's address.
_QUOTE: Final = lazy_pattern(r"> (?:\* )?<@[^>\n]+>")
_UNREADABLE: Final = "This message could not be decrypted."
_FOLDERS: Final = {"m.image": "images", "m.video": "videos", "m.audio": "audio", "m.file": "files"}
_MEMBERSHIPS: Final = {"join": "joined", "invite": "invited {}", "knock": "asked to join", "ban": "banned {}"}
_REMOVALS: Final = {"ban": "unbanned", "invite": "withdrew the invitation of"}
_STATES: Final = {
    "m.room.create": "created the room",
    "m.room.encryption": "turned on encryption",
    "m.room.avatar": "changed the picture of the room",
    "m.room.pinned_events": "changed the pinned messages",
    "m.room.tombstone": "moved the room",
    "m.call.invite": "started a call",
    "m.call.hangup": "ended a call",
    "m.call.reject": "declined a call",
    "m.poll.end": "ended a poll",
    "org.matrix.msc3381.poll.end": "ended a poll",
}
_TEXTS: Final = ("body", "m.text", "org.matrix.msc1767.text")


def text_of_event(event: JsonObject, content: JsonObject) -> str:
    """The text that people see; empty for a file without words.

    Args:
        event: The event.
        content: Its content, or that of an edit of it.
    """
    kind = text_of(content, "msgtype")
    if text_of(event, "type") in ENCRYPTED or kind in ENCRYPTED:
        return _UNREADABLE
    poll = _poll_of(content)
    if poll:
        return "\n".join(_poll_lines(poll))
    body = text_of(content, "body") or to_text(text_of(content, "formatted_body"))
    if kind == "m.location":
        return clean(f"Location: {', '.join(filter(None, (body, text_of(content, 'geo_uri'))))}")
    # The body of a file is its name, unless a `filename` makes it a caption (Matrix 1.10).
    if kind in _FOLDERS or text_of(event, "type") == "m.sticker":
        name = text_of(content, "filename")
        return clean(body) if name and name != body else ""
    return clean(body)


def without_quote(text: str) -> str:
    """A reply without the lines of the answered message that stand before it for old clients."""
    if _QUOTE.match(text) is None:
        return text
    lines = text.split("\n")
    quoted = next((number for number, line in enumerate(lines) if not line.startswith(">")), len(lines))
    rest = "\n".join(lines[quoted:]).strip()
    # The specification ends the fallback with an empty line; without one somebody quoted by hand.
    return rest if quoted < len(lines) and not lines[quoted].strip() else text


def state_text(event: JsonObject, relations: Relations) -> str:
    """What happened, without the name of who did it; empty for an event that nobody sees."""
    kind, content = text_of(event, "type"), record_of(event, "content")
    if kind == "m.room.member":
        return _membership(event, content, relations)
    if kind in ("m.room.name", "m.room.topic"):
        what = kind.rpartition(".")[2]
        value = clean(text_of(content, what))
        return f"changed the {what} to {value}" if value else f"removed the {what}"
    known = _STATES.get(kind)
    return known or (f"changed {kind.rpartition('.')[2].replace('_', ' ')}" if "state_key" in event else "")


def _membership(event: JsonObject, content: JsonObject, relations: Relations) -> str:
    person = text_of(event, "state_key")
    is_own = person in ("", text_of(event, "sender"))
    before = record_of(record_of(event, "unsigned"), "prev_content") or record_of(event, "prev_content")
    was, now = text_of(before, "membership"), text_of(content, "membership")
    # A profile that changes is told as another event of joining.
    if now == "join" and was == "join":
        old, new = clean(text_of(before, "displayname")), clean(text_of(content, "displayname"))
        return f"changed their name from {old or person} to {new or person}" if old != new else "changed their picture"
    name = relations.name_of(person)
    if now == "leave":
        if is_own:
            return "declined the invitation" if was == "invite" else "left"
        return f"{_REMOVALS.get(was, 'removed')} {name}"
    return _MEMBERSHIPS.get(now, "changed the membership of {}").format(name)


def _poll_of(content: JsonObject) -> JsonObject:
    return record_of(content, "m.poll") or record_of(content, "org.matrix.msc3381.poll.start")


def _poll_lines(poll: JsonObject) -> Iterator[str]:
    yield f"Poll: {_text_block(poll.get('question'))}"
    for answer in records_of(poll, "answers"):
        yield f"- {_text_block(answer)}"


def _text_block(value: object) -> str:
    """A text in any of its forms: a string, or a list of them in several media types."""
    record = object_of(value)
    for name in _TEXTS:
        listed = next((text_of(one, "body") for one in records_of(record, name)), "")
        if listed or text_of(record, name):
            return clean(listed or text_of(record, name))
    return ""


def attachment_of(event: JsonObject, content: JsonObject, export: File) -> Attachment | None:
    """The file of a message or a sticker."""
    kind = text_of(content, "msgtype")
    is_sticker = text_of(event, "type") == "m.sticker"
    if kind not in _FOLDERS and not is_sticker:
        return None
    # Before Matrix 1.10 there is only the body, which was the name then.
    name = text_of(content, "filename", "body") or "file"
    about = record_of(content, "info")
    size = count_of(about, "size")
    folder = "stickers" if is_sticker else _FOLDERS[kind]
    lying = _lying(export, folder, text_of(content, "body") or name, size)
    return Attachment(
        name=name,
        media_type=text_of(about, "mimetype") or media_type_of(name),
        size=lying.size if size is None and lying else size,
        url=lying.reference if lying else None,
    )


def _lying(export: File, folder: str, body: str, size: int | None) -> File | None:
    """The exported file: its name is that of the message, and the time in the language of who exported it."""
    place = export.folder.folder(folder)
    stem = PurePosixPath(body.replace("\\", "/")).stem
    names = [name for name in place.names if name.startswith(f"{stem}-") or name == body]
    found = [file for name in sorted(names) if (file := place.file(name)) is not None]
    fitting = [file for file in found if size is None or file.size == size]
    # Two files of one name and size cannot be told apart, and a wrong one is worse than none.
    return fitting[0] if len(fitting) == 1 else None
