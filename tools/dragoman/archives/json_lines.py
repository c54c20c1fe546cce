"""JSON Lines: a message on each line, with the members of the JSON answers of the tools.

``conversation`` or ``ref`` says where a message belongs. Its id is ``external_id`` (or ``id``), else
that of ``ref``, else made of ``number`` or of the content, so that a file can be imported again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Annotated, Final

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Attachment, Author, AuthorKind, Citation, Edit, Message, Reaction
from dragoman.core.references import Reference, parse

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]

_ESCAPES: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_MEMBER: Final = re.compile(r"[a-z_]{1,40}")
_BRANCHES: Final = frozenset({"str", "int", "AuthorEntry"})
"""What pydantic writes into a place for the branch of a union."""


class AuthorEntry(BaseModel):
    """An author in full."""

    name: str
    id: str = ""
    kind: AuthorKind = AuthorKind.PERSON
    email: str | None = None


class AttachmentEntry(BaseModel):
    """Metadata of a file; ``size`` in bytes."""

    name: str
    media_type: str | None = None
    size: Count | None = None
    url: str | None = None


class CitationEntry(BaseModel):
    """A source."""

    title: str
    url: str | None = None
    text: str | None = None


class EditEntry(BaseModel):
    """An earlier text."""

    text: str
    at: datetime | None = None


class Line(BaseModel):
    """A message."""

    author: str | AuthorEntry
    sent_at: datetime
    text: str = ""
    conversation: str | None = None
    ref: str | None = None
    external_id: str | None = Field(default=None, validation_alias=AliasChoices("external_id", "id"))
    number: int | None = None
    reply_to: int | str | None = None
    bot: bool = False
    subject: str | None = None
    status: str | None = None
    url: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    reactions: dict[str, Count] = Field(default_factory=dict[str, Count])
    attachments: tuple[AttachmentEntry, ...] = ()
    labels: tuple[str, ...] = ()
    citations: tuple[CitationEntry, ...] = ()
    history: tuple[EditEntry, ...] = ()
    extra: dict[str, object] = Field(default_factory=dict[str, object])


@dataclass(slots=True)
class Reader:
    """Reads the lines of one file, in order.

    Attributes:
        zone: Of times that name none.
    """

    zone: tzinfo
    _ids: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])

    def message(self, row: str) -> Message:
        """The message of a line.

        Raises:
            InvalidArgument: The line is none; the sentence names the first member that is wrong.
        """
        try:
            line = Line.model_validate_json(mended(row))
            reference = parse(line.ref) if line.ref else None
        except ValidationError as error:
            raise _wrong(error) from None
        conversation = _conversation(line, reference)
        identifier = _identifier(line, reference, conversation)
        if line.number is not None and identifier != _numbered(line.number):
            self._ids[conversation, line.number] = identifier
        return self._mapped(line, conversation, identifier)

    def _mapped(self, line: Line, conversation: str, identifier: str) -> Message:
        return Message(
            id=identifier,
            conversation=conversation,
            author=_author(line),
            sent_at=self._aware(line.sent_at),
            text="" if line.deleted_at else line.text,
            reply_to=self._parent(line, conversation),
            edited_at=self._aware(line.edited_at),
            deleted_at=self._aware(line.deleted_at),
            subject=line.subject,
            status=line.status,
            url=line.url,
            reactions=tuple(Reaction(emoji=emoji, count=count) for emoji, count in line.reactions.items()),
            attachments=tuple(Attachment(**entry.model_dump()) for entry in line.attachments),
            labels=line.labels,
            citations=tuple(Citation(**entry.model_dump()) for entry in line.citations),
            history=tuple(Edit(text=entry.text, at=self._aware(entry.at)) for entry in line.history),
            extra=line.extra,
        )

    def _parent(self, line: Line, conversation: str) -> str | None:
        if isinstance(line.reply_to, int):
            return self._ids.get((conversation, line.reply_to), _numbered(line.reply_to))
        reference = parse(line.reply_to) if line.reply_to else None
        return reference.message if reference else line.reply_to

    def _aware(self, moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=self.zone) if moment is not None and moment.tzinfo is None else moment


def _conversation(line: Line, reference: Reference | None) -> str:
    if reference is not None:
        return reference.conversation
    if not line.conversation:
        raise InvalidArgument("The message has no conversation.", hint="Give each line a conversation or a ref.")
    named = parse(line.conversation)
    return named.conversation if named else line.conversation


def _identifier(line: Line, reference: Reference | None, conversation: str) -> str:
    if line.external_id:
        return line.external_id
    if reference is not None and reference.message is not None:
        return reference.message
    if line.number is not None:
        return _numbered(line.number)
    name = line.author if isinstance(line.author, str) else line.author.name
    content = json.dumps([conversation, name, line.sent_at.isoformat(), line.text])
    return sha256(content.encode()).hexdigest()[:20]


def _numbered(number: int) -> str:
    return f"n{number}"


def _author(line: Line) -> Author:
    if isinstance(line.author, AuthorEntry):
        return Author(**line.author.model_dump())
    return Author(name=line.author or "user", kind=AuthorKind.BOT if line.bot else AuthorKind.PERSON)


def mended(text: str) -> str:
    """A JSON text in which halves of surrogate pairs, which stand for no character, are U+FFFD."""
    return _ESCAPES.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


def mistake(error: ValidationError) -> tuple[str, str]:
    """The first member that is wrong, such as ``messages[3].at`` or nothing for the whole, and what it is."""
    details = error.errors(include_url=False, include_input=False)
    first = _place(details[0]["loc"])
    # Each branch of a union has its own mistake: the one furthest inside is of the form that was meant.
    nearest = max((one for one in details if _place(one["loc"]).startswith(first)), key=lambda one: len(one["loc"]))
    said = _REASONS.get(nearest["type"], "is not valid")
    return _place(nearest["loc"]), said.format_map({"expected": "known", **nearest.get("ctx", {})})


def _place(steps: tuple[int | str, ...]) -> str:
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
        elif step not in _BRANCHES and _MEMBER.fullmatch(step):
            place += f".{step}"
    return place.removeprefix(".")


def _wrong(error: ValidationError) -> InvalidArgument:
    place, said = mistake(error)
    return InvalidArgument(f"The member {place} {said}." if place else "The line is no JSON object.")


_REASONS: Mapping[str, str] = {
    "missing": "is missing",
    "json_invalid": "is no JSON",
    "datetime_from_date_parsing": "is no ISO time",
    "datetime_parsing": "is no ISO time",
    "datetime_type": "is no ISO time",
    "timezone_aware": "names no time zone",
    "string_type": "is no text",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "int_parsing_size": "is too large",
    "less_than_equal": "is too large",
    "greater_than_equal": "is negative",
    "enum": "is not {expected}",
    "tuple_type": "is no list",
    "dict_type": "is no object",
    "model_type": "is no object",
}
