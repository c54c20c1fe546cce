"""Asks before a write where somebody has to agree: the user through the client, or else by a preview with a token."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, LiteralString

from dragoman.core.errors import PermissionDenied
from dragoman.core.model import Audience
from dragoman.core.safe_text import SafeText, safe, sentence
from dragoman.core.text_size import run_sized
from dragoman.rendering import question
from dragoman.store import Store
from dragoman.toolset import policy
from dragoman.toolset.definition.context import Question, ToolResult
from dragoman.toolset.policy import Consent
from dragoman.toolset.writing.audit_scope import audit_scope
from dragoman.toolset.writing.confirmation_reasons import policy_reasons, warnings_about
from dragoman.toolset.writing.idempotency import PriorWrite
from dragoman.toolset.writing.plan import WritePlan
from dragoman.toolset.writing.preview import audience_of, complete_preview

_REFUSED: Final[Mapping[Consent, LiteralString]] = {
    Consent.DECLINED: "The client answered no.",
    Consent.CANCELLED: "Nobody confirmed: the client closed the question without an answer.",
}
_AUDITED: Final = {Consent.UNSEEN: "unseen", Consent.NOT_ASKED: "asked"}
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


async def require_consent(
    plan: WritePlan, store: Store, prior: PriorWrite, attempt: audit_scope, token: str | None
) -> ToolResult | None:
    """Make sure that somebody wants a write who has to agree to it.

    Args:
        plan: The write.
        store: Keeps the tokens.
        prior: What is known of an earlier write of the same.
        attempt: Learns how the attempt ended, for the audit log.
        token: The confirmation that the call brings.

    Returns:
        ``None`` when the write may be made, else the preview to answer with.

    Raises:
        PermissionDenied: The user said no, or nobody confirmed.
        InvalidArgument: The token is not good for this write.
    """
    warnings = await warnings_about(plan, prior.reason)
    reasons = [*warnings, *policy_reasons(plan)]
    # A token is checked even where none is needed: it may stand for another text.
    if not reasons and token is None:
        return None
    # Who gets the message and what goes out below it are part of what somebody agrees to, so they are asked each time.
    audience = await audience_of(plan)
    people = (*audience.receivers, *audience.copied, *audience.perhaps)
    agreement = plan.write.agreement(prior.stamp, (*people, audience.below) if audience.below else people)
    attempt.outcome = ""
    ask = _asking(plan, audience, reasons, warnings, agreement) if reasons else None
    consent = await policy.obtain_consent(store, agreement, token, ask)
    if consent is Consent.GIVEN:
        return None
    if consent in _REFUSED:
        attempt.outcome = consent.value
        raise PermissionDenied(sentence("{} {}.", safe(_REFUSED[consent]), plan.not_done_sentence), hint=_way_out(plan))
    attempt.outcome = _AUDITED[consent]
    preview = await complete_preview(plan, audience, reasons, warnings)
    how = _how_to_confirm(plan, consent, await store.confirmations.offer(agreement))
    return ToolResult(replace(preview, how=how), uncut=True)


def _asking(
    plan: WritePlan, audience: Audience, reasons: list[SafeText], warnings: list[SafeText], agreement: str
) -> Callable[[], Awaitable[Consent]]:
    async def ask() -> Consent:
        settled = {plan.account.settings.ask, plan.call.services.ask_by_client.get(plan.call.caller.client.casefold())}
        by_client = plan.call.caller.ask
        # Some clients answer questions without showing them; for these the settings ask for a token.
        if by_client is None or "token" in settled:
            return Consent.NOT_ASKED
        view = await complete_preview(plan, audience, reasons, warnings)
        # A long text is laid out in a thread, as every answer is.
        asked = await run_sized(partial(question, view, plan.call.services.zone), view.text_size)
        trusted = "client" in settled
        return await by_client(Question(asked.text, agreement, asked.length, asked.fits, trusted))

    return ask


def _way_out(plan: WritePlan) -> SafeText:
    name = plan.call.caller.client
    # A name that is no bare key of TOML would have to be quoted, so the account's section is named.
    table = sentence("[clients.{}]", name) if _PLAIN_NAME.fullmatch(name) else None
    return sentence(
        'Do not try again unasked. If nobody was asked there, the user can set ask = "token" in {}.',
        table or sentence("[accounts.{}]", plan.account.name),
    )


def _how_to_confirm(plan: WritePlan, consent: Consent, token: str) -> SafeText:
    unseen = ", because the client answered without showing the question" if consent is Consent.UNSEEN else ""
    return sentence(
        "{} yet{}: show all of this to the user, and only when they agree, "
        "call again within 10 minutes with confirm={}",
        plan.not_done_sentence,
        safe(unseen),
        token,
    )
