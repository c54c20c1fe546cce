"""The tools: asynchronous functions with typed parameters that return model objects."""

from typing import TYPE_CHECKING

from dragoman.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from dragoman.toolset.catalog import TOOLS
    from dragoman.toolset.definition.context import (
        Ask,
        CallContext,
        Caller,
        Principal,
        Question,
        ToolResult,
        ToolServices,
    )
    from dragoman.toolset.definition.parameters import Parameter, Range
    from dragoman.toolset.definition.spec import ToolSpec
    from dragoman.toolset.dispatch import UnknownTool, available_tools, call_tool
    from dragoman.toolset.reading.known_conversations import known_conversations, most_recent, recent_messages


__all__ = [
    "TOOLS",
    "Ask",
    "CallContext",
    "Caller",
    "Parameter",
    "Principal",
    "Question",
    "Range",
    "ToolResult",
    "ToolServices",
    "ToolSpec",
    "UnknownTool",
    "available_tools",
    "call_tool",
    "known_conversations",
    "most_recent",
    "recent_messages",
]

__getattr__ = lazy_names(
    __name__,
    {
        "catalog": ("TOOLS",),
        "definition.context": ("Ask", "CallContext", "Caller", "Principal", "Question", "ToolResult", "ToolServices"),
        "definition.parameters": ("Parameter", "Range"),
        "definition.spec": ("ToolSpec",),
        "dispatch": ("UnknownTool", "available_tools", "call_tool"),
        "reading.known_conversations": ("known_conversations", "most_recent", "recent_messages"),
    },
)
