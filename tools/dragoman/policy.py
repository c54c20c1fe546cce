"""What may be written where, and the proof that somebody has seen it before it goes out.

The policy of an account is part of its settings: ``write = "off"`` refuses, ``"allow"`` lets pass,
``"confirm"`` asks. Where the user cannot be asked, the first call answers with a preview and a
token that is good once, for ten minutes, and for exactly that content. Nothing here fails open.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from dragoman.errors import InvalidArgument, PermissionDenied
from dragoman.provider import AccountSettings
from dragoman.refs import Reference, parse
from dragoman.store import Store


@dataclass(frozen=True, slots=True)
class Write:
    """What somebody wants to write.

    Attributes:
        where: The conversation, or the message that is changed.
        operation: Name of the tool.
        content: Everything that is written, by name.
    """

    where: Reference
    operation: str
    content: dict[str, object]

    @property
    def digest(self) -> str:
        """The same for the same write and for no other."""
        told = [str(self.where), self.operation, self.content]
        return sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Consent(Enum):
    """What came of asking."""

    GIVEN = "given"
    DECLINED = "declined"
    NOBODY_ASKED = "nobody asked"


def allow(settings: AccountSettings, where: Reference) -> None:
    """Let a write pass that the settings allow at all.

    Raises:
        PermissionDenied: They do not; the sentence names the setting.
    """
    section = f"[accounts.{where.account}]"
    if settings.write == "off":
        raise PermissionDenied(
            "Writing is switched off for this account.",
            hint=f'Set write = "confirm" in {section} to switch it on.',
            account=where.account,
        )
    if settings.write_to is not None and not any(_covers(entry, where) for entry in settings.write_to):
        raise PermissionDenied(
            "This conversation is not among those that may be written to.",
            hint=f"Add it to write_to in {section}, or write to another one.",
            account=where.account,
        )


async def consent(
    settings: AccountSettings,
    store: Store,
    write: Write,
    token: str | None,
    ask: Callable[[], Awaitable[bool | None]],
) -> Consent:
    """Find out whether a write is wanted.

    Args:
        settings: Of the account.
        store: Where tokens are kept.
        write: What would be written.
        token: From an earlier preview, if the call has one.
        ask: Asks the user; ``None`` when nobody can be asked.

    Raises:
        InvalidArgument: The token is not good for this write, or not any more.
    """
    if settings.write == "allow":
        return Consent.GIVEN
    if token is not None:
        if await store.redeem(token.strip(), write.digest):
            return Consent.GIVEN
        raise InvalidArgument(
            "This confirmation is used up, expired, or was given for something else. Nothing was written.",
            hint="Call again without confirm for a new preview.",
        )
    answer = await ask()
    if answer is None:
        return Consent.NOBODY_ASKED
    return Consent.GIVEN if answer else Consent.DECLINED


def _covers(entry: str, where: Reference) -> bool:
    reference = parse(entry)
    if reference is not None and reference.account == where.account:
        return reference.conversation == where.conversation
    return entry == where.conversation
