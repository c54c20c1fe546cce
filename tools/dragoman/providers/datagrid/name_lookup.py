"""Names of agents and files: messages carry their ids only."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import Api
from dragoman.providers.datagrid.mapping import AGENT, Known
from dragoman.providers.kit.lookup import Lookup


class NameLookup:
    """The names for the messages of one account. What cannot be found out stays an id; no page fails for a name."""

    def __init__(self, api: Api) -> None:
        self._agents = Lookup[str, wire.Agent].one_by_one(api.agent)
        self._files = Lookup[str, wire.File].one_by_one(api.file)

    async def known_for(self, messages: Iterable[wire.Message]) -> Known:
        """Look up what these messages mention, as far as it is not remembered."""
        found = list(messages)
        agents = await self._agents.get_all(one.agent_id for one in found if (one.role or "").lower() == AGENT)
        files = await self._files.get_all(part.file_id for one in found for part in one.content)
        return Known(agents={key: agent.name for key, agent in agents.items() if agent.name}, files=files)
