"""An HTTP/2 service on loopback that answers, resets, goes away or hangs, as the path of a request says."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
from loopback_stream import listening


@dataclass
class H2Service:
    port: int = 0
    connections: int = 0
    paths: list[str] = field(default_factory=list)
    resets: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        writer.write(state.data_to_send())
        with suppress(ConnectionError):
            while (data := await reader.read(65536)) and not self._is_over(state):
                for event in state.receive_data(data):
                    self._react(state, event)
                writer.write(state.data_to_send())
                await writer.drain()

    @staticmethod
    def _is_over(state: h2.connection.H2Connection) -> bool:
        return state.state_machine.state is h2.connection.ConnectionState.CLOSED

    def _react(self, state: h2.connection.H2Connection, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.StreamReset):
            self.resets.set()
        if not isinstance(event, h2.events.RequestReceived):
            return
        path, stream = dict(event.headers or ())[":path"], event.stream_id or 0
        self.paths.append(path)
        if path == "/reset":
            state.reset_stream(stream)
        elif path == "/away":
            state.close_connection(last_stream_id=stream)
        elif path != "/hang":
            state.send_headers(stream, [(":status", "200"), ("x-request-id", f"h2-{stream}")])
            state.send_data(stream, b'{"path": "%s"}' % path.encode(), end_stream=True)


@asynccontextmanager
async def h2_serving(context: ssl.SSLContext) -> AsyncGenerator[H2Service]:
    service = H2Service()
    async with listening(service.handle, context) as service.port:
        yield service
