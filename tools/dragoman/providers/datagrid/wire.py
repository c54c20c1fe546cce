"""What Datagrid sends.

Nothing but the envelope of a list is insisted on: a member that is missing, null or of another type
counts as absent, unknown ones are ignored, and unknown values of enumerations stay the text they are.
"""

from __future__ import annotations

import math
from typing import Annotated, Final, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

T = TypeVar("T")

_LARGEST_ID: Final = 1 << 64


def _text(value: object) -> str | None:
    """A text; a number that stands where a text belongs (an id) is written out."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID
    return str(value) if whole else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: object) -> object:
    return cast("object", value) if isinstance(value, dict) else None


def _objects(value: object) -> object:
    """The entries of a list that are objects."""
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("object", one) for one in entries if isinstance(one, dict)]


def _entries(value: object) -> object:
    """The entries of a page. One that is no object keeps its place, because the length of a page has a meaning."""
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - what pydantic turns into a misfit
    entries, nothing = cast("list[object]", value), dict[str, object]()
    return [cast("object", one) if isinstance(one, dict) else nothing for one in entries]


def _texts(value: object) -> object:
    found = [_text(one) for one in cast("list[object]", value)] if isinstance(value, list) else []
    return [one for one in found if one]


def _parts(value: object) -> object:
    return [{"type": "text", "text": value}] if isinstance(value, str) else _objects(value)


Text: TypeAlias = Annotated[str | None, BeforeValidator(_text)]
Number: TypeAlias = Annotated[float | None, BeforeValidator(_number)]
Flag: TypeAlias = Annotated[bool | None, BeforeValidator(_flag)]
Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Maybe: TypeAlias = Annotated[T | None, BeforeValidator(_object)]
Several: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_objects)]


class Wire(BaseModel):
    """Base of everything here."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Source(Wire):
    """A source of a citation, of both generations: ``knowledge_*`` is the older name of ``source_*``."""

    type: Text = None
    source_name: Text = None
    source_id: Text = None
    source_uri: Text = None
    knowledge_name: Text = None
    knowledge_id: Text = None
    confirmations: Texts = ()


class Citation(Wire):
    """An excerpt of an answer and what it rests on, in ``sources`` or in the older ``knowledges``."""

    citation: Text = None
    sources: Several[Source] = ()
    knowledges: Several[Source] = ()


class Participant(Wire):
    """Who speaks in an audio clip."""

    id: Text = None
    type: Text = None


class Clip(Wire):
    """A piece of a voice message."""

    id: Text = None
    audio_uri: Text = None
    participant: Maybe[Participant] = None


class TimelineEvent(Wire):
    """Something that happened during a voice message."""

    type: Text = None
    timestamp_ms: Number = None
    role: Text = None
    text: Text = None
    citations: Several[Citation] = ()
    tool_name: Text = None
    status: Text = None


class Part(Wire):
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


class Credits(Wire):
    """What an answer cost."""

    consumed: Number = None


class Tool(Wire):
    """A tool of an agent."""

    name: Text = None
    label: Text = None


class ToolCall(Wire):
    """A tool that an agent used for its answer."""

    id: Text = None
    status: Text = None
    tool: Maybe[Tool] = None


class Message(Wire):
    """A message; the members from ``tool_calls`` on come with the answer to a prompt only."""

    id: Text = None
    conversation_id: Text = None
    agent_id: Text = None
    role: Text = None
    created_at: Text = None
    content: Annotated[tuple[Part, ...], BeforeValidator(_parts)] = ()
    citations: Several[Citation] = ()
    credits: Maybe[Credits] = None
    tool_calls: Several[ToolCall] = ()
    chat_mode: Text = None
    generated_title: Text = None


class Conversation(Wire):
    """A conversation; it names no people."""

    id: Text = None
    name: Text = None
    created_at: Text = None
    updated_at: Text = None
    agent_ids: Texts = ()
    participated_agent_ids: Texts = ()


class Agent(Wire):
    """An agent."""

    id: Text = None
    name: Text = None


class File(Wire):
    """A file that was put into a message."""

    id: Text = None
    filename: Text = None
    media_type: Text = None


class Teamspace(Wire):
    """A teamspace that the credentials reach."""

    teamspace_id: Text = None


class Identity(Wire):
    """Who the credentials belong to."""

    user_id: Text = None
    current_teamspace_id: Text = None
    teamspaces: Several[Teamspace] = ()


class Listing(Wire, Generic[T]):
    """A page in the service's order. ``has_more`` may be missing."""

    data: Annotated[tuple[T, ...], BeforeValidator(_entries)]
    has_more: Flag = None

    def goes_on(self, asked: int) -> bool:
        """Whether there may be a page after this one, of which ``asked`` entries were wanted."""
        if self.has_more is not None:
            return self.has_more and bool(self.data)
        return len(self.data) >= asked


class Delta(Wire):
    """A piece of an answer."""

    text: Text = None


class StreamEvent(Wire):
    """The data of any event of a streamed answer; which members it has depends on its name."""

    conversation_id: Text = None
    delta: Maybe[Delta] = None
    citations: Several[Citation] = ()
    generated_title: Text = None
    status: Text = None
    task: Text = None
    tool: Maybe[Tool] = None
    error: object = None
