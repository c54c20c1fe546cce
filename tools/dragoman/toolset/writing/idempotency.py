"""Checks whether the same write was begun before, and finds out what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import anyio

from dragoman.accounts.account_list import account_errors
from dragoman.core.errors import Conflict, DragomanError, NotFound, OutcomeUnknown, UnsupportedOperation
from dragoman.core.model import Message
from dragoman.core.references import Reference, parse
from dragoman.core.safe_text import SafeText, Sentence, safe, sentence
from dragoman.providers.base.provider import Capability
from dragoman.store import Entry, State, Store
from dragoman.toolset.writing.outcome import record_outcome
from dragoman.toolset.writing.plan import WritePlan

PATIENCE: Final = 20.0
"""Seconds to wait for the same write that is at work in another call."""

_EARLIER: Final = timedelta(days=1)
_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class PriorWrite:
    """An earlier write of the same content.

    Attributes:
        stamp: Stamp of the entry that stands in the way; empty when none does.
        reason: Why somebody has to agree before it is written again; empty when nobody has to.
        entry: Number of the entry whose result ``message`` is.
        message: The first result, which is the answer instead of another write.
        notes: Sentences about the result.
    """

    stamp: str = ""
    reason: Sentence = ""
    entry: int | None = None
    message: Message | None = None
    notes: Sequence[SafeText] = ()


async def check_prior_write(plan: WritePlan, store: Store) -> PriorWrite:
    """Look for an earlier write of the same key or content.

    Raises:
        Conflict: The key was used for other content, or the same write is still under way.
        OutcomeUnknown: The outcome is unknown, and the service cannot be asked now.
    """
    entry = await _wait_for_prior(plan, store)
    if entry is None:
        return PriorWrite()
    if entry.digest != plan.write.digest:
        raise Conflict("This idempotency_key was used for another message.", hint="Use a new key.")
    if entry.state is State.UNKNOWN:
        return await _unknown(plan, store, entry)
    # The caller says by the key that it means the same write.
    if entry.state is State.DONE and plan.key is not None:
        return PriorWrite(entry=entry.id, message=await _prior_result(plan, entry))
    # Without a key it may mean a second message, unless it cannot know of the first one.
    if entry.state is State.DONE and not entry.delivered:
        first = "An earlier call had written it, and its answer may not have arrived. {} again."
        note = sentence(first, plan.not_done_sentence)
        return PriorWrite(entry=entry.id, message=await _prior_result(plan, entry), notes=[note])
    if entry.state is State.FAILED:
        return PriorWrite(stamp=entry.stamp)
    return PriorWrite(stamp=entry.stamp, reason=_repeat_reason(plan, entry))


async def _wait_for_prior(plan: WritePlan, store: Store) -> Entry | None:
    """Return the entry that stands in the way; one of the same key and content is waited for."""
    pause = _PAUSE
    with anyio.move_on_after(PATIENCE):
        while True:
            entry = await store.writes.find_conflict(plan.intent)
            if (
                entry is None
                or entry.state is not State.PENDING
                or plan.key is None
                or entry.digest != plan.write.digest
            ):
                return entry
            await anyio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    raise Conflict(
        sentence("The same write is still under way in another call. {} a second time.", plan.not_done_sentence),
        hint="Call again with the same key in a while.",
    )


async def _unknown(plan: WritePlan, store: Store, entry: Entry) -> PriorWrite:
    if plan.key is not None and plan.account.provider_class.idempotent:
        # The service deduplicates by this key, so sending again finds the outcome and does no harm.
        return PriorWrite(stamp=entry.stamp)
    try:
        message = await _look_up_at_service(plan, store, entry)
    except (UnsupportedOperation, NotFound):
        return PriorWrite(
            entry.stamp, "an earlier call was cut off, and this account cannot be asked whether it was made"
        )
    except DragomanError as error:
        raise OutcomeUnknown(
            sentence(
                "An earlier call with the same content was cut off, so its outcome is unknown, and the account cannot "
                "be asked now ({}). This call wrote nothing.",
                SafeText(error.message.rstrip(".")),
            ),
            hint=sentence("Look with list_messages conversation={} before trying again.", plan.where),
            account=plan.account.name,
        ) from error
    if message is None:
        what = "the change" if plan.operation is Capability.UPDATE_MESSAGE else "its message"
        reason = sentence(
            "an earlier call was cut off: its outcome is unknown, and {} is not there now, though it may come",
            safe(what),
        )
        return PriorWrite(entry.stamp, reason)
    return await _record_found(plan, store, entry, message)


async def _record_found(plan: WritePlan, store: Store, entry: Entry, message: Message) -> PriorWrite:
    reference = str(Reference(plan.account.name, message.conversation, message.id))
    loosely = message.reply_to != plan.preview.message.reply_to
    changes = plan.operation is Capability.UPDATE_MESSAGE  # which is there or not, whoever made it
    if not changes and await store.writes.could_be_another(entry, reference, loosely=loosely):
        # Two writes have an unknown outcome and one message exists: it cannot be attributed.
        return PriorWrite(
            entry.stamp,
            sentence("an earlier call was cut off: {} may be its message, or that of somebody else", reference),
        )
    told = [sentence("An earlier call that was cut off had written it. {} again.", plan.not_done_sentence)]
    return PriorWrite(
        entry=entry.id,
        message=message,
        notes=told + await record_outcome(store, entry, "done", reference, outcome="found"),
    )


async def _look_up_at_service(plan: WritePlan, store: Store, entry: Entry) -> Message | None:
    since = entry.begun or plan.call.now
    # Messages of other writes with the same text must not be taken for this one.
    made = await store.writes.message_refs_since(plan.account.name, since - _EARLIER)
    known = {found.message for text in made if (found := parse(text)) and found.message}
    with account_errors(plan.account):
        return await plan.find(await plan.account.provider(), since, known)


async def _prior_result(plan: WritePlan, entry: Entry) -> Message:
    """Return the message that came of an entry as it is now, or as it was to be where it cannot be read."""
    stored = parse(entry.message) if entry.message is not None else None
    if stored is None or stored.message is None:
        return plan.preview.message
    message = replace(plan.preview.message, id=stored.message, conversation=stored.conversation)
    try:
        with account_errors(plan.account):
            return await (await plan.account.provider()).get_message(stored.conversation, stored.message)
    except (UnsupportedOperation, NotFound):
        return message


def _repeat_reason(plan: WritePlan, entry: Entry) -> Sentence:
    if entry.state is State.PENDING:
        return "the same text is being written here in another call right now"
    seconds = max(0, round((plan.call.services.clock() - entry.finished).total_seconds())) if entry.finished else 0
    known = sentence(" as {}", entry.message) if entry.message else safe("")
    return sentence("the same text was {} here {} s ago{}", _DONE.get(plan.operation.value, "written"), seconds, known)


_DONE: Final = {"send_message": "sent", "import_message": "imported"}
