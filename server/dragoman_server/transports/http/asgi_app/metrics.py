"""The page ``/metrics``: how often tools were called, for a Prometheus server.

The numbers come from the store, to which each worker adds its counts twice a minute. So every worker gives the same
answer. They hold names of tools and accounts, and nothing that was asked or answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dragoman._version import __version__
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.store import STEPS_MS, UsageCount
from dragoman.toolset import Principal
from dragoman_server.transports.http.auth.middleware import principal_of

_ALL_DAYS: Final = 400
_LABELS: Final = ("tool", "account")


class MetricsPage:
    """Answers with the usage that the store has counted."""

    def __init__(self, workspace: Workspace, *, authenticated: bool) -> None:
        """Keep whose store is read, and whether requests have a principal."""
        self._workspace = workspace
        self._authenticated = authenticated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if Request(scope).method not in {"GET", "HEAD"}:
            await Response(status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)
            return
        principal = principal_of(scope) if self._authenticated else None
        registry = CollectorRegistry()
        registry.register(_Usage(await self._counts(principal)))
        await Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)(scope, receive, send)

    async def _counts(self, principal: Principal | None) -> list[UsageCount] | None:
        """Return the counts of accounts that the principal may use; ``None`` when the store cannot be read."""
        try:
            counts = await (await self._workspace.store()).usage.read(_ALL_DAYS)
        except DragomanError:
            return None
        accounts = principal.accounts if principal else None
        return [count for count in counts if accounts is None or count.account in accounts]


class _Usage(Collector):
    def __init__(self, counts: Sequence[UsageCount] | None) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("dragoman_build", "Version of the server", {"version": __version__})
        yield GaugeMetricFamily("dragoman_store_up", "Whether the store can be read", float(self._counts is not None))
        yield from _usage_metrics(self._counts or ())


def _usage_metrics(counts: Sequence[UsageCount]) -> Iterator[Metric]:
    calls = CounterMetricFamily("dragoman_tool_calls", "Tool calls by outcome", labels=(*_LABELS, "outcome"))
    tokens = CounterMetricFamily("dragoman_tool_tokens", "Estimated tokens of answers", labels=_LABELS)
    durations = HistogramMetricFamily("dragoman_tool_duration_seconds", "Duration of tool calls", labels=_LABELS)
    # The store gives them by tool, then by account.
    for labels, alike in groupby(counts, lambda count: (count.tool, count.account)):
        members = list(alike)
        for outcome in dict.fromkeys(count.outcome for count in members):
            number = sum(count.calls for count in members if count.outcome == outcome)
            calls.add_metric((*labels, outcome), number)
        tokens.add_metric(labels, sum(count.tokens for count in members))
        durations.add_metric(labels, _buckets(members), sum(count.ms for count in members) / 1000)
    yield from (calls, tokens, durations)


def _buckets(counts: Sequence[UsageCount]) -> list[tuple[str, float]]:
    """Return how many calls took at most so many seconds, as text and number."""
    limits = [*(f"{limit / 1000:g}" for limit in STEPS_MS), "+Inf"]
    calls = [sum(count.calls for count in counts if count.step == step) for step in range(len(limits))]
    return list(zip(limits, accumulate(calls), strict=True))
