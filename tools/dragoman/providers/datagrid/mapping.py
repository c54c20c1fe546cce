"""From what Datagrid sends to the model. Pure functions; names of agents and files are given to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Citation,
    Conversation,
    ConversationKind,
    Message,
)
from dragoman.core.text_size import ENTRY
from dragoman.core.times import parse_time
from dragoman.providers.datagrid import wire

USER: Final = "user"
AGENT: Final = "agent"

_NAMELESS_AGENT: Final = "assistant"
_TEXT_PARTS: Final = frozenset({"text", "input_text", "output_text"})
_FILE_PARTS: Final = frozenset({"input_file", "file", "output_file"})
_OTHER_PARTS: Final = _FILE_PARTS | {"voice"}
_BETWEEN: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Known:
    """Names of agents, and names and media types of files, by id, as far as they are known."""

    agents: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, wire.File] = field(default_factory=dict[str, wire.File])

    def of(self, message: wire.Message) -> tuple[object, ...]:
        """Names that one message needs."""
        files = [self.files.get(part.file_id) for part in message.content if part.file_id]
        return self.agents.get(message.agent_id or ""), *files


def to_conversation(found: wire.Conversation) -> Conversation | None:
    """A conversation; ``None`` for one without an id. Its last change stands for its last message."""
    if not found.id:
        return None
    extra = {
        "created_at": found.created_at,
        "agent_ids": list(found.agent_ids),
        "participated_agent_ids": list(found.participated_agent_ids),
    }
    return Conversation(
        id=found.id,
        title=found.name or "",
        kind=ConversationKind.ASSISTANT,
        last_message_at=parse_time(found.updated_at) or parse_time(found.created_at),
        extra={name: value for name, value in extra.items() if value},
    )


def to_message(found: wire.Message, conversation: str, known: Known = Known()) -> Message | None:  # an immutable value
    """A message; ``None`` for one without an id, which nothing could refer to."""
    if not found.id:
        return None
    return Message(
        id=found.id,
        conversation=conversation,
        author=author_of(found, known),
        sent_at=parse_time(found.created_at),
        text=text_of(found),
        attachments=tuple(_attachments(found.content, known)),
        citations=tuple(dict.fromkeys(_citations(found))),
        extra=_extra(found),
    )


def size_of(found: wire.Message) -> int:
    """About how many characters :func:`to_message` has to read, with all entries of lists."""
    events = sum(len(part.timeline_events) + len(part.audio_clips) for part in found.content)
    entries = len(found.content) + len(found.citations) + len(found.tool_calls) + events
    return ENTRY * entries + sum(len(part.text or "") for part in found.content)


def author_of(found: wire.Message, known: Known) -> Author:
    """The author. Every message names an agent, but only agents' messages are by it; people have no name."""
    role = (found.role or "").strip().lower()
    # The service names no person: whoever prompts does so for the account.
    if role == USER:
        return Author(name=USER, own=True)
    # Both words are in the service's own examples.
    if role in {AGENT, "assistant"}:
        identifier = found.agent_id or ""
        name = known.agents.get(identifier, "").strip() or _NAMELESS_AGENT
        return Author(id=identifier, name=name, kind=AuthorKind.ASSISTANT)
    # A role that is new to us is rather a program than a person.
    return Author(name=role or "unknown", kind=AuthorKind.SYSTEM if role == "system" else AuthorKind.BOT)


def text_of(found: wire.Message) -> str:
    """The words of all parts, with a blank line between two of them."""
    said = (_words(part, found.role or USER) for part in found.content)
    return _BETWEEN.join(words for words in said if words)


def _words(part: wire.Part, role: str) -> str:
    if _is_text(part):
        return part.text or ""
    return _voice(part, role) if part.type == "voice" else ""


def _is_text(part: wire.Part) -> bool:
    return part.type in _TEXT_PARTS or (part.type is None and part.text is not None)


