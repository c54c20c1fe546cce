"""A whole server that is called without ``async``: what the pytest fixture ``dragoman`` gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self, cast

from anyio.from_thread import start_blocking_portal

from dragoman.testing import ToolError, connect


class ScriptedServer:
    """A server in memory, and plain methods to call its tools. Use it in a ``with`` statement.

    Args:
        config: As for :func:`dragoman.testing.connect`.
        data: The folder in which the server remembers; by default one that is removed at the end.
    """

    def __init__(
        self, config: str | Path | Mapping[str, object] | None = None, *, data: str | Path | None = None
    ) -> None:
        self._server = connect(config, data=data)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the server on an event loop of its own, in a thread."""
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal("asyncio"))
            self._client = stack.enter_context(self._portal.wrap_async_context_manager(self._server))
            # Only once both are open: where the client fails, the inner stack ends the event loop again.
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop the server, whatever happened."""
        self._stack.close()

    def call(self, tool: str, /, **arguments: object) -> str:
        """Call a tool and return what an assistant would read.

        Raises:
            ToolError: The answer is an error.
        """

        async def call() -> str:
            return await self._client.call(tool, **arguments)

        return self._portal.call(call)

    def json(self, tool: str, /, **arguments: object) -> dict[str, object]:
        """Call a reading tool with ``format="json"`` and return the object it answers.

        Raises:
            ToolError: The answer is an error.
        """
        return cast("dict[str, object]", json.loads(self.call(tool, **arguments, format="json")))

    def error(self, tool: str, /, **arguments: object) -> str:
        """Call a tool that has to answer with an error, and return its text.

        Raises:
            AssertionError: It did what it was asked for.
        """
        try:
            answer = self.call(tool, **arguments)
        except ToolError as error:
            return str(error)
        raise AssertionError(f"{tool} was to be refused, but it answered: {answer[:200]}")
