"""The flow guard: a client that has shown other people's text is asked about before it writes somewhere else.

A text can talk an assistant into carrying what it knows to another place. The store keeps what was shown to whom, for
all processes. What a client has read through another server is unknown here.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from dragoman.core.errors import DragomanError
from dragoman.store import Store

ConversationKey: TypeAlias = tuple[str, str]
"""A conversation: account and id."""

_MOST: Final = 10_000
_REFRESH: Final = timedelta(hours=1)
_LIFETIME: Final = timedelta(days=1)
_log = logging.getLogger(__name__)


class Viewer(NamedTuple):
    """A reader of answers: the authenticated person, and the name of the client program."""

    principal: str
    client: str


@dataclass(slots=True)
class ExposureLog:
    """Records which conversations with other people's text were shown to which viewer.

    The store holds it; what this process has shown lately is kept here, too, so that a conversation is written down
    once an hour, and counts also while the store cannot be written.
    """

    _recent: OrderedDict[tuple[Viewer, ConversationKey], datetime] = field(
        default_factory=OrderedDict[tuple[Viewer, ConversationKey], datetime]
    )

    async def record(
        self, store: Store, viewer: Viewer, conversations: Iterable[ConversationKey], now: datetime
    ) -> None:
        """Note that text of conversations is about to be shown."""
        # One write an hour is enough: the guard looks back a whole day.
        recent, past = self._recent, now - _REFRESH
        fresh = [one for one in conversations if (viewer, one) not in recent or recent[viewer, one] <= past]
        if not fresh:
            return
        try:
            await store.exposures.record(viewer, fresh)
        except DragomanError as error:
            # Reading goes on with a full disk; this process still knows.
            _log.warning("The store could not note what was shown: %s", error)
        # Not before: a call that is cancelled while it writes would keep others from writing for an hour.
        for conversation in fresh:
            self._recent[viewer, conversation] = now
            self._recent.move_to_end((viewer, conversation))
        while len(self._recent) > _MOST:
            self._recent.popitem(last=False)

    async def elsewhere(
        self, store: Store, viewer: Viewer, conversation: ConversationKey, now: datetime
    ) -> list[ConversationKey]:
        """The other conversations whose text was shown to a viewer within a day, the last ones first."""
        own = [
            shown for (one, shown), when in reversed(self._recent.items()) if one == viewer and now - when < _LIFETIME
        ]
        try:
            stored = await store.exposures.list(viewer)
        except DragomanError as error:
            _log.warning("The store could not tell what was shown: %s", error)
            stored = []
        # What this process noted may be missing in a store that could not be written.
        return [one for one in dict.fromkeys((*stored, *own)) if one != conversation]


@dataclass(frozen=True, slots=True)
class FlowGuard:
    """The setting ``flow_guard`` and what it watches.

    Attributes:
        setting: What the settings say; ``None`` is ``confirm`` for accounts that reach other people, and nothing
            for what stays on this machine.
    """

    setting: Literal["off", "warn", "confirm"] | None = None
    exposures: ExposureLog = field(default_factory=ExposureLog)

    def mode(self, *, external: bool) -> Literal["off", "warn", "confirm"]:
        """The mode for a write to an account that reaches other people, or does not."""
        if self.setting is not None:
            return self.setting
        # What stays on this machine reaches nobody whom a text could have meant.
        return "confirm" if external else "off"
