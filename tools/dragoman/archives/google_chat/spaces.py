"""A space or a direct chat: ``messages.json``, with who is in it and the files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Final
from unicodedata import normalize

from dragoman.archives.attachments import media_type_of
from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, count_of, list_of, record_of, records_of, text_of
from dragoman.archives.google_chat.dates import parse_date
from dragoman.archives.ids import ContentIds
from dragoman.archives.json_mending import read_object
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message, Reaction

_MESSAGES: Final = "messages[]"
_FOLDER: Final = lazy_pattern(r"(DM|Space|Group)[ _](.+)")
_DIRECT: Final = "DM"
_NOBODY: Final = new_author(name="Deleted user")
# The one field of Google's type for safe addresses, whose name the export spells out.
_WRAPPED: Final = "private_do_not_access_or_else_safe_url_wrapped_value"
_PEOPLE: Final = 1000
_TWO: Final = 2
_PARTS: Final = 3

_PLAIN: Final = frozenset({"creator", "created_date", "text", "topic_id", "message_id"})
"""Members of a message that is a text and nothing else."""


class SpaceReader:
    """Reads one file of messages.

    Args:
        file: The file.
        notes: Where messages that cannot be read are counted.
        ids: Makes ids for messages of early exports, which have none.
    """

    def __init__(self, file: File, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._ids = ContentIds()
        self._group = read_object(file.beside("group_info.json"))
        self._own = _own_address(file)
        self._person = lru_cache(maxsize=_PEOPLE)(self._author_of)
        self._people = {author.email: author for author in map(self._author, records_of(self._group, "members"))}

    def items(self) -> Iterator[Conversation | Message]:
        """The space, then its messages."""
        conversation: Conversation | None = None
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for value in reader.objects(_MESSAGES):
                if conversation is None:
                    conversation = self._conversation(text_of(value, "message_id"))
                    yield conversation
                plain = self._plain_message(value, conversation) if value.keys() <= _PLAIN else None
                if plain is None:
                    yield from self._message(value, conversation, reader)
                else:
                    yield plain
        if conversation is None and self._group:
            yield self._conversation("")

    def _conversation(self, message_id: str) -> Conversation:
        folder = _FOLDER.fullmatch(self._file.folder.name)
        id_ = folder[2] if folder else message_id.partition("/")[0] or self._file.folder.name
        names = [author.name for author in self._people.values()]
        others = [author.name for author in self._people.values() if not author.own]
        name = clean(text_of(self._group, "name"))
        is_direct = bool(folder and folder[1] == _DIRECT) or not name
        kind = ConversationKind.GROUP if len(names) > _TWO else ConversationKind.DIRECT
        return Conversation(
            id=f"gchat.{id_}",
            title=name or ", ".join(others or names),
            kind=kind if is_direct else ConversationKind.CHANNEL,
            participants=tuple(names),
            members=len(names) or None,
        )

    def _message(self, entry: JsonObject, conversation: Conversation, reader: JsonReader) -> Iterator[Message]:
        created, deleted = text_of(entry, "created_date"), text_of(entry, "deleted_date")
        sent_at = parse_date(created) if created else None
        is_deleted = text_of(entry, "message_state") == "DELETED" or bool(deleted)
        if is_deleted and not text_of(entry, "message_id"):
            self._notes.skip("a message that was deleted", self._file.label, reader.line)
            return
        if created and sent_at is None:
            self._notes.skip("a date in an unknown form, whose message has no time", self._file.label, reader.line)
        deleted_at = (parse_date(deleted) or sent_at or parse_date(created)) if is_deleted else None
        text = "" if is_deleted else clean("\n".join(filter(None, _lines(entry))))
        updated = text_of(entry, "updated_date")
        updated_at = parse_date(updated) if updated else None
        yield new_message(
            id=text_of(entry, "message_id") or self._made_id(conversation.id, sent_at, created, text),
            conversation=conversation.id,
            author=self._creator(entry),
            sent_at=sent_at or deleted_at,
            text=text,
            reply_to=_parent(entry),
            edited_at=updated_at if updated_at != sent_at and not is_deleted else None,
            deleted_at=deleted_at,
            reactions=tuple(self._reactions(entry)) if "reactions" in entry else (),
            attachments=tuple([self._attachment(one) for one in records_of(entry, "attached_files")]),
        )

    def _plain_message(self, entry: JsonObject, conversation: Conversation) -> Message | None:
        """A message that is a text of somebody and nothing else, as most are; ``None`` for any other."""
        id_, created, text = entry.get("message_id"), entry.get("created_date"), entry.get("text")
        if not (isinstance(id_, str) and isinstance(created, str) and isinstance(text, str) and id_):
            return None
        sent_at = parse_date(created)
        if sent_at is None:
            return None
        return new_message(
            id=id_,
            conversation=conversation.id,
            author=self._creator(entry),
            sent_at=sent_at,
            text=clean(text),
            reply_to=_parent_of(id_, text_of(entry, "topic_id")),
        )

    def _made_id(self, conversation: str, sent_at: datetime | None, created: str, text: str) -> str:
        return self._ids.make(conversation, sent_at.isoformat() if sent_at else created, text)

    def _creator(self, entry: JsonObject) -> Author:
        creator = record_of(entry, "creator")
        name, email, user_type = creator.get("name"), creator.get("email"), creator.get("user_type")
        # Other types could be equal to each other and mean something else, as 1 and true do.
        if isinstance(name, str) and isinstance(email, str) and user_type is None:
            return self._person(name, email)
        return self._author(creator) if text_of(creator, "name", "email") else _NOBODY

    def _author_of(self, name: str, email: str) -> Author:
        return self._author({"name": name, "email": email}) if name or email else _NOBODY

    def _author(self, person: JsonObject) -> Author:
        email = text_of(person, "email")
        kind = AuthorKind.BOT if text_of(person, "user_type").casefold() == "bot" else AuthorKind.PERSON
        name = clean(text_of(person, "name")) or email or "Deleted user"
        return author_called(name, "", kind, email or None, own=bool(email) and email == self._own)

    def _reactions(self, entry: JsonObject) -> Iterator[Reaction]:
        for reaction in records_of(entry, "reactions"):
            emoji = record_of(reaction, "emoji")
            code = text_of(record_of(emoji, "custom_emoji"), "shortcode")
            shown = text_of(emoji, "unicode") or (f":{code.strip(':')}:" if code else "")
            emails = dict.fromkeys(email for email in list_of(reaction, "reactor_emails") if isinstance(email, str))
            if shown and emails:
                by = tuple(self._people[email].name if email in self._people else email for email in emails)
                yield Reaction(emoji=shown, count=len(by), by=by)

    def _attachment(self, entry: JsonObject) -> Attachment:
        exported = text_of(entry, "export_name")
        name = clean(text_of(entry, "original_name")) or exported or "file"
        # A zip file may hold the name in another Unicode form than the JSON.
        forms = (exported, normalize("NFC", exported), normalize("NFD", exported)) if exported else ()
        lying = next((found for form in forms if (found := self._file.beside(form))), None)
        return Attachment(
            name=name,
            media_type=media_type_of(name),
            size=lying.size if lying else None,
            url=lying.reference if lying else None,
        )


def _own_address(file: File) -> str:
    """The address of the account whose Takeout it is; empty when the folder of users names several or none."""
    found = [folder.file("user_info.json") for folder in islice(file.folder.folder("../../Users").folders(), _TWO)]
    return text_of(record_of(read_object(found[0]), "user"), "email") if len(found) == 1 else ""


def _parent(entry: JsonObject) -> str | None:
    """The quoted message, else the first one of the topic, whose id ends in the topic's."""
    quoted = text_of(record_of(entry, "quoted_message_metadata"), "message_id")
    if quoted:
        return quoted
    return _parent_of(text_of(entry, "message_id"), text_of(entry, "topic_id"))


