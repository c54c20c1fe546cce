import gc
from contextlib import suppress

import anyio
import anyio.abc
import grpc
import pytest
from certificates import certificate
from grpc_service import METHOD, Act, Text, grpc_serving
from h2_service import h2_serving

from dragoman.core.errors import OutcomeUnknown, Unavailable
from dragoman.transport.grpc import GrpcClient
from dragoman.transport.http import HttpClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop", "waits")]

PROFILE = ServiceProfile(service="Pigeon Post")


def client_of(service, ca_file, **options):
    return HttpClient(service.url, profile=PROFILE, ca_file=ca_file, **options)


def grpc_credentials(made):
    return grpc.ssl_server_credentials([(made.key_file.read_bytes(), made.file.read_bytes())])


async def test_many_calls_share_one_connection_of_http_2(tmp_path):
    made = certificate(tmp_path)
    answers = {}
    async with h2_serving(made.context("h2")) as service, client_of(service, made.file) as client:

        async def ask(path):
            answers[path] = await client.get(path)

        await ask("/0")
        async with anyio.create_task_group() as tasks:
            for number in range(1, 30):
                tasks.start_soon(ask, f"/{number}")
    assert {path: answer.value for path, answer in answers.items()} == {
        f"/{number}": {"path": f"/{number}"} for number in range(30)
    }
    assert len({answer.request_id for answer in answers.values()}) == 30
    assert service.connections == 1


@pytest.mark.parametrize("path", ["/reset", "/away"])
@pytest.mark.parametrize(("kind", "error", "count"), [("read", Unavailable, 4), ("write", OutcomeUnknown, 1)])
async def test_a_service_that_resets_a_stream_or_goes_away(tmp_path, path, kind, error, count):
    made = certificate(tmp_path)
    async with h2_serving(made.context("h2")) as service, client_of(service, made.file) as client:
        with pytest.raises(error):
            await client.request("POST", path, kind=kind, json={})
        assert (await client.get("/fine")).value == {"path": "/fine"}
    assert service.paths == [path] * count + ["/fine"]


async def test_a_cancelled_call_does_not_disturb_the_others_of_its_connection(tmp_path):
    made = certificate(tmp_path)
    async with h2_serving(made.context("h2")) as service, client_of(service, made.file) as client:
        await client.get("/first")
        with anyio.move_on_after(0.1) as scope:
            await client.request("POST", "/hang", kind="write", json={})
        assert scope.cancelled_caught
        assert (await client.get("/fine")).value == {"path": "/fine"}


async def test_a_call_that_is_cancelled_in_the_handshake_leaves_no_connection_open():
    greeted, closed = anyio.Event(), anyio.Event()

    async def silent(stream):
        async with stream:
            await stream.receive()
            greeted.set()
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await stream.receive()
            closed.set()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    address = listener.listeners[0].extra_attributes[anyio.abc.SocketAttribute.local_address]()
    url = f"https://127.0.0.1:{address[1]}"
    gc.disable()  # it would close the connection too, some time
    try:
        async with anyio.create_task_group() as service, HttpClient(url, profile=PROFILE) as client:
            service.start_soon(listener.serve, silent)
            async with anyio.create_task_group() as call:
                call.start_soon(client.get, "/x")
                await greeted.wait()
                call.cancel_scope.cancel()
            with anyio.fail_after(20):
                await closed.wait()
            service.cancel_scope.cancel()
    finally:
        gc.enable()
        await listener.aclose()


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize(
    ("how", "trusted", "words"),
    [
        ({"begins": -3, "ends": -2}, True, "not valid at the time that this machine's clock shows"),
        ({"begins": 2, "ends": 3}, True, "not valid at the time that this machine's clock shows"),
        ({"address": "127.0.0.2"}, True, "is not trusted, or is for another name"),
        ({}, False, "is not trusted, or is for another name"),
    ],
    ids=["expired", "not yet", "another name", "unknown authority"],
)
async def test_a_certificate_that_does_not_hold_is_explained_and_not_tried_again(tmp_path, kind, how, trusted, words):
    made = certificate(tmp_path, **how)
    async with (
        h2_serving(made.context("h2")) as service,
        client_of(service, made.file if trusted else None) as client,
    ):
        with pytest.raises(Unavailable, match=words) as caught:
            await client.request("POST", "/x", kind=kind)
    assert caught.value.sent is False
    assert service.paths == []
    assert service.connections <= 1


async def test_grpc_trusts_the_authority_of_the_settings(tmp_path):
    made = certificate(tmp_path)
    async with (
        grpc_serving(Act((b"fine",)), credentials=grpc_credentials(made)) as service,
        GrpcClient(service.target, profile=PROFILE, ca_file=made.file) as client,
    ):
        assert await client.unary(METHOD, Text("x"), Text, kind="write") == Text("fine")


@pytest.mark.parametrize(
    ("how", "trusted", "words"),
    [
        ({"begins": -3, "ends": -2}, True, "not valid at the time that this machine's clock shows"),
        ({"begins": 2, "ends": 3}, True, "not valid at the time that this machine's clock shows"),
        ({}, False, r"No secure connection to 127\.0\.0\.1 is possible"),
    ],
    ids=["expired", "not yet", "unknown authority"],
)
async def test_grpc_explains_a_certificate_that_does_not_hold(tmp_path, waits, how, trusted, words):
    made = certificate(tmp_path, **how)
    async with (
        grpc_serving(credentials=grpc_credentials(made)) as service,
        GrpcClient(service.target, profile=PROFILE, ca_file=made.file if trusted else None) as client,
    ):
        with pytest.raises(Unavailable, match=words) as caught:
            await client.unary(METHOD, Text("x"), Text, kind="write")
    assert caught.value.sent is False
    assert (service.calls, waits) == ([], [])
