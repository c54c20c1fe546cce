"""Traits of client programs: how much of a question they show, and how they answer unattended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HostTraits:
    """Traits of a client program that asks its user.

    Attributes:
        shown_lines: Most lines of a question that a person can see there; ``None`` for all of them.
        unseen_within: Seconds within which no person can have read and answered a question.
    """

    shown_lines: int | None = None
    unseen_within: float = 0.3


_UNKNOWN: Final = HostTraits()
_KNOWN: Final = {
    # Shows three lines at any window height; `claude -p` answers `cancel` by itself.
    "claude-code": HostTraits(shown_lines=3, unseen_within=1.0),
    # `codex exec` answers `decline` by itself.
    "codex": HostTraits(unseen_within=1.0),
}


def traits_of(client: str) -> HostTraits:
    """The traits of a client by the name that it gives itself, such as ``codex-mcp-client``."""
    name = client.casefold()
    return next((traits for known, traits in _KNOWN.items() if name.startswith(known)), _UNKNOWN)
