"""From what the service sends to the model; pure, and without importing what the wire is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from dragoman.core.model import Author, AuthorKind, Citation, Conversation, ConversationKind, Message
from dragoman.providers.yandex import wire

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from dragoman.providers.yandex._proto import threads_pb2 as pb

UNKNOWN_PART: Final = "[a part of a kind that is not known here]"
UNKNOWN_SOURCE: Final = "a source of a kind that is not known here"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {
    "assistant": AuthorKind.ASSISTANT,
    "system": AuthorKind.SYSTEM,
    "tool": AuthorKind.BOT,
    "function": AuthorKind.BOT,
}


def message_of(found: pb.Message, conversation: str, subject: str = "") -> Message:
    """A message of the thread that was asked; author, time and content may be absent in what came.

    Args:
        found: As it came.
        conversation: Id of the thread.
        subject: Who makes the account's calls, to know its own messages; empty while that is not known.
    """
    labels = dict(found.labels)
    own = bool(subject) and found.created_by == subject and wire.IMPORTED_AUTHOR not in labels
    return Message(
        id=found.id or _unnamed(found),
        conversation=conversation,
        # An import is made by the account, but what it brings was written by somebody else.
        author=_author(found.author, labels.pop(wire.IMPORTED_AUTHOR, ""), own=own),
        # An absent time would be read as 1970.
        sent_at=time_of(found.created_at) if found.HasField("created_at") else None,
        text=text_of(found.content),
        subject=labels.pop(wire.IMPORTED_SUBJECT, None),
        status=_status(found.status),
        labels=tuple(labels_of(labels)),
        citations=tuple(_citations(found)),
        extra={"created_by": found.created_by} if found.created_by else {},
    )


def conversation_of(found: pb.Thread) -> Conversation:
    """Map a thread. The time of its last message is unknown: ``updated_at`` is about the thread itself."""
    times = {
        name: at
        for name in ("created_at", "updated_at", "expires_at")
        if found.HasField(name) and (at := time_of(getattr(found, name)))
    }
    extra: dict[str, object] = {name: at.isoformat() for name, at in times.items()}
    extra |= {"folder_id": found.folder_id} if found.folder_id else {}
    extra |= {"labels": dict(sorted(found.labels.items()))} if found.labels else {}
    return Conversation(
        id=found.id, title=found.name, kind=ConversationKind.ASSISTANT, topic=found.description, extra=extra
    )


def text_of(content: pb.Content) -> str:
    """The parts of a content on lines of their own, as the vendor's SDK shows them; nothing for none."""
    return "\n".join(part.text.content if part.HasField("text") else UNKNOWN_PART for part in content.content)


def time_of(stamp: Timestamp) -> datetime | None:
    """A time, cut to microseconds; ``None`` outside of the years 1 to 9999.

    Messages that the service writes itself have nanoseconds.
    """
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        return None


def labels_of(labels: Mapping[str, str]) -> Iterator[str]:
    """Labels as ``key=value``, in order of their keys; the map itself has none."""
    for key, value in sorted(labels.items()):
        yield f"{key}={value}" if value else key


def _author(found: pb.Author, imported: str, *, own: bool) -> Author:
    role = found.role.strip().casefold() or "user"
    kind = _KINDS.get(role, AuthorKind.PERSON)
    return Author(id=found.id, name=imported.strip() or role, kind=kind, own=own and kind is AuthorKind.PERSON)


def _status(number: int) -> str | None:
    return wire.MESSAGE_STATUS.get(number, f"unknown status {number}") if number else None


def _citations(found: pb.Message) -> Iterator[Citation]:
    for citation in found.citations:
        for source in citation.sources:
            # A kind of source newer than this client has no field that it knows.
            if not source.HasField("chunk"):
                yield Citation(title=UNKNOWN_SOURCE)
                continue
            chunk = source.chunk
            title = chunk.source_file.name or chunk.source_file.id or chunk.search_index.id or "a source without a name"
            yield Citation(title=title, text=text_of(chunk.content) or None)


def _unnamed(found: pb.Message) -> str:
    """Something to tell a message by that the service gave no id; it can be listed and not got."""
    return f"unnamed-{found.created_at.seconds}.{found.created_at.nanos:09d}"
