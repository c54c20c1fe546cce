"""The tools: asynchronous functions with typed parameters that return model objects."""

from dragoman.toolset.answering import UnknownTool, call_tool, listed
from dragoman.toolset.call import Ask, Call, Caller, Desk, Found, Principal, Question
from dragoman.toolset.known import known_conversations
from dragoman.toolset.spec import Parameter, Range, ToolSpec
from dragoman.toolset.tally import Tally
from dragoman.toolset.tools import TOOLS

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
