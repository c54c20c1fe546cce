"""For tests of what is built on Dragoman.

* :class:`ProviderContract`: the suite that a provider inherits, with :class:`Service`, :class:`Seeded`
  and :class:`Trait` to describe what stands behind it. Needs pytest.
* :func:`connect`: a whole server in memory, for scripted tool calls. Inside pytest the fixture
  ``dragoman`` does the same without ``async``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.testing.service import Exempt, Seeded, Service, Trait

if TYPE_CHECKING:
    from dragoman.testing.contract import ProviderContract
    from dragoman_server.testing import ServerClient

__all__ = ["Exempt", "ProviderContract", "Seeded", "Service", "ToolError", "Trait", "connect"]


class ToolError(Exception):
    """A tool call was answered with an error; ``str()`` is what an assistant reads."""


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
    from dragoman_server.testing import connect as start  # noqa: PLC0415  # the server is loaded when it is wanted

    return start(config, data=data, mode=mode, **client_options)


def __getattr__(name: str) -> object:
    """Load the contract, and with it pytest, when it is asked for."""
    if name != "ProviderContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dragoman.testing.contract import ProviderContract  # noqa: PLC0415  # connect() works without pytest

    return ProviderContract
