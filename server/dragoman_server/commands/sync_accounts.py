"""The command ``sync``: brings accounts to their horizon, keeps them there, and says how current they are."""

from __future__ import annotations

import gc
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Self

import anyio
import click
from anyio.abc import TaskStatus

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import join, sentence
from dragoman.core.sanitize import clean_line
from dragoman.sync.runner import AccountResult, accounts_to_sync, can_sync, keep_current
from dragoman.sync.session import SyncCounts
from dragoman.sync.status import AccountStatus, load_statuses
from dragoman_server.commands.json_output import to_json
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

_LONGEST: Final = 200

_NEW_OBJECTS: Final = 50_000
"""New objects before a garbage collection: those of a few pages."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync came to.

    Attributes:
        statuses: How current each account is.
        results: What was done; empty where only the status was asked for.
        zone: Where times are shown.
    """

    statuses: Sequence[AccountStatus]
    results: Sequence[AccountResult]
    zone: tzinfo

    @property
    def is_complete(self) -> bool:
        """Whether the store holds everything up to the horizon, of every account."""
        return all(status.is_complete for status in self.statuses) and not any(one.error for one in self.results)

    @property
    def text(self) -> str:
        """A line for each account, and one for each failure."""
        lines: list[str] = []
        for status in self.statuses:
            lines += [_line_of(status, self.zone), *_failure_lines(status, self.zone)]
        # A failure that the store holds is told by its status already.
        told = {failure.attempts.error for status in self.statuses for failure in status.summary.failures}
        lines += [
            f"{one.account}: {clean_line(str(one.error.sentences), _LONGEST)}"
            for one in self.results
            if one.error is not None and str(one.error.sentences) not in told
        ]
        return "\n".join(lines)

    def as_json(self) -> str:
        """The same for programs."""
        return to_json([_object_of(status) for status in self.statuses], indent=2)


def sync(config: Config, names: Sequence[str], *, watch: bool) -> SyncReport:
    """Bring accounts to their horizon; with ``watch`` keep them there until a signal ends it.

    Args:
        config: The settings.
        names: The accounts; all that are to be kept current when there are none.
        watch: Go on until SIGINT or SIGTERM.

    Raises:
        DragomanError: An account is not there or not to be kept current, or the store cannot be opened.
    """
    collect_seldom()
    return anyio.run(_sync, config, names, watch)


def collect_seldom() -> None:
    """Collect garbage seldom."""
    # Pages of messages make many objects and leave few cycles; looking for these took a quarter of a sync.
    gc.set_threshold(_NEW_OBJECTS)


def status(config: Config, names: Sequence[str]) -> SyncReport:
    """How current accounts are; no service is asked.

    Raises:
        DragomanError: As :func:`sync`.
    """
    return anyio.run(_status, config, names)


async def _sync(config: Config, names: Sequence[str], watch: bool) -> SyncReport:  # noqa: FBT001  # `anyio.run` passes no names
    async with tool_context.open_services(config) as shared:
        accounts = _chosen(shared.workspace, names)
        await shared.workspace.store()
        results: list[AccountResult] = []
        with _Progress() as progress:
            async with anyio.create_task_group() as group:
                # `start` waits until signals are received, so that none ends the process halfway through a step.
                await group.start(_end_on_signal, group.cancel_scope)
                results = await keep_current(shared.workspace, accounts, watch=watch, report=progress.show)
                # The wait for a signal would keep the group open for ever.
                group.cancel_scope.cancel()
        return SyncReport(await load_statuses(shared.workspace, accounts), results, config.zone)


async def _status(config: Config, names: Sequence[str]) -> SyncReport:
    async with tool_context.open_services(config) as shared:
        accounts = _chosen(shared.workspace, names)
        return SyncReport(await load_statuses(shared.workspace, accounts), (), config.zone)


