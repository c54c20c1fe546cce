"""Checks the settings ``write`` and ``write_to``."""

from __future__ import annotations

from dragoman.core.errors import DragomanError, PermissionDenied
from dragoman.core.references import Reference, parse
from dragoman.core.safe_text import sentence
from dragoman.providers.base.provider import AccountSettings


def require_permission(settings: AccountSettings, where: Reference, *, named: bool = False) -> None:
    """Refuse a write that the settings do not allow.

    Args:
        settings: Of the account.
        where: The conversation.
        named: Does ``write_to`` name everybody whom the message would reach.

    Raises:
        PermissionDenied: The account may not write, or not there; the sentence names the setting.
    """
    section = sentence("[accounts.{}]", where.account)
    if settings.write == "off":
        raise PermissionDenied(
            "Writing is switched off for this account.",
            hint=sentence('To switch it on, set write = "confirm" in {}, and serve without --read-only.', section),
            account=where.account,
        )
    # An empty list allows nothing; a missing one allows every conversation.
    if settings.write_to is not None and not named and not is_allowed_target(settings, where):
        raise PermissionDenied(
            "This conversation is not among those that may be written to.",
            hint=sentence("Add it to write_to in {}, or write to another one.", section),
            account=where.account,
        )


def is_allowed_target(settings: AccountSettings, where: Reference) -> bool:
    """Return whether ``write_to`` names a conversation, by reference in any spelling or by its id, never by title."""
    return any(_names(entry, where) for entry in settings.write_to or ())


def entry_in(entry: str, account: str) -> str:
    """An entry of ``write_to`` without the name of its account."""
    return entry.removeprefix(f"{account}:")


def _names(entry: str, where: Reference) -> bool:
    try:
        reference = parse(entry)
    except DragomanError:
        # A percent sign that encodes nothing makes it no reference, so it can only be an id.
        return entry == where.conversation
    if reference is not None and reference.account == where.account:
        return reference.message is None and reference.conversation == where.conversation
    return entry == where.conversation
