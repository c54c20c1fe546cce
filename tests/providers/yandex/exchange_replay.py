"""A server that gives the answers of one recorded exchange, and compares what it is sent with the recording."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio

FOLDER = Path(__file__).parents[2] / "wire" / "yandex"
EXCHANGES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


class Replay(grpc.GenericRpcHandler):
    def __init__(self, exchange):
        self.exchange = exchange
        self.requests = []
        self.metadata = []

    def service(self, details):
        if details.method != self.exchange["method"]:
            return None
        self.metadata.append(dict(details.invocation_metadata))
        if self.exchange["kind"] == "unary_stream":
            return grpc.unary_stream_rpc_method_handler(self.stream)
        return grpc.unary_unary_rpc_method_handler(self.unary)

    async def unary(self, data, context):
        self.requests.append(data)
        await self.end(context)
        return bytes.fromhex(self.exchange["responses"][0]["hex"])

    async def stream(self, data, context):
        self.requests.append(data)
        for answer in self.exchange["responses"]:
            yield bytes.fromhex(answer["hex"])
        await self.end(context)

    async def end(self, context):
        status = self.exchange["status"]
        if status["code"]:
            trailer = bytes.fromhex(self.exchange["trailing_metadata"]["grpc-status-details-bin"]["hex"])
            context.set_trailing_metadata((("grpc-status-details-bin", trailer),))
            await context.abort(grpc.StatusCode[status["name"]], status["message"])


@asynccontextmanager
async def replaying(name):
    """A server with one exchange; on leaving, what was sent has to be what is recorded."""
    exchange = EXCHANGES[name]
    replay = Replay(exchange)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((replay,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}", replay, exchange["expect"]
    finally:
        await server.stop(None)
    assert replay.requests
    assert set(replay.requests) == {bytes.fromhex(exchange["request"]["hex"])}
    for metadata in replay.metadata:
        for key, value in exchange["metadata"]["sent"]:
            assert key in metadata
            if key != "x-client-request-id":
                assert metadata[key] == value
        assert ("authorization" in metadata) == exchange["metadata"]["authorization_required"]
