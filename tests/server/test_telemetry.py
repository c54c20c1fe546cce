"""What a collector receives when the settings name one."""

import logging
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dragoman.testing import ToolError, connect
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.load import from_mapping

MERGER = "the merger is on thursday"


class _Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = HTTPServer(("127.0.0.1", 0), _Collector)
    server.received = []
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def _use(address):
    async with connect({"telemetry": address}) as client:
        arguments = {"conversation": "local:room", "author": "Ann", "sent_at": "2026-03-10"}
        await client.call("import_message", text=MERGER, **arguments)
        with pytest.raises(ToolError):
            await client.call("get_message", message="local:room/none")


@pytest.mark.anyio
async def test_a_collector_receives_spans_and_metrics_with_names_and_without_content(collector):
    await _use(f"http://127.0.0.1:{collector.server_port}")
    spans = [
        span
        for path, body in collector.received
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    by_name = {span.name: span for span in spans}
    assert {"tool import_message", "account import_message", "tool get_message"} <= by_name.keys()
    assert by_name["account import_message"].parent_span_id == by_name["tool import_message"].span_id
    assert by_name["tool get_message"].status.message == "not_found"
    metrics = {
        metric.name
        for path, body in collector.received
        if path == "/v1/metrics"
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert metrics == {"dragoman.tool.duration", "dragoman.account.duration", "dragoman.tool.tokens"}
    sent = b"".join(body for _, body in collector.received)
    assert not any(told in sent for told in (MERGER.encode(), b"Ann", b"local:room", b"room/none"))


@pytest.mark.anyio
async def test_a_collector_that_is_not_there_disturbs_no_call(collector, caplog):
    collector.server_close()
    caplog.set_level(logging.CRITICAL, "opentelemetry")
    await _use(f"http://127.0.0.1:{collector.server_port}")


@pytest.mark.parametrize(
    "address", ["collector", "http://example.com:4318", "ftp://127.0.0.1", "https://u:p@example.com"]
)
def test_an_address_that_cannot_be_meant_is_refused(address):
    with pytest.raises(ConfigError, match="telemetry"):
        from_mapping({"telemetry": address})
