"""Who signed in, for the time of a request."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from dragoman.toolset import Principal

current_principal: Final[ContextVar[Principal | None]] = ContextVar("current_principal", default=None)
"""``None`` is the user of this machine, who may do everything."""
