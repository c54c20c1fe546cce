"""The write pipeline: permission, duplicates, consent, outbox, service, read-back."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import anyio

from dragoman.accounts.account_list import account_errors
from dragoman.core.context.notes import collect_notes
from dragoman.core.errors import Conflict, DragomanError, OutcomeUnknown
from dragoman.core.model import AuthorKind, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText
from dragoman.providers.base.provider import Provider
from dragoman.rendering import WrittenView
from dragoman.store import Entry, Store
from dragoman.toolset import policy
from dragoman.toolset.definition.context import ToolResult
from dragoman.toolset.writing.audit_scope import audit_scope
from dragoman.toolset.writing.confirmation_reasons import rate_limit_of, result_notes
from dragoman.toolset.writing.consent import require_consent
from dragoman.toolset.writing.idempotency import check_prior_write
from dragoman.toolset.writing.outcome import read_back, record_outcome
from dragoman.toolset.writing.plan import VERBS, WritePlan

_RENEWAL_INTERVAL: Final = 3.0
_MOST_ROUNDS: Final = 3
_log = logging.getLogger(__name__)


async def run_write(plan: WritePlan, attempt: audit_scope, token: str | None) -> ToolResult:
    """Run a write.

    Args:
        plan: The write.
        attempt: Audits it until the outbox does.
        token: The confirmation that the call brings, if any.

    Returns:
        The stored message; the first result, where the same was written before; or a preview with a token.

    Raises:
        OutcomeUnknown: The message may have been written.
        DragomanError: Nothing was written.
    """
    attempt.digest = plan.write.digest
    policy.require_permission(plan.account.settings, plan.where, named=await _names_all(plan))
    store = await plan.call.workspace.store()
    for _ in range(_MOST_ROUNDS):
        prior = await check_prior_write(plan, store)
        if prior.message is not None:
            attempt.outcome = "repeated"
            return await _result_of(plan, prior.message, [*prior.notes], prior.entry)
        # Before the question: nobody should agree to what may not be sent yet.
        await store.writes.require_rate(plan.account.name, rate_limit_of(plan))
        preview = await require_consent(plan, store, prior, attempt, token)
        if preview is not None:
            return preview
        # Opened first, so that an account that cannot be opened leaves no entry of unknown outcome.
        provider = await _provider(plan)
        entry = await store.writes.begin(plan.intent, accepted=prior.stamp, per_minute=rate_limit_of(plan))
        if entry.fresh:
            attempt.begun = True
            return await _execute(plan, store, entry, provider)
        # Another call began the same write in between, so consent has to be obtained for what is known now.
        token = None
    raise Conflict("Other calls write the same at the same time.", hint="Look with list_messages before trying again.")


async def _names_all(plan: WritePlan) -> bool:
    """Return whether ``write_to`` names the recipients, where it does not name the conversation."""
    settings = plan.account.settings
    entries = [policy.entry_in(entry, plan.account.name) for entry in settings.write_to or ()]
    # Who gets a message is asked at the service only where the settings leave the answer open.
    if plan.names_all is None or settings.write == "off" or policy.is_allowed_target(settings, plan.where):
        return False
    if not any(map(plan.account.provider_class.names_recipients, entries)):
        return False
    provider = await _provider(plan)
    with account_errors(plan.account):
        return await plan.names_all(provider)


async def _provider(plan: WritePlan) -> Provider:
    with account_errors(plan.account):
        return await plan.account.provider()


async def _execute(plan: WritePlan, store: Store, entry: Entry, provider: Provider) -> ToolResult:
    try:
        with collect_notes() as left:
            message = await _call_provider(plan, store, entry, provider)
    except DragomanError as error:
        unknown = isinstance(error, OutcomeUnknown) or error.sent is None
        await record_outcome(store, entry, "unknown" if unknown else "failed")
        raise
    except BaseException:
        # Cancelled or crashed: the service may have acted.
        await record_outcome(store, entry, "unknown")
        raise
    # The message's own conversation: sending may have begun a new one.
    notes = await record_outcome(
        store, entry, "done", str(Reference(plan.account.name, message.conversation, message.id))
    )
    stored, differences = await read_back(plan, message, left.shown)
    notes = [*notes, *left, *differences, *await result_notes(plan, store, entry)]
    return await _result_of(plan, stored, notes, entry.id)


async def _call_provider(plan: WritePlan, store: Store, entry: Entry, provider: Provider) -> Message:
    with account_errors(plan.account):
        async with _renewed_lease(store, entry):
            return await plan.act(provider, entry.begun)


@asynccontextmanager
async def _renewed_lease(store: Store, entry: Entry) -> AsyncGenerator[None]:
    """Renew the lease of a write in the outbox for as long as the provider works."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_renew, store, entry)
        try:
            yield
        except Exception as error:  # noqa: BLE001  # raised again below
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        # Raised outside of the task group, which would wrap it in a group.
        raise failure


async def _renew(store: Store, entry: Entry) -> None:
    while True:
        await anyio.sleep(_RENEWAL_INTERVAL)
        try:
            await store.writes.renew(entry)
        except DragomanError as error:
            # The write goes on; at worst another call looks it up at the service.
            _log.warning("The lease of a write could not be renewed: %s", error)


async def _result_of(plan: WritePlan, message: Message, notes: list[SafeText], entry: int | None) -> ToolResult:
    workspace = plan.call.workspace
    try:
        numbered = next(iter(await workspace.number_messages(plan.account, [message])), None)
    except DragomanError:
        # The write succeeded; a message without a number is still its result.
        numbered = None
    try:
        target = await workspace.load_conversation(Reference(plan.account.name, message.conversation), fresh=True)
    except DragomanError:
        # So is one in a conversation without a title.
        target = replace(plan.target, id=message.conversation)
    shown = numbered or replace(message, account=plan.account.name)
    view = WrittenView(
        conversation=target,
        message=shown,
        verb=VERBS[plan.operation],
        by_others=_is_by_others(plan, message),
        notes=notes,
    )
    return ToolResult(view, write=entry)


def _is_by_others(plan: WritePlan, stored: Message) -> bool:
    """Whether the answer shows text of others: of an agent, or of a message whose labels changed."""
    if stored.author.kind in (AuthorKind.ASSISTANT, AuthorKind.BOT):
        return True
    # Services strip blanks; anything more that comes back was not written by the caller.
    written = {text.strip() for text in plan.texts if text.strip()}
    shown = {text.strip() for text in (stored.text, stored.subject or "") if text.strip()}
    return not shown <= written
