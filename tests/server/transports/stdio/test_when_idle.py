"""What a server prepares while nobody asks, and a client that leaves meanwhile."""

import threading

import anyio
import pytest

from dragoman_server.transports.stdio import transport

pytestmark = pytest.mark.anyio


class Wire:
    """Pipes of a client that says nothing, and leaves once the server prepares."""

    replayed = None

    def __init__(self):
        self.left = threading.Event()

    def hand_over(self):
        pass

    def read(self):
        assert self.left.wait(60)
        return b""


class Listener:
    """A server that is asked nothing."""

    def create_initialization_options(self):
        return None

    async def run(self, incoming, outgoing, _options):
        async with incoming, outgoing:
            async for _ in incoming:
                pass


async def test_what_is_prepared_ends_with_the_client_and_begins_nothing_after_it():
    wire, done = Wire(), []

    async def prepare():
        wire.left.set()
        try:
            await anyio.sleep_forever()
        finally:
            done.append("cancelled")

    with anyio.fail_after(60):
        await transport.serve(Listener(), wire, prepare)
    assert done == ["cancelled"]
