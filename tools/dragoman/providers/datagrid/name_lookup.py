"""Names of agents and files: messages carry their ids only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Generic, TypeVar

import anyio

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, NotFound, PermissionDenied
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import Api
from dragoman.providers.datagrid.mapping import AGENT, Known

T = TypeVar("T")

_KEPT: Final = 2000
_MOST_AT_ONCE: Final = 50
_GOOD_FOR: Final = 3600.0  # seconds; a name changes rarely
_TRY_AGAIN_AFTER: Final = 60.0


class Names:
    """The names for the messages of one account. What cannot be found out stays an id; no page fails for a name."""

    def __init__(self, api: Api) -> None:
        self._agents = _Lookup(api.agent)
        self._files = _Lookup(api.file)

    async def known_for(self, messages: Iterable[wire.Message]) -> Known:
        """Look up what these messages mention, as far as it is not remembered."""
        found = list(messages)
        agents = (one.agent_id for one in found if (one.role or "").lower() == AGENT)
        files = (part.file_id for one in found for part in one.content)
        by_agent = await self._agents.find(agents)
        by_file = await self._files.find(files)
        return Known(agents={key: agent.name for key, agent in by_agent.items() if agent.name}, files=by_file)


class _Lookup(Generic[T]):
    """Things by id, remembered for a while; also that there is none."""

    def __init__(self, ask: Callable[[str], Awaitable[T]]) -> None:
        self._ask = ask
        self._known: OrderedDict[str, tuple[T | None, float]] = OrderedDict()
        self._lock = anyio.Lock()
        self._clock = current_clock()

    async def find(self, ids: Iterable[str | None]) -> dict[str, T]:
        wanted = list(dict.fromkeys(one for one in ids if one))
        if self._missing(wanted):
            # One at a time asks, so that pages that are read at once do not all ask for the same.
            async with self._lock, anyio.create_task_group() as group:
                for one in self._missing(wanted)[:_MOST_AT_ONCE]:
                    group.start_soon(self._learn, one)
        found = ((one, self._known.get(one, (None, 0.0))[0]) for one in wanted)
        return {one: value for one, value in found if value is not None}

    def _missing(self, wanted: list[str]) -> list[str]:
        now = self._clock.monotonic()
        return [one for one in wanted if one not in self._known or self._known[one][1] <= now]

    async def _learn(self, identifier: str) -> None:
        value, good_for = await self._answer(identifier)
        self._known[identifier] = (value, self._clock.monotonic() + good_for)
        self._known.move_to_end(identifier)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    async def _answer(self, identifier: str) -> tuple[T | None, float]:
        try:
            return await self._ask(identifier), _GOOD_FOR
        except (NotFound, PermissionDenied):
            return None, _GOOD_FOR
        except DragomanError:
            return None, _TRY_AGAIN_AFTER
