"""Finding out whether somebody wants a write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from dragoman.core.errors import InvalidArgument
from dragoman.store import Store


class Consent(Enum):
    """What came of asking."""

    GIVEN = "given"
    DECLINED = "declined"
    NOBODY_ASKED = "nobody asked"


async def consent(
    store: Store, agreement: str, token: str | None, ask: Callable[[], Awaitable[bool | None]] | None
) -> Consent:
    """Find out whether a write is wanted.

    Args:
        store: Where tokens are kept.
        agreement: What an agreement would count for, see :meth:`Write.agreement`.
        token: From an earlier preview, if the call has one; it is used up, needed or not.
        ask: Asks the user, ``None`` when nobody can be asked; ``None`` instead of it when there is nothing to ask.

    Raises:
        InvalidArgument: The token is not good for this write, or not any more.
    """
    if token is not None:
        if await store.redeem_confirmation(token.strip(), agreement):
            return Consent.GIVEN
        raise InvalidArgument(
            "This confirmation is used up, expired, or was given for something else.",
            hint="Call again without confirm for a new preview.",
        )
    if ask is None:
        return Consent.GIVEN
    answer = await ask()
    if answer is None:
        return Consent.NOBODY_ASKED
    return Consent.GIVEN if answer is True else Consent.DECLINED
