"""The error of :func:`dragoman.testing.connect`."""

from __future__ import annotations


class ToolError(Exception):
    """A tool call was answered with an error; ``str()`` is what an assistant reads."""
