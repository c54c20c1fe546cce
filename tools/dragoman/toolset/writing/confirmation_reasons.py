"""Why somebody is asked before a write, also where the settings allow writing; and what is told after one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from dragoman.core.errors import DragomanError
from dragoman.core.references import Reference
from dragoman.providers.base.provider import Capability, MessageQuery, SearchQuery
from dragoman.rendering.content.time_format import clock, day, local
from dragoman.store import Entry, Store
from dragoman.toolset import policy
from dragoman.toolset.policy import Viewer
from dragoman.toolset.writing.plan import WritePlan, principal_name

_RECENT: Final = 50
_LOOKED_FOR: Final = 10
_NAMED: Final = 3
_MOST_REASONS: Final = 10
_SEARCHED_AT_ONCE: Final = 20_000


async def warnings_about(plan: WritePlan, repeated: str) -> list[str]:
    """What is alarming about a write, so that somebody has to agree, each as what follows ``because``.

    Args:
        plan: The write.
        repeated: What is known of an earlier write of the same, empty when there was none.
    """
    found = [repeated] if repeated else []
    if plan.account.provider_class.external:
        found += [f"it calls everybody: {name}" for name in await _mentions(plan)]
        found += _new_links(await _new_hosts(plan))
    if _flow_mode(plan) == "confirm":
        found += [f"it comes {reason}" for reason in _carried(plan)]
    return found


def policy_reasons(plan: WritePlan) -> list[str]:
    """Why the settings ask for an agreement, as what follows ``because``."""
    return ["this account asks before every write"] if plan.account.settings.write == "confirm" else []


async def notes_on(plan: WritePlan, store: Store, made: Entry) -> list[str]:
    """What is told with a message that was written."""
    notes = [f"Written {reason}." for reason in _carried(plan)] if _flow_mode(plan) == "warn" else []
    doubtful = [one for one in await _doubtful(plan, store) if one.id != made.id]
    if doubtful:
        begun = doubtful[0].begun
        moment = local(begun, plan.call.services.zone) if begun else None
        when = f" of {day(moment)} {clock(moment)}" if moment else ""
        more = f", and of {len(doubtful) - 1} more," if len(doubtful) > 1 else ""
        notes.append(f"The outcome of an earlier write here{when}{more} is unknown: look with list_messages.")
    return notes


async def _doubtful(plan: WritePlan, store: Store) -> list[Entry]:
    try:
        return await store.writes.unknown_outcomes(plan.account.name, plan.target.id)
    except DragomanError:
        # The message is written: that nothing can be told of others must not make that look like a failure.
        return []


def pace(plan: WritePlan) -> int | None:
    """Most writes of the account in a minute, ``None`` where nobody else takes part."""
    return plan.account.settings.sends_per_minute if plan.account.provider_class.external else None


async def _mentions(plan: WritePlan) -> list[str]:
    own = plan.account.provider_class.mass_mentions
    found = await _in_texts(plan, lambda text: [*policy.mass_mentions(text), *own(text)])
    return found[:_MOST_REASONS]


async def _in_texts(plan: WritePlan, find: Callable[[str], list[str]]) -> list[str]:
    """What is found in the texts, each once; long ones are searched beside the event loop."""

    def search() -> list[str]:
        return list(dict.fromkeys(one for text in plan.texts for one in find(text)))

    is_long = sum(map(len, plan.texts)) > _SEARCHED_AT_ONCE
    return await anyio.to_thread.run_sync(search) if is_long else search()


def _new_links(hosts: list[str]) -> list[str]:
    reasons = [f"it links to {host}, which did not occur in this conversation" for host in hosts[:_MOST_REASONS]]
    left = len(hosts) - len(reasons)
    return [*reasons, f"it links to {left} more hosts that did not"] if left else reasons


async def _new_hosts(plan: WritePlan) -> list[str]:
    """The hosts of all links that neither the store nor the newest messages know of this conversation."""
    own = plan.account.provider_class.linked_hosts
    wanted = await _in_texts(plan, lambda text: [*policy.hosts(text), *own(text)])
    remembered = {host for host in wanted[:_LOOKED_FOR] if await _remembered(plan, host)}
    missing = [host for host in wanted if host not in remembered]
    if not missing:
        return []
    recent = await _recent_hosts(plan)
    return [host for host in missing if host not in recent]


async def _remembered(plan: WritePlan, host: str) -> bool:
    """Is the host in a message of this conversation that the store has seen."""
    store = await plan.call.workspace.store()
    query = SearchQuery(text=f'"{host}"', conversation=plan.target.id, limit=_LOOKED_FOR)
    try:
        page = await store.messages.search(plan.account.name, query)
    except DragomanError:
        # There is nothing in such a host to look for; the service is asked next.
        return False
    return any(host in policy.hosts(hit.message.text[:_SEARCHED_AT_ONCE]) for hit in page.items)


async def _recent_hosts(plan: WritePlan) -> set[str]:
    """The hosts of the newest messages, as the service has them now; none when it cannot be asked."""
    if Capability.LIST_MESSAGES not in plan.account.capabilities:
        return set()
    try:
        page = await (await plan.account.provider()).list_messages(plan.target.id, MessageQuery(limit=_RECENT))
    except DragomanError:
        return set()
    return {host for message in page.items for host in policy.hosts(message.text[:_SEARCHED_AT_ONCE])}


def _flow_mode(plan: WritePlan) -> str:
    return plan.call.services.flow.mode(open_world=plan.account.provider_class.external)


def _carried(plan: WritePlan) -> list[str]:
    reader = Viewer(principal_name(plan.call), plan.call.caller.client)
    elsewhere = plan.call.services.flow.sources.elsewhere(reader, (plan.account.name, plan.target.id))
    if not elsewhere:
        return []
    named = ", ".join(str(Reference(*one)) for one in elsewhere[:_NAMED])
    more = f" and {len(elsewhere) - _NAMED} more" if len(elsewhere) > _NAMED else ""
    return [f"after other people's text from {named}{more} was read, which may have asked for it"]
