"""The command ``stats``: how often tools were called, how long they took, what they cost in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import anyio

from dragoman.store import STEPS_MS, UsageCount
from dragoman_server.commands.json_output import to_json
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

_HEAD: Final = ("tool", "account", "calls", "failed", "p50 ms", "p95 ms", "tokens")
_WORDS: Final = _HEAD[:2]
_NAMES: Final = ("tool", "account", "calls", "failed", "p50_ms", "p95_ms", "tokens")


def stats(config: Config, days: int, *, as_json: bool) -> str:
    """A table, or JSON, of the calls of so many days for each tool and account."""
    counts = anyio.run(_read_counts, config, days)
    # `groupby` needs the order in which the table is read: by tool, then by account.
    lines = [_sum(list(group)) for _, group in groupby(counts, lambda count: (count.tool, count.account))]
    if as_json:
        return to_json([dict(zip(_NAMES, line, strict=True)) for line in lines], indent=2)
    if not lines:
        return f"No tool was called within {days} days."
    return _table([_HEAD, *(tuple(_format_cell(value) for value in line) for line in lines)])


async def _read_counts(config: Config, days: int) -> list[UsageCount]:
    async with tool_context.open_services(config) as shared:
        return await (await shared.workspace.store()).usage.read(days)


def _sum(counts: Sequence[UsageCount]) -> tuple[str | int | None, ...]:
    calls = sum(count.calls for count in counts)
    failed = sum(count.calls for count in counts if count.outcome != "ok")
    tokens = sum(count.tokens for count in counts)
    first = counts[0]
    return first.tool, first.account, calls, failed, _within(counts, 0.5), _within(counts, 0.95), tokens


def _within(counts: Sequence[UsageCount], share: float) -> int | None:
    """Milliseconds within which that share of the calls ended; ``None``: longer than the last step."""
    left = share * sum(count.calls for count in counts)
    for step, limit in enumerate(STEPS_MS):
        left -= sum(count.calls for count in counts if count.step == step)
        if left <= 0:
            return limit
    return None


def _format_cell(value: str | int | None) -> str:
    if value is None:
        # The last step of the histogram has no upper bound.
        return f"> {STEPS_MS[-1]:,}"
    return value or "-" if isinstance(value, str) else f"{value:,}"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_cell(row[at], at, width) for at, width in enumerate(widths)) for row in rows]
    return "\n".join([*lines, "Times are upper bounds; tokens are estimated."])


def _cell(text: str, column: int, width: int) -> str:
    return text.ljust(width) if _HEAD[column] in _WORDS else text.rjust(width)
