"""What a message of Signal shows: its text, and its files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from hashlib import sha256
from mimetypes import guess_extension
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import EMPTY, JsonObject, count_of, flag_of, is_object, record_of, records_of, text_of
from dragoman.archives.signal.people import Directory
from dragoman.archives.sources import File
from dragoman.archives.text import clean, decode
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment

_NAMES: Final = {"VOICE_MESSAGE": "voice message", "GIF": "GIF"}
_LONGEST_TEXT: Final = 1 << 20
_WORDS: Final = lazy_pattern(r"(?<=[a-z0-9])(?=[A-Z])|_")
_LOCATORS: Final = ("locatorInfo", "backupLocator", "attachmentLocator")


class ContentReader:
    """Reads what stands in the messages of one export.

    Args:
        file: The export's file of lines; files of messages lie beside it.
        people: Names people.
    """

    def __init__(self, file: File, people: Directory) -> None:
        self._file = file
        self._people = people

    def text(self, kind: str, body: JsonObject) -> str:
        """What people see of a message of a kind, a line for each part of it."""
        parts = {
            "contactMessage": _contacts,
            "paymentNotification": _payment,
            "poll": _poll,
            "updateMessage": _update,
        }.get(kind)
        if parts is not None:
            return clean("\n".join(part for part in parts(body) if part))
        if kind == "giftBadge":
            return "Gift badge"
        if kind == "viewOnceMessage":
            return "" if record_of(body, "attachment") else "View-once media"
        if kind == "stickerMessage":
            return text_of(record_of(body, "sticker"), "emoji") or "Sticker"
        return clean("\n".join(part for part in self._lines(body) if part))

    def attachments(self, body: JsonObject) -> Iterator[Attachment]:
        """The files of a message."""
        sticker = record_of(body, "sticker")
        found = [*records_of(body, "attachments"), record_of(body, "attachment")]
        for attachment in found:
            pointer = record_of(attachment, "pointer")
            if pointer:
                yield self._attachment(pointer, _NAMES.get(text_of(attachment, "flag"), "attachment"))
        if sticker:
            yield self._attachment(record_of(sticker, "data"), "sticker")

    def _lines(self, body: JsonObject) -> Iterator[str]:
        reply = record_of(body, "textReply")
        written = record_of(reply, "text") or record_of(body, "text")
        yield self._long_text(record_of(reply, "longText") or record_of(body, "longText"), written)
        yield text_of(body, "emoji")
        for attachment in records_of(body, "attachments"):
            yield text_of(record_of(attachment, "pointer"), "caption")
        for preview in records_of(body, "linkPreview"):
            url, title = text_of(preview, "url"), text_of(preview, "title")
            if url and url not in text_of(written, "body"):
                yield f"{title} ({url})" if title else url

    def _long_text(self, pointer: JsonObject, written: JsonObject) -> str:
        """The text with its mentions; the message has only the beginning of a long one, which lies in a file."""
        text = text_of(written, "body")
        lying = self._lying(pointer) if pointer else None
        if lying is not None:
            with lying.open() as content:
                whole = decode(content.read(_LONGEST_TEXT), complete=False)
            # Another file may have been found under the name; the true one begins like the message.
            text = whole if whole.startswith(text) else text
        return with_mentions(text, records_of(written, "bodyRanges"), self._people)

    def _attachment(self, pointer: JsonObject, stand_in: str) -> Attachment:
        locator = _locator(pointer)
        media_type = text_of(pointer, "contentType")
        name = clean(text_of(pointer, "fileName")) or stand_in
        lying = self._lying(pointer)
        size = count_of(locator, "size")
        return Attachment(
            name=name,
            media_type=media_type or media_type_of(name),
            size=lying.size if size is None and lying else size,
            url=lying.reference if lying else None,
        )

    def _lying(self, pointer: JsonObject) -> File | None:
        """The file itself, which is called by a digest of its content, with or without an ending."""
        locator = _locator(pointer)
        content, key = _raw(text_of(locator, "plaintextHash")), _raw(text_of(locator, "localKey"))
        names = [text_of(locator, "mediaName"), content.hex(), sha256(content + key).hexdigest() if content else ""]
        name = text_of(pointer, "fileName")
        ending = name[name.rfind(".") :] if "." in name else guess_extension(text_of(pointer, "contentType")) or ""
        for stem in filter(None, names):
            for place in (f"files/{stem[:2]}/{stem}", f"files/{stem}"):
                lying = self._file.beside(f"{place}{ending}") or self._file.beside(place)
                if lying is not None:
                    return lying
        return None


def with_mentions(text: str, ranges: list[JsonObject], people: Directory) -> str:
    """The text with names where people are mentioned; places are counted in units of UTF-16."""
    mentions = [one for one in ranges if text_of(one, "mentionAci")]
    if not mentions:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    # From behind, so that the places before it stay right.
    for mention in sorted(mentions, key=lambda one: count_of(one, "start") or 0, reverse=True):
        start = 2 * (count_of(mention, "start") or 0)
        end = start + 2 * (count_of(mention, "length") or 0)
        if end <= len(raw):
            name = f"@{people.name_of(text_of(mention, 'mentionAci'))}"
            raw = raw[:start] + name.encode("utf-16-le", "surrogatepass") + raw[end:]
    return raw.decode("utf-16-le", "replace")


def _locator(pointer: JsonObject) -> JsonObject:
    return next((one for name in _LOCATORS if (one := record_of(pointer, name))), EMPTY)


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (ValueError, binascii.Error):
        return b""


def _contacts(body: JsonObject) -> Iterator[str]:
    for contact in (record_of(body, "contact"), *records_of(body, "contact")):
        name = record_of(contact, "name")
        words = [text_of(name, member) for member in ("givenName", "middleName", "familyName")]
        ways = [text_of(way, "value") for member in ("number", "email") for way in records_of(contact, member)]
        told = " ".join(filter(None, words)) or text_of(name, "nickname") or text_of(contact, "organization")
        if told or ways:
            yield f"Contact: {', '.join(filter(None, (told, *ways)))}"


def _payment(body: JsonObject) -> Iterator[str]:
    amount = text_of(body, "amountMob")
    yield f"Payment: {amount} MOB" if amount else "Payment"
    yield text_of(body, "note")


def _poll(body: JsonObject) -> Iterator[str]:
    yield f"Poll: {text_of(body, 'question')}"
    for option in records_of(body, "options"):
        yield f"- {text_of(option, 'option')}: {len(records_of(option, 'votes'))}"


def _update(body: JsonObject) -> Iterator[str]:
    """What happened, in the words of the format."""
    kind, update = next(((name, one) for name, one in body.items() if is_object(one)), ("update", EMPTY))
    if kind == "groupChange":
        for change in records_of(update, "updates"):
            yield from (_group_change(name, one) for name, one in change.items() if is_object(one))
    elif kind == "profileChange":
        yield f"changed the name from {text_of(update, 'previousName')} to {text_of(update, 'newName')}"
    elif kind == "expirationTimerChange":
        seconds = (count_of(update, "expiresInMs") or 0) // 1000
        yield f"messages disappear after {seconds} s" if seconds else "messages do not disappear"
    elif kind in ("individualCall", "groupCall"):
        yield ", ".join(
            filter(None, (_in_words(text_of(update, "type")) or "group call", _in_words(text_of(update, "state"))))
        )
    else:
        yield _in_words(text_of(update, "type")) or _in_words(kind)


def _group_change(kind: str, change: JsonObject) -> str:
    name = text_of(change, "newGroupName", "newDescription")
    words = _in_words(kind).removesuffix(" update")
    return f"{words}: {name}" if name else f"{words} removed" if flag_of(change, "wasRemoved") else words


def _in_words(name: str) -> str:
    return _WORDS.sub(" ", name).lower()
