"""The person for whom a call is made, where an account acts for signed-in users.

The server sets it for the time of a request; providers whose service can act for a user read it.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

acting_for: Final[ContextVar[str | None]] = ContextVar("acting_for", default=None)
"""E-mail address of the person who is signed in; ``None`` when nobody is."""
