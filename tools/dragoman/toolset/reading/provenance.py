"""Other people's text in answers: introduced as such, and remembered for the flow guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dragoman.core.model import Message
from dragoman.core.references import Reference
from dragoman.rendering import MessagesView, MessageView, SearchView, View
from dragoman.toolset import policy
from dragoman.toolset.definition.context import Caller, Desk
from dragoman.toolset.policy import Reader

NOTICE: Final = "written by others"
"""Stands in the header of every answer with messages; at most 6 tokens with what separates it."""


def notice(view: View) -> str:
    """What the header says of the texts below it."""
    return NOTICE if any(True for _ in _messages(view)) else ""


def remember(desk: Desk, caller: Caller, view: View) -> None:
    """Note for the flow guard which conversations were shown, but for those that ``write_to`` names.

    A conversation that the user has listed there is one whose people they trust.
    """
    reader = Reader(caller.principal.name if caller.principal else "", caller.client)
    for account, conversation in {(one.account, one.conversation): None for one in _messages(view)}:
        settings = desk.workspace.account(account).settings
        if not policy.covers(settings, Reference(account, conversation)):
            desk.flow.sources.note(reader, (account, conversation))


def _messages(view: View) -> Iterable[Message]:
    if isinstance(view, MessagesView):
        return view.messages
    if isinstance(view, MessageView):
        return [*view.before, view.message, *view.after]
    return [hit.message for hit in view.hits] if isinstance(view, SearchView) else []
