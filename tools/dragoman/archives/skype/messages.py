"""The entries of Skype's lists as messages."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, count_of, object_of, record_of, text_of
from dragoman.archives.json_mending import list_within, parse
from dragoman.archives.skype.events import is_event, read_event
from dragoman.archives.skype.markup import Content, SharedFile, card_texts, read_content
from dragoman.archives.skype.people import People, full_id
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_iso, from_milliseconds
from dragoman.core.emoji_names import emoji_of
from dragoman.core.fast_model import new_message
from dragoman.core.model import Attachment, Message, Reaction
from dragoman.core.safe_text import Sentence

_EMOJI: Final = {
    "heart": "❤️",
    "like": "👍",
    "yes": "👍",
    "no": "👎",
    "laugh": "😆",
    "surprised": "😮",
    "sad": "😢",
    "cry": "😭",
    "angry": "😠",
    "ok": "👌",
    "smile": "🙂",
    "party": "🎉",
    "hearteyes": "😍",
}
_FILES: Final = {
    "picture": ("picture", ".jpeg .jpg .png"),
    "video": ("video", ".mp4"),
    "audio": ("audio message", ".m4a"),
}
_CONTROL: Final = "Control/"
_PLAIN: Final = "Text"
_EDITED: Final = "<e_m "  # a mark of the edit, also behind plain text


class MessageMapper:
    """Maps the entries of one file.

    Args:
        file: The file; shared files lie in the folder ``media`` beside it.
        people: Names people.
    """

    def __init__(self, file: File, people: People) -> None:
        self._file = file
        self._people = people

    def message(self, entry: JsonObject, conversation: str) -> Message | Sentence:
        """The message of an entry, or why there is none."""
        id_ = text_of(entry, "id")
        kind = text_of(entry, "messagetype")
        # An id is the time in milliseconds.
        sent_at = from_iso(entry.get("originalarrivaltime")) or from_milliseconds(id_ if id_.isdecimal() else None)
        if not id_ or sent_at is None:
            return "a message without id or time"
        if kind.startswith(_CONTROL):
            return "no message"
        properties = record_of(entry, "properties")
        if kind == _PLAIN and not properties:  # as most are
            text = _plain_text(text_of(entry, "content"))
            if text:
                author = self._people.author(text_of(entry, "from"))
                return new_message(
                    id=id_, conversation=f"skype.{conversation}", author=author, sent_at=sent_at, text=text
                )
        deleted_at = from_milliseconds(properties.get("deletetime"))
        if is_event(kind) and deleted_at is None:
            return self._event(entry, conversation)
        return self._spoken(entry, conversation, sent_at, deleted_at)

    def _spoken(
        self, entry: JsonObject, conversation: str, sent_at: datetime, deleted_at: datetime | None
    ) -> Message | Sentence:
        """The message of an entry that tells of no event, or why there is none."""
        properties, written = record_of(entry, "properties"), text_of(entry, "content")
        content = Content() if deleted_at else _content(text_of(entry, "messagetype"), written)
        if deleted_at is None and not content.text and not content.files and not content.quote:
            return "an empty message"
        is_here = content.quoted_in in ("", conversation)
        return new_message(
            id=text_of(entry, "id"),
            conversation=f"skype.{conversation}",
            author=self._people.author(text_of(entry, "from")),
            sent_at=sent_at,
            text=content.text if content.quoted and is_here else _with_quote(content),
            reply_to=content.quoted or None if is_here else None,
            edited_at=from_milliseconds(content.edited_at or properties.get("edittime")),
            deleted_at=deleted_at,
            reactions=tuple(self._reactions(properties)) if properties else (),
            attachments=tuple([self._attachment(one) for one in content.files]),
        )

    def _event(self, entry: JsonObject, conversation: str) -> Message:
        event = read_event(text_of(entry, "messagetype"), text_of(entry, "content"), self._people.name_of)
        id_ = text_of(entry, "id")
        return new_message(
            id=id_,
            conversation=f"skype.{conversation}",
            author=self._people.author(event.actor or text_of(entry, "from")),
            sent_at=from_iso(entry.get("originalarrivaltime")) or from_milliseconds(id_),
            text=event.text,
            status="activity",
        )

    def _reactions(self, properties: JsonObject) -> Iterator[Reaction]:
        for emotion in map(object_of, list_within(properties.get("emotions"))):
            key, mris = text_of(emotion, "key"), map(object_of, list_within(emotion.get("users")))
            users = dict.fromkeys(full_id(text_of(user, "mri")) for user in mris)
            if key and users:
                names = tuple(self._people.name_of(user) for user in users if user)
                yield Reaction(emoji=_EMOJI.get(key) or emoji_of(key), count=len(users), by=names)

    def _attachment(self, shared: SharedFile) -> Attachment:
        kind = shared.kind.partition(".")[0].casefold()
        stand_in, endings = _FILES.get(kind, ("file", ""))
        name = clean(shared.name) or stand_in
        lying = self._lying(shared.id, [name[name.rfind(".") :] if "." in name else "", *endings.split()])
        size = count_of({"size": shared.size}, "size")
        return Attachment(
            id=shared.id,
            name=name,
            media_type=media_type_of(name) or (media_type_of(lying.name) if lying else None),
            size=lying.size if size is None and lying else size,
            url=lying.reference if lying else None,
        )

    def _lying(self, id_: str, endings: list[str]) -> File | None:
        """The file itself, which is called by its id, a number, and an ending."""
        for ending in dict.fromkeys(endings) if id_ else ():
            for number in (".1", ""):
                lying = self._file.beside(f"media/{id_}{number}{ending}")
                if lying is not None:
                    return lying
        return None


def _plain_text(written: str) -> str:
    """The text of what is no markup; empty where a mark of the edit is in it."""
    return "" if _EDITED in written else clean(html.unescape(written) if "&" in written else written)


def _content(kind: str, written: str) -> Content:
    if kind == _PLAIN and _EDITED not in written:
        return Content(text=_plain_text(written))
    if written.lstrip().startswith("{"):
        texts = _card(written)
        if texts:
            return Content(text=texts)
    content = read_content(written)
    if kind == "RichText/ScheduledCallInvite":
        content.text = f"Scheduled call: {content.text}".rstrip(": ")
    elif kind == "Poll":
        content.text = f"Poll: {content.text}"
    return content


def _card(written: str) -> str:
    try:
        return "\n".join(dict.fromkeys(card_texts(parse(written))))
    except ValueError:
        return ""


def _with_quote(content: Content) -> str:
    """The text after a quote whose message is not known or lies in another conversation."""
    if not content.quote:
        return clean(content.text)
    quote = "\n".join(f"> {line}" for line in content.quote.split("\n"))
    return clean(f"{quote}\n{content.text}")
