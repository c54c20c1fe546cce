"""Asking the user before something is written, in every protocol version that can.

Up to 2025-11-25 the server sends the client a form while the call waits. From 2026-07-28 on the call
ends with the form, and the client repeats it with the answer and a state. The client could change the
state, so it only names a question that this server keeps. It is valid once, for ten minutes, for the
same caller and the same content.

Only an accepted form whose box is ticked is a yes. An answer that no person can have given (an error, a form without
its box, or one that came too quickly) counts as not asked: then a preview with a token asks the user. Everything else
is a no. Nothing but a yes writes.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, Final

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS, is_version_at_least
from pydantic import ValidationError

from dragoman.core.context import progress
from dragoman.core.context.instrumentation import AwaitingInput
from dragoman.store import Store
from dragoman.toolset.definition.context import Ask, Question
from dragoman.toolset.policy import Consent
from dragoman_server.mcp.call_slot import CallSlot
from dragoman_server.mcp.known_hosts import HostTraits, traits_of

WAIT: Final = 600.0
"""Seconds that somebody has for an answer."""

PULSE: Final = 10.0
"""Seconds between two signs that the answer is still waited for, so that the client does not give up."""

closing: Final[ContextVar[anyio.Event | None]] = ContextVar("closing", default=None)
"""Set when no answer can come any more; ``None`` where answers come as long as the client is there."""

can_elicit: Final[ContextVar[bool]] = ContextVar("can_elicit", default=True)
"""False where the transport has no way to send the client a question while a call is under way."""

_FIRST_WITH_FORMS: Final = "2025-06-18"
_NAME: Final = "confirm"
_BOX: Final = "send"
_WORDS: Final = {
    "send_message": "Send exactly this",
    "update_message": "Change the message to exactly this",
    "import_message": "Import exactly this",
}

_log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]


class InputRequired(AwaitingInput):
    """The client has to ask its user and repeat the call.

    Attributes:
        form: What ends the call.
    """

    def __init__(self, form: types.InputRequiredResult) -> None:
        """Keep the form."""
        super().__init__()
        self.form = form


def elicitation_for(
    ctx: Context, params: types.CallToolRequestParams, who: str, store: Callable[[], Awaitable[Store]], slot: CallSlot
) -> Ask | None:
    """The way to ask the user of this call; ``None`` without one.

    Args:
        ctx: The request.
        params: The call, with the answer where it is a repeated one.
        who: The authenticated caller, empty for the user of this machine.
        store: Keeps the questions that are open.
        slot: Rests while somebody thinks.
    """
    if not _takes_forms(ctx.session.client_capabilities):
        return None
    client = ctx.session.client_params
    # Hosts differ in how much of a form they show, and in who answers it.
    traits = traits_of(client.client_info.name if client else "")
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
        # These versions have no requests to clients: the call ends with the question and comes again.
        return _RetryElicitation(params, who, store, traits)
    # A client that only posts, or accepts one answer only, would never see the question.
    reachable = can_elicit.get() and ctx.session.can_send_request
    if reachable and is_version_at_least(ctx.protocol_version, _FIRST_WITH_FORMS):
        return _InlineElicitation(ctx, params.name, slot, traits)
    return None


class _InlineElicitation:
    """Sends the form while the call waits."""

    def __init__(self, ctx: Context, tool: str, slot: CallSlot, traits: HostTraits) -> None:
        self._ctx = ctx
        self._tool = tool
        self._slot = slot
        self._traits = traits

    async def __call__(self, question: Question) -> Consent:
        if not _can_be_seen(question, self._traits):
            return Consent.NOT_ASKED
        # An answer that comes faster than anybody reads was given by a program.
        asked = anyio.current_time()
        # Somebody thinks for minutes: that must use up neither the time of the call nor a slot.
        async with self._slot.paused():
            consent = await self._answer(question)
        return _as_seen(consent, question, self._traits, anyio.current_time() - asked)

    async def _answer(self, question: Question) -> Consent:
        with anyio.move_on_after(WAIT) as waiting:
            async with anyio.create_task_group() as beside:
                # Clients end calls of which they hear nothing for a minute.
                beside.start_soon(_pulse)
                beside.start_soon(_give_up, waiting)
                try:
                    form = _form(self._tool, question.length)
                    return _consent_of(
                        await self._ctx.session.elicit_form(
                            question.text, form, related_request_id=self._ctx.request_id
                        )
                    )
                except (MCPError, ValidationError) as error:
                    _log.info("The client could not ask its user (%s).", type(error).__name__)
                    return Consent.UNSEEN
                finally:
                    beside.cancel_scope.cancel()
        return Consent.CANCELLED


class _RetryElicitation:
    """Ends the call with the form, and judges the answer when the call is repeated."""

    def __init__(
        self,
        params: types.CallToolRequestParams,
        who: str,
        store: Callable[[], Awaitable[Store]],
        traits: HostTraits,
    ) -> None:
        self._params = params
        self._who = who
        self._store = store
        self._traits = traits

    async def __call__(self, question: Question) -> Consent:
        if not _can_be_seen(question, self._traits):
            return Consent.NOT_ASKED
        store = await self._store()
        content = self._content(question)
        answer = (self._params.input_responses or {}).get(_NAME)
        if answer is not None:
            state = self._params.request_state
            # A state is good once: a repeated call with the same consent must not write twice.
            left = await store.confirmations.redeem(state, content) if state is not None else 0.0
            # The state tells when it was offered, and with it how long somebody had.
            consent = _as_seen(_consent_of(answer), question, self._traits, WAIT - left if left else math.inf)
            if consent is not Consent.GIVEN or left:
                return consent
        raise InputRequired(await self._question(question, content, store))

    async def _question(self, question: Question, content: str, store: Store) -> types.InputRequiredResult:
        form = types.ElicitRequestFormParams(
            message=question.text, requested_schema=_form(self._params.name, question.length)
        )
        return types.InputRequiredResult(
            input_requests={_NAME: types.ElicitRequest(params=form)},
            request_state=await store.confirmations.offer(content, WAIT),
        )

    def _content(self, question: Question) -> str:
        """The content and who was asked, so that no state passes for a preview's token or another caller's."""
        return sha256(f"asked\0{self._who}\0{question.digest}".encode("utf-8", "surrogatepass")).hexdigest()


def _takes_forms(capabilities: types.ClientCapabilities | None) -> bool:
    """Form is what a bare ``{}`` means, which was all there was before there were links."""
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _form(tool: str, length: str) -> dict[str, Any]:
    box = {"type": "boolean", "title": _WORDS.get(tool, "Do exactly this"), "description": length}
    return {"type": "object", "properties": {_BOX: box}, "required": [_BOX]}


def _consent_of(answer: object) -> Consent:
    """The consent in an answer; an answer that our form cannot produce was given without showing it."""
    if not isinstance(answer, types.ElicitResult):
        return Consent.UNSEEN
    if answer.action == "accept":
        box = (answer.content or {}).get(_BOX)
        return Consent.GIVEN if box is True else Consent.DECLINED if box is False else Consent.UNSEEN
    return Consent.DECLINED if answer.action == "decline" else Consent.CANCELLED


def _can_be_seen(question: Question, traits: HostTraits) -> bool:
    """Whether a ticked box counts as consent: not where the client is known to cut off part of the question."""
    return traits.shown_lines is None or question.fits


def _as_seen(consent: Consent, question: Question, traits: HostTraits, seconds: float) -> Consent:
    """The consent, unless it came so quickly that no person can have seen the question."""
    if question.trusted:
        return Consent.DECLINED if consent is Consent.UNSEEN else consent
    # Nobody reads a message and ticks a box in that time.
    return Consent.UNSEEN if seconds <= traits.unseen_within else consent


async def _pulse() -> None:
    while True:
        await anyio.sleep(PULSE)
        await progress.report(0, "Waiting for the user's answer")


async def _give_up(waiting: anyio.CancelScope) -> None:
    if closes := closing.get():
        await closes.wait()
        waiting.cancel()