def _voice(part: wire.Part, role: str) -> str:
    """Spoken words: the transcripts, or those of the timeline. The other side's words are marked."""
    if part.transcript or part.agent_transcript:
        sides = ((USER, part.transcript), (AGENT, part.agent_transcript))
        return _BETWEEN.join(_spoken(side, words, role) for side, words in sides if words)
    # Events come in the order in which they were processed, not said.
    events = sorted(part.timeline_events, key=lambda event: event.timestamp_ms or 0)
    spoken = [(event.role or role, event.text) for event in events if event.type == "transcript" and event.text]
    return _BETWEEN.join(_spoken(side, words, role) for side, words in spoken)


def _spoken(side: str, words: str, role: str) -> str:
    return words if side == role else f"{side}: {words}"


def _attachments(parts: Sequence[wire.Part], known: Known) -> Iterator[Attachment]:
    for part in parts:
        if part.type in _FILE_PARTS:
            yield _file(part.file_id or "", known)
        elif part.type == "voice":
            yield from (_clip(clip) for clip in part.audio_clips)
        elif not _is_text(part):
            # A kind of part that is new to us shows at least that there is something.
            yield Attachment(name=part.type or "unknown", id=_any_id(part.raw))


def _file(identifier: str, known: Known) -> Attachment:
    file = known.files.get(identifier) or wire.File()
    return Attachment(name=file.filename or identifier or "file", id=identifier, media_type=file.media_type)


def _clip(clip: wire.Clip) -> Attachment:
    speaker = clip.participant.type if clip.participant else None
    return Attachment(name=f"voice of {speaker}" if speaker else "voice", id=clip.id or "", url=clip.audio_uri)


def _any_id(raw: object) -> str:
    """The id in a part of an unknown type: its ``id``, or its only member that ends so."""
    members = cast("dict[str, object]", raw) if isinstance(raw, dict) else {}
    found = [value for name, value in members.items() if isinstance(value, str) and name.endswith("id")]
    # Of several ids nobody knows which one is meant.
    return found[0] if len(found) == 1 else ""


def _citations(found: wire.Message) -> Iterator[Citation]:
    yield from (source for one in found.citations for source in _sources(one))
    for event in (event for part in found.content for event in part.timeline_events):
        yield from (source for one in event.citations for source in _sources(one))


def _sources(one: wire.Citation) -> Iterator[Citation]:
    """An entry for each source, with the cited excerpt of the answer and what confirms it in the source."""
    sources = (*one.sources, *one.knowledges)
    for source in sources:
        title = source.source_name or source.knowledge_name or source.source_id or source.knowledge_id or source.type
        text = "\n".join(words for words in (one.citation, *source.confirmations) if words)
        yield Citation(title=title or "source", url=source.source_uri, text=text or None)
    if not sources and one.citation:
        yield Citation(title="source", text=one.citation)


def _extra(found: wire.Message) -> Mapping[str, object]:
    """Members without a place in the model; nearly always none."""
    extra: dict[str, object] = {}
    if found.agent_id and (found.role or "").lower() == USER:
        extra["to_agent"] = found.agent_id
    if found.credits is not None and found.credits.consumed is not None:
        extra["credits"] = found.credits.consumed
    if tools := list(_tools(found)):
        extra["tools"] = tools
    if found.chat_mode:
        extra["chat_mode"] = found.chat_mode
    if found.generated_title:
        extra["generated_title"] = found.generated_title
    if voice := sum(part.duration_ms or 0 for part in found.content if part.type == "voice"):
        extra["voice_ms"] = voice
    if parts := [part.raw for part in found.content if not _is_text(part) and part.type not in _OTHER_PARTS]:
        extra["parts"] = parts
    return extra


def _tools(found: wire.Message) -> Iterator[str]:
    """Each tool that was used, with how it ended."""
    # A tool reports several times; only how it ended is of interest.
    last: dict[str, str] = {}
    for call in found.tool_calls:
        last[tool_name(call.tool)] = call.status or ""
    for event in sorted(_events(found), key=lambda event: event.timestamp_ms or 0):
        if event.type == "tool_call_status":
            last[event.tool_name or "tool"] = event.status or ""
    yield from (f"{name}: {status}" if status else name for name, status in last.items())


def _events(found: wire.Message) -> Iterator[wire.TimelineEvent]:
    return (event for part in found.content for event in part.timeline_events)


def tool_name(tool: wire.Tool | None) -> str:
    """The name of a tool for people."""
    return (tool.label or tool.name if tool else None) or "tool"
