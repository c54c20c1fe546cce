"""Other people's text in answers: introduced as such, and remembered for the flow guard."""

from __future__ import annotations

from typing import Final

from dragoman.core.references import Reference
from dragoman.rendering import View
from dragoman.toolset import policy
from dragoman.toolset.definition.context import Caller, ToolServices
from dragoman.toolset.policy import Viewer

NOTICE: Final = "written by others"
"""Stands in the header of every answer with messages; at most 6 tokens with what separates it."""


def header_notice(view: View) -> str:
    """What the header says of the texts below it."""
    return NOTICE if view.foreign_places() else ""


async def record_exposure(services: ToolServices, caller: Caller, view: View) -> None:
    """Note for the flow guard which conversations are about to be shown, but for those that ``write_to`` names.

    A conversation that the user has listed there is one whose people they trust.
    """
    accounts = services.workspace.accounts
    places = [
        (account, conversation)
        for account, conversation in view.foreign_places()
        if account in accounts
        and not policy.is_allowed_target(accounts[account].settings, Reference(account, conversation))
    ]
    if places:
        viewer = Viewer(caller.principal.name if caller.principal else "", caller.client)
        store = await services.workspace.store()
        await services.flow.exposures.record(store, viewer, places, services.clock())
