"""Spans and metrics of tool calls and of what accounts do, sent to an OpenTelemetry collector.

Names, durations and outcomes only: no argument, no id and no text. Imported when the settings ask for
it; needs the packages that ``dragoman[telemetry]`` brings.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio
import anyio.to_thread
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from dragoman._version import __version__
from dragoman.core.context.instrumentation import Observer, Operation

_SENDING: Final = 5.0
_LAST_MOMENT: Final = 2.0


class Telemetry:
    """An observer that makes a span and counts for everything that it sees."""

    sees_accounts = True

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        """Prepare the instruments; names follow the semantic conventions of OpenTelemetry where there are some."""
        self._tracer = tracers.get_tracer("dragoman", __version__)
        meter = meters.get_meter("dragoman", __version__)
        self._durations = {
            False: meter.create_histogram("dragoman.tool.duration", "s", "Duration of tool calls"),
            True: meter.create_histogram("dragoman.account.duration", "s", "Duration of operations of accounts"),
        }
        self._tokens = meter.create_counter("dragoman.tool.tokens", "{token}", "Estimated tokens of answers")

    @contextmanager
    def on_operation(self, work: Operation) -> Generator[None]:
        """A span around the work, a child of the span around it; the numbers when it has ended."""
        name = f"account {work.name}" if work.inner else f"tool {work.name}"
        kind = SpanKind.CLIENT if work.inner else SpanKind.INTERNAL
        # Nothing of an exception is recorded: it may hold words and ids of messages.
        with self._tracer.start_as_current_span(
            name, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            finally:
                told = _attributes(work)
                span.set_attributes(told)
                if work.failed:
                    span.set_status(Status(StatusCode.ERROR, work.failed))
                self._durations[work.inner].record(work.seconds, told)
                if not work.inner:
                    self._tokens.add(work.tokens, told)


@asynccontextmanager
async def sending_to(collector: str) -> AsyncGenerator[Observer]:
    """An observer whose findings go to a collector over OTLP (HTTP, protobuf) in the background.

    Args:
        collector: Its base address, such as ``http://127.0.0.1:4318``.
    """
    base = collector.rstrip("/")
    resource = Resource.create({"service.name": "dragoman", "service.version": __version__})
    # Shut down below within a limit: the process ends without running exit handlers.
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces", timeout=_SENDING)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics", timeout=_SENDING))
    meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    try:
        yield Telemetry(tracers, meters)
    finally:
        # A collector that does not answer must not hold up the end.
        with anyio.move_on_after(_LAST_MOMENT, shield=True):
            await anyio.to_thread.run_sync(_shut_down, tracers, meters, abandon_on_cancel=True)


def _shut_down(tracers: TracerProvider, meters: MeterProvider) -> None:
    tracers.shutdown()
    meters.shutdown(timeout_millis=_LAST_MOMENT * 1000)


def _attributes(work: Operation) -> dict[str, str]:
    told = {"dragoman.operation": work.name, "dragoman.account": work.account}
    return told | {"error.type": work.failed} if work.failed else told
