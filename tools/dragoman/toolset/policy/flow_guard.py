"""The flow guard: who has read other people's text is asked before writing somewhere else.

A text can talk an assistant into carrying what it knows to another place. What a process cannot know is said
plainly: what the client has read through another server, another process, or in an earlier run of this one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

MOST_READERS: Final = 1000
"""Most readers that are remembered, those who read last."""

MOST_SOURCES: Final = 100
"""Most conversations that are remembered of a reader, those read last."""


class Viewer(NamedTuple):
    """Who is shown something: the authenticated person, and the name of the client program."""

    principal: str
    client: str


@dataclass(slots=True)
class ExposureLog:
    """Which conversations with other people's text were shown to whom, in this process."""

    _shown: OrderedDict[Viewer, OrderedDict[tuple[str, str], None]] = field(
        default_factory=OrderedDict[Viewer, "OrderedDict[tuple[str, str], None]"]
    )

    def note(self, reader: Viewer, conversation: tuple[str, str]) -> None:
        """Remember that text of a conversation (account and id) was shown."""
        shown = self._shown.setdefault(reader, OrderedDict())
        self._shown.move_to_end(reader)
        shown[conversation] = None
        shown.move_to_end(conversation)
        if len(shown) > MOST_SOURCES:
            shown.popitem(last=False)
        if len(self._shown) > MOST_READERS:
            self._shown.popitem(last=False)

    def elsewhere(self, reader: Viewer, conversation: tuple[str, str]) -> list[tuple[str, str]]:
        """The other conversations whose text was shown to a reader, the last ones first."""
        return [one for one in reversed(self._shown.get(reader, ())) if one != conversation]


@dataclass(frozen=True, slots=True)
class FlowGuard:
    """The setting ``flow_guard`` and what it watches.

    Attributes:
        setting: What the settings say; ``None`` is ``confirm`` for accounts that reach other people, and nothing
            for what stays on this machine.
    """

    setting: Literal["off", "warn", "confirm"] | None = None
    sources: ExposureLog = field(default_factory=ExposureLog)

    def mode(self, *, open_world: bool) -> Literal["off", "warn", "confirm"]:
        """What is to be done about a write to an account that reaches other people, or does not."""
        if self.setting is not None:
            return self.setting
        return "confirm" if open_world else "off"