def _chosen(workspace: Workspace, names: Sequence[str]) -> list[Account]:
    # An account that is named twice is brought up to date once.
    accounts = [workspace.account(name) for name in dict.fromkeys(names)] or accounts_to_sync(workspace)
    for account in accounts:
        if account.settings.sync is None:
            hint = sentence('Set sync = "90d" or sync = "all" in [accounts.{}].', account.name)
            raise InvalidArgument(sentence("The account {} is not kept current.", account.name), hint=hint)
        if not can_sync(account):
            raise InvalidArgument(
                sentence("The account {} cannot be kept current: its messages are not the same for all.", account.name),
                hint="Leave sync out of its settings.",
            )
    if not accounts:
        there = join(name for name, one in workspace.accounts.items() if one.provider_class.external)
        setting = sentence('Set sync = "90d" or sync = "all" in one of these accounts: {}.', there)
        raise InvalidArgument(
            "No account is kept current.",
            hint=setting if there else "There is no account of a service; `dragoman init` adds one.",
        )
    return accounts


async def _end_on_signal(scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    if sys.platform == "win32":  # the event loop takes no signals there; Ctrl-C ends the process
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return


class _Progress:
    """One line on stderr that says what is being done; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._counts: dict[str, SyncCounts] = {}
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown and self._counts:
            click.echo("\r\033[K", nl=False, err=True)

    def show(self, account: str, counts: SyncCounts) -> None:
        """Show the sum of what was done, and why an account waits."""
        self._counts[account] = counts
        if not self._is_shown:
            return
        messages = sum(one.messages for one in self._counts.values())
        requests = sum(one.requests for one in self._counts.values())
        waiting = "".join(f" · {name} waits: {one.waiting}" for name, one in self._counts.items() if one.waiting)
        line = clean_line(f"{messages:,} new messages · {requests:,} requests{waiting}", _LONGEST)
        # A line of the full width wraps, and `\r` goes back only to the beginning of its last row.
        columns = shutil.get_terminal_size().columns
        click.echo(f"\r\033[K{line[: columns - 1]}", nl=False, err=True)


def _line_of(status: AccountStatus, zone: tzinfo) -> str:
    summary = status.summary
    line = f"{status.account}: {summary.held:,} of {summary.conversations:,} conversations"
    if not summary.listed:
        line += " listed so far"
    if status.back_to is not None:
        line += f", back to {status.back_to.astimezone(zone).date().isoformat()}"
    line += ", never read" if summary.fresh_at is None else f", as of {_format(summary.fresh_at, zone)}"
    return f"{line}, kept current by {clean_line(summary.holder, _LONGEST)}" if summary.holder else line


def _failure_lines(status: AccountStatus, zone: tzinfo) -> list[str]:
    lines: list[str] = []
    for failure in status.summary.failures:
        what = f"{status.account}:{failure.conversation}" if failure.conversation else status.account
        attempts = failure.attempts
        again = "" if attempts.retry_at is None else f" Tried again at {_format(attempts.retry_at, zone)}."
        times = "once" if attempts.failures == 1 else f"{attempts.failures} times"
        lines.append(f"  {clean_line(what, _LONGEST)} failed {times}: {clean_line(attempts.error, _LONGEST)}{again}")
    shown = sum(bool(failure.conversation) for failure in status.summary.failures)
    if status.summary.failed > shown:
        lines.append(f"  ... and {status.summary.failed - shown:,} more conversations.")
    return lines


def _format(time: datetime, zone: tzinfo) -> str:
    local = time.astimezone(zone)
    is_today = local.date() == datetime.now(UTC).astimezone(zone).date()
    return local.strftime("%H:%M") if is_today else local.strftime("%Y-%m-%d %H:%M")


def _object_of(status: AccountStatus) -> dict[str, Any]:
    summary = status.summary
    found = {
        "account": status.account,
        "complete": status.is_complete,
        "held": summary.held,
        "conversations": summary.conversations,
        "back_to": _iso(status.back_to),
        "fresh_at": _iso(summary.fresh_at),
        "kept_current_by": summary.holder or None,
        "failed": summary.failed,
        "failures": [
            {
                "conversation": failure.conversation or None,
                "failures": failure.attempts.failures,
                "error": failure.attempts.error,
                "retry_at": _iso(failure.attempts.retry_at),
            }
            for failure in summary.failures
        ],
    }
    return {key: value for key, value in found.items() if value is not None}


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()
