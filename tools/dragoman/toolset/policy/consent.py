"""Consent to a write: by a one-time token, or by the answer to a question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from dragoman.core.errors import InvalidArgument
from dragoman.store import Store


class Consent(Enum):
    """The outcome of asking the user.

    Attributes:
        GIVEN: Somebody agreed, or nobody has to.
        DECLINED: The client answered no.
        CANCELLED: The question was closed or left without an answer.
        UNSEEN: The client answered, but no person can have seen the question.
        NOT_ASKED: The user cannot be asked, or cannot be shown enough.
    """

    GIVEN = "given"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    UNSEEN = "unseen"
    NOT_ASKED = "not asked"


async def obtain_consent(
    store: Store, agreement: str, token: str | None, ask: Callable[[], Awaitable[Consent]] | None
) -> Consent:
    """Find out whether a write is wanted.

    Args:
        store: Where tokens are kept.
        agreement: What an agreement would count for, see :meth:`Write.agreement`.
        token: From an earlier preview, if the call has one; it is used up, needed or not.
        ask: Asks the user; ``None`` where nothing has to be asked.

    Raises:
        InvalidArgument: The token is not good for this write, or not any more.
    """
    # Redeemed first: a token works once, also where nobody has to be asked.
    if token is not None:
        if await store.confirmations.redeem(token.strip(), agreement):
            return Consent.GIVEN
        raise InvalidArgument(
            "This confirmation is used up, expired, or was given for something else.",
            hint="Call again without confirm for a new preview.",
        )
    return Consent.GIVEN if ask is None else await ask()