def _parent_of(message_id: str, topic_id: str) -> str | None:
    parts = message_id.split("/")
    topic = topic_id or (parts[1] if len(parts) == _PARTS else "")
    if len(parts) != _PARTS or not topic or parts[-1] == topic:
        return None
    # An id is space/topic/message; the message that began a topic has the topic's own name.
    return f"{parts[0]}/{topic}/{topic}"


def _lines(entry: JsonObject) -> Iterator[str]:
    """The text with the addresses of its links, and what Chat shows below it: previews, files of Drive, calls."""
    annotations = records_of(entry, "annotations")
    if not annotations:
        yield text_of(entry, "text")
        return
    text = _with_addresses(text_of(entry, "text"), annotations)
    yield text
    told = text
    for line in (clean(line) for annotation in annotations for line in _shown_below(annotation, text)):
        if line and line not in told:
            told = f"{told}\n{line}"
            yield line


def _with_addresses(text: str, annotations: list[JsonObject]) -> str:
    """The text, where a link's address follows its label; places are counted in units of UTF-16."""
    ends = [(_end_of(one), _url_of(one)) for one in annotations]
    links = sorted((end, url) for end, url in ends if end and url and url not in text)
    if not links:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    # From behind, so that the places before it stay right.
    for end, url in reversed(links):
        if 2 * end <= len(raw):
            raw = raw[: 2 * end] + f" ({url})".encode("utf-16-le", "surrogatepass") + raw[2 * end :]
    return raw.decode("utf-16-le", "replace")


def _end_of(annotation: JsonObject) -> int:
    """Where the part of the text ends that an annotation is about; 0 when it is about none."""
    length = count_of(annotation, "length") or 0
    return (count_of(annotation, "start_index") or 0) + length if length else 0


def _url_of(annotation: JsonObject) -> str:
    link = record_of(annotation, "url_metadata") or record_of(annotation, "interaction_data")
    return clean(text_of(record_of(link, "url"), _WRAPPED))


def _shown_below(annotation: JsonObject, text: str) -> Iterator[str]:
    url = _url_of(annotation)
    if url and url not in text:
        title = clean(text_of(record_of(annotation, "url_metadata"), "title"))
        yield f"{title} ({url})" if title else url
    yield text_of(record_of(annotation, "drive_metadata"), "title")
    call = record_of(record_of(annotation, "video_call_metadata"), "meeting_space")
    yield text_of(call, "meeting_url", "meeting_code")
    video = text_of(record_of(annotation, "youtube_metadata"), "id")
    yield f"https://www.youtube.com/watch?v={video}" if video and video not in text else ""
