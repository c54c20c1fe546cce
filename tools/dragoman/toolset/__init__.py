"""The tools: asynchronous functions with typed parameters that return model objects."""

from dragoman.store.usage_counter import Tally
from dragoman.toolset.catalog import TOOLS
from dragoman.toolset.definition.context import Ask, Call, Caller, Desk, Found, Principal, Question
from dragoman.toolset.definition.spec import Parameter, Range, ToolSpec
from dragoman.toolset.dispatch import UnknownTool, call_tool, listed
from dragoman.toolset.reading.known_conversations import known_conversations

__all__ = [
    "TOOLS",
    "Ask",
    "Call",
    "Caller",
    "Desk",
    "Found",
    "Parameter",
    "Principal",
    "Question",
    "Range",
    "Tally",
    "ToolSpec",
    "UnknownTool",
    "call_tool",
    "known_conversations",
    "listed",
]
