"""``dragoman search`` where its arguments and settings are plain: without click, pydantic and an event loop.

Whatever is not plain here, or fails, is left to the usual command, which finds out why and says so.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final, cast

from dragoman.accounts.inline import InlineAccount, InlineSettings, InlineWorkspace
from dragoman.core.context.inline import run_inline
from dragoman.core.errors import DragomanError
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.rendering.budget.fitting import share_plans
from dragoman.rendering.views import NOTICE
from dragoman.store import open_inline
from dragoman.toolset.definition.context import CallContext, Caller, ToolServices
from dragoman.toolset.paging.saved_cursor import SavedCursor, load_cursor, save_cursor
from dragoman.toolset.reading.search_tools import search_messages
from dragoman_server.commands.search_output import MOST_TOKENS, Found, shown
from dragoman_server.config import settings_file
from dragoman_server.config.zone_names import named_zone, plain_local_zone
from dragoman_server.transports.stdio import predicted_results, start_cache

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace
    from dragoman.rendering.views import SearchView

_TOOL: Final = "search_messages"
_MOST_HITS: Final = 200
_NAMES_A_CONVERSATION: Final = lazy_pattern(r"(?i)(?<!\w)(?:in|conversation|channel):")
_VALUES: Final = ("--account", "--cursor", "--config")
# `store` is not among them: a store elsewhere is left to the usual command.
_TOP: Final = frozenset({"accounts", "timezone", "max_tokens", "flow_guard", "telemetry", "clients", "http", "auth"})


class _NotPlainError(Exception):
    """The usual command has to do it."""


class _Arguments:
    """The command line.

    Attributes:
        asked: The arguments of the tool, without its limit and cursor.
        limit: Most hits.
        cursor: Where to go on.
        config: The settings file that is named.
        as_json: Print the JSON form.
    """

    def __init__(self, words: list[str]) -> None:
        query: list[str] = []
        values = dict.fromkeys(_VALUES, "")
        self.limit, self.as_json = 20, False
        rest = iter(words)
        for word in rest:
            if word == "--json":
                self.as_json = True
            elif word == "--limit":
                self.limit = _limit(next(rest, ""))
            elif word in values:
                values[word] = next(rest, "") or _not_plain()
            elif word.startswith("--"):
                _not_plain()
            else:
                query.append(word)
        if _NAMES_A_CONVERSATION.search(" ".join(query)):
            _not_plain()  # every account has to be asked for its titles
        self.config = values["--config"] or None
        self.cursor = values["--cursor"] or None
        account = values["--account"]
        self.asked: dict[str, object] = {
            "query": " ".join(query) or _not_plain(),
            **({"account": account} if account else {}),
        }


def run(words: list[str]) -> int | None:
    """Search, and print what was found.

    Args:
        words: The command line after ``search``.

    Returns:
        The exit status; ``None`` when the usual command has to do it, and nothing was printed.
    """
    try:
        arguments = _Arguments(words)
        found = _found(arguments, _settings(arguments.config))
    except (_NotPlainError, DragomanError, OSError, ValueError, KeyError, RuntimeError):
        return None
    is_styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(f"{found.coloured() if is_styled else shown(found.text)}\n")
    sys.stdout.flush()
    return int(not found.hits)


def _found(arguments: _Arguments, settings: dict[str, Any]) -> Found:
    with ExitStack() as stack:
        workspace = _workspace(settings, stack)
        zone: tzinfo = settings["zone"]
        nothing = cast("Any", None)  # no write is judged, and no layout is cached
        shared = cast("Workspace", workspace)
        services = ToolServices(shared, zone=zone, max_tokens=MOST_TOKENS, flow=nothing, layouts=nothing)
        return run_inline(_search(services, arguments))


async def _search(services: ToolServices, arguments: _Arguments) -> Found:
    now = services.clock()
    store = await services.workspace.store()
    saved = SavedCursor(arguments.asked, now, cast("Any", None))
    if arguments.cursor is not None:
        saved = await load_cursor(store, _TOOL, arguments.cursor, arguments.asked)
    call = CallContext(services, Caller(client="dragoman search"), saved.now or now)
    given = {**saved.asked, "limit": arguments.limit, "cursor": saved.positions}
    result = await search_messages(call, **given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as checked above
    view = cast("SearchView", result.view)
    # The usual command tells which account failed.
    if view.failures:
        _not_plain()
    places = result.cursor_at(len(view.hits), None) if view.more else None
    cursor = await save_cursor(store, _TOOL, SavedCursor(saved.asked, call.now, places)) if places else None
    return _laid_out(view, services.zone, cursor, as_json=arguments.as_json)


def _laid_out(view: SearchView, zone: tzinfo, cursor: str | None, *, as_json: bool) -> Found:
    """The answer with nothing cut, which is what its budget allows as long as it has fewer bytes than that."""
    shares, notice = next(share_plans(MOST_TOKENS)), NOTICE if view.foreign_places() else ""
    if as_json:
        from dragoman.rendering.json_form.pages import json_page  # noqa: PLC0415  # mostly text is wanted

        sheet = json_page(view, zone, notice)
    else:
        from dragoman.rendering.plain.search import SearchText  # noqa: PLC0415  # as above

        sheet = SearchText(view, zone, notice)
    text = sheet.write(len(view.hits), shares, cursor).text
    # Each token has a byte or more, so fewer bytes are fewer tokens.
    if len(text.encode("utf-8", "replace")) > MOST_TOKENS:
        _not_plain()
    return Found(text, len(view.hits))


def _workspace(settings: dict[str, Any], stack: ExitStack) -> InlineWorkspace:
    path = start_cache.store_path() or _not_plain()
    store = stack.enter_context(open_inline(path))
    accounts: dict[str, InlineAccount] = {}
    for name, table in settings["accounts"].items():
        own = None
        if table["provider"] == "local":
            elsewhere = table.get("path")
            own = store if elsewhere is None else stack.enter_context(open_inline(os.path.expanduser(elsewhere)))  # noqa: PTH111  # pathlib takes time
        accounts[name] = InlineAccount(name, _account_settings(table), store, own)
    return InlineWorkspace(accounts, store)


def _settings(config: str | None) -> dict[str, Any]:
    """The zone, and the accounts with what is known of their providers."""
    working = None if config or os.environ.get("DRAGOMAN_CONFIG") else settings_file.working_file()
    if working is not None and predicted_results.settings_path(config) != working:
        _not_plain()  # somebody has to be told that it does not count
    found = predicted_results.read_settings(config)
    if found is None or not found.settings.keys() <= _TOP:
        raise _NotPlainError
    zone = found.settings.get("timezone")
    accounts = {
        name: {"remember": kind["remember"], **table}
        for name, (kind, table) in found.tables().items()
        if _is_plain(kind, table) or _not_plain()
    }
    return {"accounts": accounts, "zone": named_zone(zone) if zone else plain_local_zone() or _not_plain()}


def _is_plain(kind: dict[str, Any], table: dict[str, Any]) -> bool:
    """Whether the messages of an account are in the store under its own name."""
    return bool(kind["external"]) or table["provider"] == "local"


def _account_settings(table: dict[str, Any]) -> InlineSettings:
    given = {key: table[key] for key in ("sync", "keep", "live") if key in table}
    return InlineSettings(table["remember"], **given)


def _limit(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= _MOST_HITS else _not_plain()


def _not_plain() -> Any:
    raise _NotPlainError
