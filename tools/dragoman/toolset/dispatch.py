"""A tool call from its arguments to its answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, cast

from dragoman.core.context import instrumentation, progress
from dragoman.core.context.impersonation import acting_for
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.sanitize import clean_line
from dragoman.rendering import Answer
from dragoman.toolset.catalog import BY_NAME, TOOLS
from dragoman.toolset.definition.arguments import check
from dragoman.toolset.definition.context import Call, Caller, Desk, Found, Principal
from dragoman.toolset.definition.spec import ToolSpec
from dragoman.toolset.paging.feed import Places
from dragoman.toolset.reading.provenance import notice, remember

_LONGEST_SENTENCE: Final = 1000
_TIMES: Final = frozenset({"since", "until"})
_WHOLE: Final = 20_000_000


class UnknownTool(NotFound):
    """There is no tool of that name."""


def listed(desk: Desk, principal: Principal | None = None) -> list[ToolSpec]:
    """The tools that at least one account offers to whoever asks, in their fixed order."""
    accounts = desk.seen_by(principal).workspace.accounts.values()
    return [tool for tool in TOOLS if any(account.offers(tool.capability) for account in accounts)]


async def call_tool(desk: Desk, name: str, arguments: Mapping[str, object], caller: Caller = Caller()) -> Answer:  # noqa: B008  # an immutable value
    """Call a tool.

    Args:
        desk: What calls share.
        name: The tool.
        arguments: As the client sent them.
        caller: Who calls.

    Raises:
        UnknownTool: There is no such tool.
        DragomanError: What went wrong, in words for the caller.
    """
    person = acting_for.set(caller.principal.email if caller.principal else None)
    try:
        return await _answer(desk.seen_by(caller.principal), name, arguments, caller)
    except DragomanError as error:
        # A service's words may be in it, and a client shows it as it stands.
        error.message = clean_line(error.message, _LONGEST_SENTENCE)
        error.hint = clean_line(error.hint, _LONGEST_SENTENCE)
        raise
    finally:
        acting_for.reset(person)


async def _answer(desk: Desk, name: str, arguments: Mapping[str, object], caller: Caller) -> Answer:
    tool = BY_NAME.get(name)
    if tool is None:
        raise UnknownTool(f"There is no tool {name[:60]!r}.", hint=f"Tools: {', '.join(BY_NAME)}.")
    with instrumentation.watching(desk.observers, instrumentation.Work(tool.name)) as work:
        answer = await _run(desk, tool, arguments, caller)
        work.tokens = answer.tokens
        return answer


async def _run(desk: Desk, tool: ToolSpec, arguments: Mapping[str, object], caller: Caller) -> Answer:
    given = check(tool, arguments)
    form = cast("Literal['text', 'json']", given.pop("format", "text"))
    budget = cast("int", given.pop("max_tokens", desk.max_tokens))
    token = cast("str | None", given.pop("cursor", None))
    asked = {key: value for key, value in given.items() if key != "limit"}
    now = desk.clock()
    if token is not None:
        kept = await _kept(desk, tool, token, asked)
        given = {**kept["asked"], **given, "cursor": Places.from_json(kept["places"])}
        asked, now = kept["asked"], datetime.fromisoformat(kept["now"]) if kept["now"] else now
    with progress.heard_by(caller.progress):
        found: Found = await tool.run(Call(desk, caller, now), **given)
    if found.whole:
        budget = max(budget, _WHOLE)
    remember(desk, caller, found.view)
    layout = desk.layouts.lay_out(found.view, form=form, max_tokens=budget, zone=desk.zone, notice=notice(found.view))
    if not layout.needs_cursor:
        return layout.answer(None)
    places = found.places(layout.shown, layout.next_offset)
    if places is None:
        return layout.answer(None)
    store = await desk.workspace.store()
    # Where no time was asked for, the moment is left out: who reads the same again gets the same cursor.
    moment = now.isoformat() if _TIMES & asked.keys() else None
    state = {"tool": tool.name, "asked": asked, "now": moment, "places": places.to_json()}
    return layout.answer(await store.keep_cursor(state))


async def _kept(desk: Desk, tool: ToolSpec, token: str, asked: Mapping[str, object]) -> dict[str, Any]:
    """What a cursor stands for, if it is one of this tool and of the same query."""
    store = await desk.workspace.store()
    kept = await store.find_cursor(token.strip())
    if kept is None:
        raise InvalidArgument(
            "This cursor is not known, or too old.", hint="Repeat the call without cursor and page on from there."
        )
    before = cast("dict[str, object]", kept["asked"])
    changed = [key for key, value in asked.items() if before.get(key) != value]
    if kept["tool"] != tool.name or changed:
        where = f" ({', '.join(changed)} changed)" if changed and kept["tool"] == tool.name else ""
        raise InvalidArgument(
            f"This cursor belongs to another query{where}.",
            hint="Repeat the arguments of the call that gave it, or leave cursor out.",
        )
    return cast("dict[str, Any]", kept)
