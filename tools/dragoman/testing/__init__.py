"""For tests of what is built on Dragoman.

* :class:`ProviderContract`: the suite that a provider inherits, with :class:`Service`, :class:`Seeded`
  and :class:`Trait` to describe what stands behind it. Needs pytest.
* :class:`FakeHttpService`: a service over HTTP on a port of this machine, with :class:`Request` and :class:`Reply`.
* :func:`connect`: a whole server in memory, for scripted tool calls. Inside pytest the fixture
  ``dragoman`` does the same without ``async``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from dragoman.testing.tool_error import ToolError

if TYPE_CHECKING:
    from dragoman.providers.replay.fake_http_service import Reply, Request
    from dragoman.testing.contract.service import Exempt, Seeded, Service, Trait
    from dragoman.testing.contract.suite import ProviderContract
    from dragoman.testing.fake_service import FakeHttpService

__all__ = [
    "Exempt",
    "FakeHttpService",
    "ProviderContract",
    "Reply",
    "Request",
    "Seeded",
    "ServerClient",
    "Service",
    "ToolError",
    "Trait",
    "connect",
]

_SERVICE: Final = "dragoman.testing.contract.service"
_CONTRACT: Final = {
    "Exempt": _SERVICE,
    "FakeHttpService": "dragoman.testing.fake_service",
    "ProviderContract": "dragoman.testing.contract.suite",
    "Reply": "dragoman.providers.replay.fake_http_service",
    "Request": "dragoman.providers.replay.fake_http_service",
    "Seeded": _SERVICE,
    "Service": _SERVICE,
    "Trait": _SERVICE,
}


class ServerClient(Protocol):
    """The SDK's own client, with a short way to call a tool."""

    async def call(self, tool: str, /, **arguments: object) -> str:
        """Call a tool and return the text of its answer.

        Raises:
            ToolError: The answer is an error.
        """
        ...

    def __getattr__(self, name: str) -> Any:
        """All members of the SDK's ``Client``."""


def connect(
    config: str | Path | Mapping[str, object] | None = None,
    *,
    data: str | Path | None = None,
    mode: str = "auto",
    **client_options: Any,
) -> AbstractAsyncContextManager[ServerClient]:
    """Start a whole server in memory and give an MCP client of it.

    Args:
        config: A settings file, the text of one, or the same as a mapping; by default there is the local account.
        data: The folder in which the server remembers; by default one that is removed at the end.
        mode: Protocol era, as for the SDK's ``Client``: ``auto``, ``legacy`` or a version.
        client_options: Anything else that the SDK's ``Client`` takes.

    Returns:
        A context manager of a client: all of the SDK's ``Client``, and ``await client.call(tool, **arguments)``,
        which returns the text of the answer and raises :class:`ToolError` where the answer is an error.

    Raises:
        DragomanError: On entering, when the settings are wrong.
    """
    server = import_module("dragoman_server.transports.in_memory")  # by name: the library does not import the server
    client = server.connect(config, data=data, mode=mode, **client_options)
    return cast("AbstractAsyncContextManager[ServerClient]", client)


def __getattr__(name: str) -> object:
    """Import the contract when it is used: it needs pytest, and suites without it pay nothing."""
    if name not in _CONTRACT:
        # What Python itself says; hasattr and star imports rely on the type.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_CONTRACT[name]), name)
    return found
