"""Datagrid's answers; only the envelope of a list is required."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar, cast

from pydantic import BeforeValidator, model_validator

from dragoman.providers.kit.wire import Flag, Maybe, Number, Places, Several, Text, Texts, WireModel

T = TypeVar("T")


def _text_as_part(value: object) -> object:
    """A content that is a text alone is one part of text."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


class Source(WireModel):
    """A source of a citation, of both generations: ``knowledge_*`` is the older name of ``source_*``."""

    type: Text = None
    source_name: Text = None
    source_id: Text = None
    source_uri: Text = None
    knowledge_name: Text = None
    knowledge_id: Text = None
    confirmations: Texts = ()


class Citation(WireModel):
    """An excerpt of an answer and what it rests on, in ``sources`` or in the older ``knowledges``."""

    citation: Text = None
    sources: Several[Source] = ()
    knowledges: Several[Source] = ()


class Participant(WireModel):
    """The speaker of an audio clip."""

    id: Text = None
    type: Text = None


class Clip(WireModel):
    """A piece of a voice message."""

    id: Text = None
    audio_uri: Text = None
    participant: Maybe[Participant] = None


class TimelineEvent(WireModel):
    """Something that happened during a voice message."""

    type: Text = None
    timestamp_ms: Number = None
    role: Text = None
    text: Text = None
    citations: Several[Citation] = ()
    tool_name: Text = None
    status: Text = None


class Part(WireModel):
    """A part of a message: text, a file, voice, or a type that is not known, which is kept in ``raw``."""

    type: Text = None
    text: Text = None
    file_id: Text = None
    transcript: Text = None
    agent_transcript: Text = None
    duration_ms: Number = None
    audio_clips: Several[Clip] = ()
    timeline_events: Several[TimelineEvent] = ()
    raw: object = None

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, value: object) -> object:
        members = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        return {**members, "raw": members}


class Credits(WireModel):
    """The cost of an answer."""

    consumed: Number = None


class Tool(WireModel):
    """A tool of an agent."""

    name: Text = None
    label: Text = None


class ToolCall(WireModel):
    """A tool that an agent used for its answer."""

    id: Text = None
    status: Text = None
    tool: Maybe[Tool] = None


class Message(WireModel):
    """A message; the members from ``tool_calls`` on come with the answer to a prompt only."""

    id: Text = None
    conversation_id: Text = None
    agent_id: Text = None
    role: Text = None
    created_at: Text = None
    content: Annotated[Several[Part], BeforeValidator(_text_as_part)] = ()
    citations: Several[Citation] = ()
    credits: Maybe[Credits] = None
    tool_calls: Several[ToolCall] = ()
    chat_mode: Text = None
    generated_title: Text = None


class Conversation(WireModel):
    """A conversation; it names no people."""

    id: Text = None
    name: Text = None
    created_at: Text = None
    updated_at: Text = None
    agent_ids: Texts = ()
    participated_agent_ids: Texts = ()


class Agent(WireModel):
    """An agent."""

    id: Text = None
    name: Text = None


class File(WireModel):
    """A file that was put into a message."""

    id: Text = None
    filename: Text = None
    media_type: Text = None


class Teamspace(WireModel):
    """A teamspace that the credentials reach."""

    teamspace_id: Text = None


class Identity(WireModel):
    """The owner of the credentials."""

    user_id: Text = None
    current_teamspace_id: Text = None
    teamspaces: Several[Teamspace] = ()


class Listing(WireModel, Generic[T]):
    """A page in the service's order. ``has_more`` may be missing."""

    data: Places[T]
    has_more: Flag = None

    def goes_on(self, asked: int) -> bool:
        """Whether a page may follow this one, for which ``asked`` entries were requested."""
        if self.has_more is not None:
            return self.has_more and bool(self.data)
        return len(self.data) >= asked


class Delta(WireModel):
    """A piece of an answer."""

    text: Text = None


class StreamEvent(WireModel):
    """The data of any event of a streamed answer; which members it has depends on its name."""

    conversation_id: Text = None
    delta: Maybe[Delta] = None
    citations: Several[Citation] = ()
    generated_title: Text = None
    status: Text = None
    task: Text = None
    tool: Maybe[Tool] = None
    error: object = None
