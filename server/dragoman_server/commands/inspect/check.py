"""The command ``check``: does every account work, and if not, what to do."""

from __future__ import annotations

import logging
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.core.safe_text import sentence, unquoted
from dragoman.core.sanitize import clean_line
from dragoman.store.sqlite import network_disk
from dragoman.store.sqlite.maintenance.verify import verify
from dragoman_server.commands.json_output import to_json
from dragoman_server.commands.store_files import files, salvage_line, size_text
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context
from dragoman_server.runtime.startup_checks import missing_places

TIME_LIMIT: Final = 60.0
"""Seconds that one account may take."""

_LONGEST: Final = 300
_NARROWEST: Final = 20  # characters that text gets beside the names, however narrow the terminal

_ACTIONS: Final = defaultdict(
    lambda: "Run it again with --log-level debug, and tell the makers of the provider what it says.",
    {
        "unauthenticated": "Put a valid credential where the settings say it is.",
        "permission_denied": "Ask for the rights at the service, or use another credential.",
        "rate_limited": "Wait a minute, then try again.",
        "unavailable": "Check the address in the settings and your connection, then try again.",
        "deadline_exceeded": "Check the address in the settings and your connection, or set a longer timeout.",
        "not_found": "Check the address in the settings and the ids that they name.",
        "invalid_argument": "Correct it in the settings.",
        "bad_response": "Check that the address in the settings is that of this service.",
    },
)
"""What to do about each kind of failure when the failure itself does not say."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said about one account.

    Attributes:
        account: Its name.
        good: Whether it works.
        sentence: What works, or what does not.
        action: What to do about it; empty when it works.
    """

    account: str
    good: bool
    sentence: str
    action: str = ""


def lines(reports: Sequence[Report]) -> str:
    """A line for each account, for programs that read lines."""
    return "\n".join(
        f"{_state(report)} {report.account}: {_found_sentence(report)} {_action(report)}".rstrip() for report in reports
    )


def as_json(reports: Sequence[Report]) -> str:
    """A JSON object for each account."""
    rows = [
        {"account": report.account, "ok": report.good, "sentence": _found_sentence(report), "action": _action(report)}
        for report in reports
    ]
    return to_json([{key: value for key, value in row.items() if value != ""} for row in rows], indent=2)


def table(reports: Sequence[Report], width: int) -> str:
    """A row for each account: whether it works, its name, what was found; below it what to do.

    Args:
        reports: In the order to show them.
        width: Characters of the terminal.
    """
    longest = max((len(report.account) for report in reports), default=0)
    rows: list[str] = []
    for report in reports:
        begin = f"{_state(report)} {report.account:<{longest}}  "
        rows += _wrapped(begin, _found_sentence(report), width)
        if report.action:
            rows += _wrapped(" " * len(begin) + "do: ", _action(report), width)
    return "\n".join(rows)


def _state(report: Report) -> str:
    return f"{'ok' if report.good else 'FAILED':<7}"


def _found_sentence(report: Report) -> str:
    # Errors of an account begin with its name, which the row shows already.
    return clean_line(report.sentence.removeprefix(f"{report.account}: "), _LONGEST)


def _action(report: Report) -> str:
    return clean_line(report.action, _LONGEST)


def _wrapped(begin: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, len(begin) + _NARROWEST),
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )


def check(config: Config) -> list[Report]:
    """Reach every account at the same time; the reports are in the order of the settings."""
    return anyio.run(_check, config)


async def _check(config: Config) -> list[Report]:
    found: dict[str, Report] = {}
    reports: list[Report] = []

    async def one(account: Account) -> None:
        # By name: the accounts answer in any order, and the reports keep that of the settings.
        found[account.name] = await _report(account)

    async with tool_context.open_services(config) as shared, anyio.create_task_group() as group:
        for account in shared.workspace.accounts.values():
            group.start_soon(one, account)
        if config.store_file is None:
            reports.append(await _database_report(shared.workspace))
    for name, path in files(config).items():
        looked = await _file_report(name, path)
        reports += [looked] if looked else []
    told = {report.sentence for report in found.values()}  # an account that fails over its file has said so
    return [*(found[name] for name in config.accounts), *(report for report in reports if report.sentence not in told)]


async def _database_report(workspace: Workspace) -> Report:
    """Look whether the database of the store can be read and written."""
    try:
        await (await workspace.store()).check()
    except DragomanError as error:
        return Report("store", good=False, sentence=error.message, action=_what_to_do(error))
    return Report("store", good=True, sentence="The database of the store can be read and written.")


async def _file_report(name: str, path: Path) -> Report | None:
    """Look quickly whether a file with messages is sound; ``None`` for one that does not exist yet."""
    title = f"file of {name}" if name != "store" else name
    try:
        if not await anyio.Path(path).exists():
            return None
        found = await anyio.to_thread.run_sync(partial(verify, path, quick=True))
    except DragomanError as error:
        return Report(title, good=False, sentence=error.message, action=_what_to_do(error))
    if found.problems:
        damage = sentence("{} is damaged: {}", path, unquoted(found.problems[0], _LONGEST))
        action = sentence("Restore a backup, or save what is left: {}", salvage_line(path))
        return Report(title, good=False, sentence=damage, action=action)
    sound = sentence("{}, {}, is sound as far as a quick look tells.", path, size_text(found.size))
    return Report(title, good=True, sentence=f"{sound} {network_disk.warning(path) or ''}".rstrip())


def _what_to_do(error: DragomanError) -> str:
    """The failure's own advice, or else that for its kind; nothing where it names a command itself."""
    if error.hint or "`dragoman " in error.message:
        return error.hint
    return _ACTIONS[error.code]


async def _report(account: Account) -> Report:
    try:
        with anyio.fail_after(TIME_LIMIT):
            said = await (await account.provider()).check()
            missing = await missing_places(account)
    except DragomanError as error:
        return Report(account.name, good=False, sentence=error.message, action=_what_to_do(error))
    except TimeoutError:
        sentence = f"There was no answer within {TIME_LIMIT:g} seconds."
        return Report(account.name, good=False, sentence=sentence, action=_ACTIONS["deadline_exceeded"])
    except Exception as error:  # noqa: BLE001  # the boundary: one broken provider must not hide the others
        _log.debug("The check of %s crashed.", account.name, exc_info=error)
        sentence = f"The provider crashed ({type(error).__name__})."
        return Report(account.name, good=False, sentence=sentence, action=_ACTIONS["error"])
    if missing:
        sentence = f"write_to names conversations that do not exist: {', '.join(missing)}."
        action = f"Correct them in [accounts.{account.name}], or take them out."
        return Report(account.name, good=False, sentence=sentence, action=action)
    return Report(account.name, good=True, sentence=said)
