"""A tool call from its arguments to its answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Literal, cast

from dragoman.core.context import instrumentation, progress
from dragoman.core.context.impersonation import acting_for
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman.core.text_size import run_sized
from dragoman.rendering import Answer
from dragoman.rendering.views import NOTICE, ConversationKey
from dragoman.toolset import policy
from dragoman.toolset.catalog import BY_NAME, TOOLS
from dragoman.toolset.definition.context import CallContext, Caller, Principal, Receipt, ToolResult, ToolServices
from dragoman.toolset.definition.parameters import Parameter
from dragoman.toolset.definition.spec import ToolSpec
from dragoman.toolset.paging.saved_cursor import SavedCursor, load_cursor, save_cursor
from dragoman.toolset.policy import Viewer

_log = logging.getLogger(__name__)

_WHOLE: Final = 20_000_000
"""Tokens that no answer needs, for one that must not be cut."""

_INTEGER: Final = lazy_pattern(r"[+-]?\d{1,18}(\.0+)?")
_MOST_TEXT: Final = 16 * 1024 * 1024
_MOST_TOLD: Final = 10
_SYNONYMS: Final = {
    "newest": "latest", "desc": "latest", "descending": "latest", "asc": "oldest", "ascending": "oldest",
    "dm": "direct", "dms": "direct", "direct message": "direct", "direct messages": "direct", "private": "direct",
    "email": "mail", "emails": "mail",
}  # fmt: skip
"""Other words for values of closed sets."""

_CLEARED: Final = ("text", "subject")
"""Arguments of which an empty one is meant: it clears what is there."""


class UnknownTool(NotFound):
    """There is no tool of that name."""


def available_tools(services: ToolServices, principal: Principal | None = None) -> list[ToolSpec]:
    """The tools that at least one account offers to whoever asks, in their fixed order."""
    accounts = services.for_principal(principal).workspace.accounts.values()
    return [tool for tool in TOOLS if any(account.offers(tool.capability) for account in accounts)]


async def call_tool(
    services: ToolServices,
    name: str,
    arguments: Mapping[str, object],
    caller: Caller = Caller(),  # noqa: B008  # an immutable value
) -> Answer:
    """Call a tool.

    Args:
        services: What calls share.
        name: The tool.
        arguments: As the client sent them.
        caller: Who calls.

    Raises:
        UnknownTool: There is no such tool.
        DragomanError: What went wrong, in words for the caller.
    """
    tool = BY_NAME.get(name)
    if tool is None:
        raise UnknownTool(sentence("There is no tool {!r}.", name), hint=sentence("Tools: {}.", join(BY_NAME)))
    # The transport of a provider reads it, many calls further down.
    person = acting_for.set(caller.principal.email if caller.principal else None)
    try:
        with instrumentation.observe(services.observers, instrumentation.Operation(tool.name)) as work:
            answer = await _run_tool(services.for_principal(caller.principal), tool, arguments, caller)
            work.tokens = answer.tokens
            return answer
    finally:
        acting_for.reset(person)


async def _run_tool(services: ToolServices, tool: ToolSpec, arguments: Mapping[str, object], caller: Caller) -> Answer:
    # What shapes the answer is not the tool's business, and no part of what a cursor stands for.
    given = check_arguments(tool, arguments)
    form = cast("Literal['text', 'json']", given.pop("format", "text"))
    budget = cast("int", given.pop("max_tokens", services.max_tokens))
    token = cast("str | None", given.pop("cursor", None))
    asked = {key: value for key, value in given.items() if key != "limit"}
    now = services.clock()
    if token is not None:
        saved = await load_cursor(await services.workspace.store(), tool.name, token, asked)
        # A later page shows the list as of the first one, so its times ago are counted from then.
        given = {**saved.asked, **given, "cursor": saved.positions}
        asked, now = saved.asked, saved.now or now
    with progress.listening(caller.progress):
        found: ToolResult = await tool.run(CallContext(services, caller, now), **given)
    answer = await _lay_out(services, tool, found, form=form, budget=budget, asked=asked, now=now, caller=caller)
    if found.write is not None:
        await _note_delivery(services, caller, found.write)
    return answer


async def _note_delivery(services: ToolServices, caller: Caller, write: int) -> None:
    """Have it noted that the answer about a write has arrived, once it has."""
    store = await services.workspace.store()
    # Without the note the same write would be answered with this result once more, which does no harm.
    await _once_delivered(caller, partial(store.writes.deliver, write))


async def _once_delivered(caller: Caller, note: Receipt) -> None:
    """Note something once the answer has arrived; a store that cannot be written is only logged."""

    async def receipt() -> None:
        try:
            await note()
        except DragomanError:
            _log.warning("It could not be noted that an answer arrived.", exc_info=True)

    if caller.when_delivered is None:
        await receipt()
    else:
        caller.when_delivered(receipt)


async def _lay_out(
    services: ToolServices,
    tool: ToolSpec,
    found: ToolResult,
    *,
    form: Literal["text", "json"],
    budget: int,
    asked: Mapping[str, object],
    now: datetime,
    caller: Caller,
) -> Answer:
    if found.uncut:
        budget = max(budget, _WHOLE)
    view, foreign = found.view, found.view.foreign_places()
    # Before the answer is laid out: what cannot be noted must not be shown first.
    await _record_exposure(services, caller, foreign)
    size, notice = view.text_size, NOTICE if foreign else ""
    lay_out = partial(services.layouts.lay_out, form=form, max_tokens=budget, zone=services.zone, notice=notice)
    layout = await run_sized(partial(lay_out, view), size)
    positions = found.cursor_at(layout.shown, layout.next_offset) if layout.needs_cursor else None
    cursor = None
    if positions is not None:
        # Only once the answer has arrived: news that got lost on the way have to come again.
        if found.stopped is not None:
            await _once_delivered(caller, partial(found.stopped, positions))
        store = await services.workspace.store()
        cursor = await save_cursor(store, tool.name, SavedCursor(dict(asked), now, positions))
    return await run_sized(partial(layout.answer, cursor), size)


async def _record_exposure(services: ToolServices, caller: Caller, shown: Sequence[ConversationKey]) -> None:
    """Note for the flow guard which conversations are about to be shown, but for those that ``write_to`` names.

    A conversation that the user has listed there is one whose people they trust.
    """
    settings = {name: account.settings for name, account in services.workspace.accounts.items()}
    conversations = [
        (account, conversation)
        for account, conversation in shown
        if account in settings
        and not (
            settings[account].write_to and policy.is_allowed_target(settings[account], Reference(account, conversation))
        )
    ]
    if conversations:
        viewer = Viewer(caller.principal.name if caller.principal else "", caller.client)
        store = await services.workspace.store()
        await services.flow.exposures.record(store, viewer, conversations, services.clock())


def check_arguments(tool: ToolSpec, arguments: Mapping[str, object]) -> dict[str, object]:
    """Check the arguments of a call against the tool's parameters.

    An argument that is null, or an empty string where it may be left out, counts as left out; an empty
    text or subject is kept, because it clears what is there.

    Returns:
        The arguments that were given, in the types that the tool's function takes.

    Raises:
        InvalidArgument: All that is wrong with them.
    """
    wrong = _unknown(tool, arguments) if arguments.keys() - tool.parameters.keys() else []
    good: dict[str, object] = {}
    for name, parameter in tool.parameters.items():
        value = _single(parameter, arguments.get(name))
        # Models fill arguments that they mean to leave out with null or an empty string.
        if value is None or (value == "" and not parameter.required and name not in _CLEARED):
            if parameter.required:
                wrong.append(sentence("{} is missing ({}).", name, unquoted(parameter.description)))
            continue
        try:
            good[name] = _READERS[parameter.kind](parameter, value)
        except ValueError as error:
            wrong.append(sentence("{} must be {}.", name, unquoted(str(error))))
    if wrong:
        raise InvalidArgument(
            join(wrong, " ", most=_MOST_TOLD), hint=sentence("{} takes: {}.", tool.name, join(tool.parameters))
        )
    return good


def _single(parameter: Parameter, value: object) -> object:
    """The value; the only one of a list, where no list is meant."""
    if parameter.kind == "array" or not isinstance(value, list):
        return value
    items = cast("list[object]", value)
    return items[0] if len(items) == 1 else items


def _unknown(tool: ToolSpec, arguments: Mapping[str, object]) -> list[SafeText]:
    from difflib import get_close_matches  # noqa: PLC0415  # takes time, and is for mistakes only

    wrong: list[SafeText] = []
    for name in arguments:
        if name not in tool.parameters:
            near = get_close_matches(str(name)[:60], tool.parameters, n=1)
            meant = sentence("; did you mean {}?", near[0]) if near else safe(".")
            wrong.append(sentence("There is no argument {!r}{}", str(name), meant))
    return wrong


def _integer(parameter: Parameter, value: object) -> int:
    bounds = parameter.range
    wanted = f"a number from {bounds.low} to {bounds.high}" if bounds else "a whole number"
    if isinstance(value, bool) or not _INTEGER.fullmatch(str(value).strip()):
        raise ValueError(wanted)
    # Clients without whole numbers send 20.0, as number or as text.
    number = int(float(value)) if isinstance(value, float) else int(str(value).strip().partition(".")[0])
    if bounds and not bounds.low <= number <= bounds.high:
        raise ValueError(wanted)
    return number


def _text(parameter: Parameter, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a text")  # noqa: TRY004  # one kind of failure for the caller to collect
    text = str(value)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"at most {_MOST_TEXT:,} characters long")
    if not parameter.choices:
        return text
    # A choice is a word of ours, so its case, blanks and plural mean nothing.
    said = text.strip().lower()
    for choice in (said, _SYNONYMS.get(said), said.removesuffix("s"), f"{said}s"):
        if choice in parameter.choices:
            return choice
    raise ValueError(f"one of {', '.join(parameter.choices)}")


def _texts(_parameter: Parameter, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            # Several models write a list as its JSON text.
            value = json.loads(value) if value.lstrip().startswith("[") else [value]
        except ValueError:
            raise ValueError('a list of texts such as ["urgent"]') from None
    items = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    texts = tuple(str(item) for item in items if isinstance(item, str | int) and not isinstance(item, bool))
    if len(texts) < len(items):
        raise ValueError('a list of texts such as ["urgent"]')
    return texts


_READERS: Final[Mapping[str, Callable[[Parameter, object], object]]] = {
    "integer": _integer,
    "string": _text,
    "array": _texts,
}
