"""Names of agents and files: messages carry their ids only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import Api
from dragoman.providers.datagrid.mapping import AGENT, Known
from dragoman.providers.kit.lookup import Lookup

T = TypeVar("T")


class NameLookup:
    """The names for the messages of one account. What cannot be found out stays an id; no page fails for a name."""

    def __init__(self, api: Api) -> None:
        self._agents = _one_by_one(api.agent)
        self._files = _one_by_one(api.file)

    async def known_for(self, messages: Iterable[wire.Message]) -> Known:
        """Look up what these messages mention, as far as it is not remembered."""
        found = list(messages)
        agents = await self._agents.get_all(one.agent_id for one in found if (one.role or "").lower() == AGENT)
        files = await self._files.get_all(part.file_id for one in found for part in one.content)
        return Known(agents={key: agent.name for key, agent in agents.items() if agent.name}, files=files)


def _one_by_one(fetch: Callable[[str], Awaitable[T]]) -> Lookup[str, T]:
    async def fetch_many(ids: Sequence[str]) -> Mapping[str, T]:
        return {one: await fetch(one) for one in ids}

    return Lookup(fetch_many, batch=1)
