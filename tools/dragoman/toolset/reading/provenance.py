"""Other people's text in answers: introduced as such, and remembered for the flow guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dragoman.core.model import Message
from dragoman.core.references import Reference
from dragoman.rendering import MessagesView, MessageView, SearchView, View
from dragoman.toolset import policy
from dragoman.toolset.definition.context import Caller, ToolServices
from dragoman.toolset.policy import Viewer

NOTICE: Final = "written by others"
"""Stands in the header of every answer with messages; at most 6 tokens with what separates it."""


def header_notice(view: View) -> str:
    """What the header says of the texts below it."""
    return NOTICE if any(True for _ in _messages(view)) else ""


def record_exposure(services: ToolServices, caller: Caller, view: View) -> None:
    """Note for the flow guard which conversations were shown, but for those that ``write_to`` names.

    A conversation that the user has listed there is one whose people they trust.
    """
    reader = Viewer(caller.principal.name if caller.principal else "", caller.client)
    for account, conversation in {(one.account, one.conversation): None for one in _messages(view)}:
        settings = services.workspace.account(account).settings
        if not policy.is_allowed_target(settings, Reference(account, conversation)):
            services.flow.sources.note(reader, (account, conversation))


def _messages(view: View) -> Iterable[Message]:
    if isinstance(view, MessagesView):
        return view.messages
    if isinstance(view, MessageView):
        return [*view.before, view.message, *view.after]
    return [hit.message for hit in view.hits] if isinstance(view, SearchView) else []
