"""Finds the reasons to ask before a write, also where the settings allow writing, and the notes on its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from dragoman.core.errors import DragomanError
from dragoman.core.model import Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, Sentence, join, safe, sentence
from dragoman.core.text_size import run_sized
from dragoman.core.times import format_minute
from dragoman.providers.base.provider import Capability, MessageQuery, SearchQuery
from dragoman.store import Entry, Store
from dragoman.toolset import policy
from dragoman.toolset.policy import Viewer
from dragoman.toolset.writing.plan import WritePlan, principal_name

_RECENT: Final = 50
_LOOKED_FOR: Final = 10
_NAMED: Final = 3
_MOST_REASONS: Final = 10
_SEARCHED: Final = 20_000
"""Characters of a message that is there already; a host further on is asked about."""


async def warnings_about(plan: WritePlan, repeated: Sentence) -> list[SafeText]:
    """Find what is alarming about a write; each reason is worded to follow ``because``.

    Args:
        plan: The write.
        repeated: What is known of an earlier write of the same, empty when there was none.
    """
    found = [safe(repeated)] if repeated else []
    # In an account of our own nobody is called, and nobody is led anywhere.
    if plan.account.provider_class.external:
        found += [sentence("it calls everybody: {}", name) for name in await _mentions(plan)]
        found += _new_links(await _new_hosts(plan))
    if _flow_mode(plan) == "confirm":
        found += [sentence("it comes {}", reason) for reason in await _carried(plan)]
    return found


def policy_reasons(plan: WritePlan) -> list[SafeText]:
    """Return why the settings ask for consent, worded to follow ``because``."""
    asks = plan.account.settings.write == "confirm"
    return [safe("this account asks before every write")] if asks else []


async def result_notes(plan: WritePlan, store: Store, made: Entry) -> list[SafeText]:
    """Return sentences for the answer about a message that was written."""
    notes = [sentence("Written {}.", reason) for reason in await _carried(plan)] if _flow_mode(plan) == "warn" else []
    doubtful = [one for one in await _doubtful(plan, store) if one.id != made.id]
    if doubtful:
        begun = doubtful[0].begun
        when = sentence(" of {}", format_minute(begun, plan.call.services.zone)) if begun else safe("")
        more = sentence(", and of {} more,", len(doubtful) - 1) if len(doubtful) > 1 else safe("")
        notes.append(
            sentence("The outcome of an earlier write here{}{} is unknown: look with list_messages.", when, more)
        )
    return notes


async def _doubtful(plan: WritePlan, store: Store) -> list[Entry]:
    try:
        return await store.writes.unknown_outcomes(plan.account.name, plan.target.id, principal_name(plan.call))
    except DragomanError:
        # The write succeeded; a failure to read the outbox must not look like a failure to write.
        return []


def rate_limit_of(plan: WritePlan) -> int | None:
    """Return the most writes of the account in a minute; ``None`` where nobody else takes part."""
    return plan.account.settings.sends_per_minute if plan.account.provider_class.external else None


async def _mentions(plan: WritePlan) -> list[str]:
    own = plan.account.provider_class.mass_mentions
    found = await _in_texts(plan, lambda text: [*policy.mass_mentions(text), *own(text)])
    return found[:_MOST_REASONS]


async def _in_texts(plan: WritePlan, find: Callable[[str], list[str]]) -> list[str]:
    """Search the written texts, long ones in a worker thread; each result is returned once."""

    def search() -> list[str]:
        return list(dict.fromkeys(one for text in plan.texts for one in find(text)))

    return await run_sized(search, sum(map(len, plan.texts)))


def _new_links(hosts: list[str]) -> list[SafeText]:
    named = hosts[:_MOST_REASONS]
    reasons = [sentence("it links to {}, which did not occur in this conversation", host) for host in named]
    left = len(hosts) - len(reasons)
    return [*reasons, sentence("it links to {} more hosts that did not", left)] if left else reasons


async def _new_hosts(plan: WritePlan) -> list[str]:
    """Return the linked hosts that occur neither in the stored nor in the newest messages of the conversation."""
    own = plan.account.provider_class.linked_hosts
    wanted = await _in_texts(plan, lambda text: [*policy.hosts(text), *own(text)])
    remembered = {host for host in wanted[:_LOOKED_FOR] if await _remembered(plan, host)}
    missing = [host for host in wanted if host not in remembered]
    if not missing:
        return []
    recent = await _recent_hosts(plan)
    return [host for host in missing if host not in recent]


async def _remembered(plan: WritePlan, host: str) -> bool:
    """Return whether a stored message of the conversation links to the host."""
    store = await plan.call.workspace.store()
    query = SearchQuery(text=f'"{host}"', conversation=plan.target.id, limit=_LOOKED_FOR)
    try:
        page = await store.messages.search(plan.account.name, query)
    except DragomanError:
        # The host holds nothing to search for; the newest messages are read next.
        return False
    # The index finds the words of a host wherever they stand, and only a link counts.
    return host in await _hosts_of([hit.message for hit in page.items])


async def _recent_hosts(plan: WritePlan) -> set[str]:
    """Return the hosts that the newest messages at the service link to; none when it cannot be asked."""
    if Capability.LIST_MESSAGES not in plan.account.capabilities:
        return set()
    try:
        # Where it fails, every host counts as new: asking once too often does no harm.
        page = await (await plan.account.provider()).list_messages(plan.target.id, MessageQuery(limit=_RECENT))
    except DragomanError:
        return set()
    return await _hosts_of(page.items)


async def _hosts_of(messages: Sequence[Message]) -> set[str]:
    """Return the hosts that messages of others link to, as far as these are looked at."""
    texts = [message.text[:_SEARCHED] for message in messages]
    return await run_sized(lambda: {host for text in texts for host in policy.hosts(text)}, sum(map(len, texts)))


def _flow_mode(plan: WritePlan) -> str:
    return plan.call.services.flow.mode(external=plan.account.provider_class.external)


async def _carried(plan: WritePlan) -> list[SafeText]:
    """Return one reason that names the conversations whose text may have asked for the write, if there are any."""
    services = plan.call.services
    viewer = Viewer(principal_name(plan.call), plan.call.caller.client)
    here = (plan.account.name, plan.target.id)
    store = await plan.call.workspace.store()
    known = await services.flow.exposures.elsewhere(store, viewer, here, services.clock())
    # An account that is gone, or that this person may not see, is not named.
    elsewhere = [one for one in known if one[0] in plan.call.workspace.accounts]
    if not elsewhere:
        return []
    named = join(Reference(*one) for one in elsewhere[:_NAMED])
    more = sentence(" and {} more", len(elsewhere) - _NAMED) if len(elsewhere) > _NAMED else safe("")
    return [sentence("after other people's text from {}{} was read, which may have asked for it", named, more)]
