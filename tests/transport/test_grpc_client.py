import uuid

import anyio
import pytest
from grpc_service import METHOD, Act, Text, grpc_serving
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument, NotFound, Unauthenticated, Unavailable
from dragoman.transport.credentials import Secret, bearer
from dragoman.transport.grpc import GrpcClient, ServiceProfile
from dragoman.transport.grpc.status_details import Details, read_details
from dragoman.transport.grpc.target import target_of
from dragoman.transport.rate_limiter import Rate

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop", "waits")]

PROFILE = ServiceProfile(service="Pigeon Post")
LIST = "/pigeon.Post/List"
QUOTA = bytes.fromhex(
    "0808121071756f746120697320757365642075701a360a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270"
    "632e5265747279496e666f120a0a0808011080cab5ee011a6c0a2b747970652e676f6f676c65617069732e636f6d2f676f6f676c65"
    "2e7270632e51756f74614661696c757265123d0a3b0a1b61692e617373697374616e74732e72657175657374732e72617465121c6c"
    "696d6974206f6620726571756573747320706572207365636f6e641a540a2a747970652e676f6f676c65617069732e636f6d2f676f"
    "6f676c652e7270632e52657175657374496e666f12260a2465326437623862342d316337622d346134332d386135612d3164326634"
    "66306237613130"
)


def client_of(target, **options):
    return GrpcClient(target, profile=options.pop("profile", PROFILE), tls=False, **options)


async def test_a_call_carries_its_metadata_and_an_id_of_its_own():
    async with (
        grpc_serving() as service,
        client_of(service.target, authorize=bearer(Secret("t1.token")), metadata={"x-team": "a"}) as client,
    ):
        assert await client.unary(METHOD, Text("hello"), Text, kind="read", metadata={"x-keep": "1"}) == Text("fine")
        await client.unary(METHOD, Text("hello"), Text, kind="read", authorize=False)
    first, second = service.calls
    assert service.requests == [b"hello", b"hello"]
    assert (first["authorization"], first["x-team"], first["x-keep"]) == ("Bearer t1.token", "a", "1")
    assert "authorization" not in second
    assert uuid.UUID(first["x-client-request-id"]) != uuid.UUID(second["x-client-request-id"])


async def test_messages_of_more_than_four_megabytes_pass():
    async with grpc_serving(Act((b"x" * (5 << 20),))) as service, client_of(service.target) as client:
        assert len((await client.unary(METHOD, Text("y" * (3 << 20)), Text, kind="read")).text) == 5 << 20


async def test_a_stream_gives_every_item_in_order():
    items = tuple(str(i).encode() for i in range(500))
    async with (
        grpc_serving(Act(items)) as service,
        client_of(service.target) as client,
        client.stream(LIST, Text("x"), Text, kind="read") as answers,
    ):
        assert [answer.text async for answer in answers] == [item.decode() for item in items]


async def test_a_stream_may_be_empty():
    async with (
        grpc_serving(Act()) as service,
        client_of(service.target) as client,
        client.stream(LIST, Text("x"), Text, kind="read") as answers,
    ):
        assert [answer async for answer in answers] == []


async def test_leaving_a_stream_early_cancels_it_and_frees_the_place():
    async with (
        grpc_serving(Act(tuple(b"x" * 10_000 for _ in range(10_000))), Act((b"fine",))) as service,
        client_of(service.target, concurrency=1) as client,
    ):
        async with client.stream(LIST, Text("x"), Text, kind="read") as answers:
            async for _ in answers:
                break
        with anyio.fail_after(20):
            await service.left.wait()
        assert service.sent < 10_000
        assert await client.unary(METHOD, Text("x"), Text, kind="read") == Text("fine")


async def test_a_stream_that_breaks_delivers_what_came_and_then_says_so():
    async with (
        grpc_serving(Act((b"1", b"2"), code="UNAVAILABLE", message="gone")) as service,
        client_of(service.target) as client,
        client.stream(LIST, Text("x"), Text, kind="read") as answers,
    ):
        assert (await anext(answers), await anext(answers)) == (Text("1"), Text("2"))
        with pytest.raises(Unavailable, match="gone"):
            await anext(answers)
    assert len(service.calls) == 1


async def test_a_stream_that_fails_before_its_first_item_begins_anew():
    async with (
        grpc_serving(Act(code="UNAVAILABLE"), Act((b"1",))) as service,
        client_of(service.target) as client,
        client.stream(LIST, Text("x"), Text, kind="read") as answers,
    ):
        assert [answer.text async for answer in answers] == ["1"]
    assert len(service.calls) == 2


async def test_a_credential_that_was_renewed_is_tried_once_and_the_same_one_never():
    values = iter(["old", "new", "new", "new", "new"])

    async def authorize(_refused):
        return next(values)

    denied = Act(code="UNAUTHENTICATED", message="expired")
    async with (
        grpc_serving(denied, Act((b"fine",)), denied) as service,
        client_of(service.target, authorize=authorize) as client,
    ):
        await client.unary(METHOD, Text("x"), Text, kind="write")
        with pytest.raises(Unauthenticated, match="expired"):
            await client.unary(METHOD, Text("x"), Text, kind="write")
    assert [call["authorization"] for call in service.calls] == ["old", "new", "new"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ((("grpc-status-details-bin", QUOTA), ("x-request-id", "m-1")), "e2d7b8b4-1c7b-4a43-8a5a-1d2f4f0b7a10"),
        ((("x-request-id", "m-1"),), "m-1"),
    ],
)
async def test_the_service_s_id_of_a_failed_call_is_kept(metadata, expected):
    act = Act(code="NOT_FOUND", metadata=metadata)
    async with grpc_serving(act) as service, client_of(service.target) as client:
        with pytest.raises(NotFound) as caught:
            await client.unary(METHOD, Text("x"), Text, kind="read")
    assert caught.value.request_id == expected


async def test_calls_beyond_the_published_rate_wait_for_their_turn(waits):
    async with grpc_serving() as service, client_of(service.target, rates={"": Rate(0.1)}) as client:
        for _ in range(2):
            await client.unary(METHOD, Text("x"), Text, kind="read")
    assert waits == [pytest.approx(10, abs=1)]


async def test_cancelling_a_call_reaches_the_service_and_the_client_goes_on():
    async with grpc_serving(Act(hang=True), Act((b"fine",))) as service, client_of(service.target) as client:
        with anyio.move_on_after(0.3) as scope:
            await client.unary(METHOD, Text("x"), Text, kind="write")
        assert scope.cancelled_caught
        with anyio.fail_after(20):
            await service.left.wait()
        assert await client.unary(METHOD, Text("x"), Text, kind="read") == Text("fine")


async def test_cancelling_while_a_stream_is_read_reaches_the_service():
    async with grpc_serving(Act((b"1",), hang=True)) as service, client_of(service.target) as client:
        with anyio.move_on_after(0.3) as scope:
            async with client.stream(LIST, Text("x"), Text, kind="read") as answers:
                assert [answer async for answer in answers] == []
        assert scope.cancelled_caught
        with anyio.fail_after(20):
            await service.left.wait()


@pytest.mark.parametrize(
    ("given", "tls", "expected"),
    [
        (
            "assistant.api.cloud.yandex.net:443",
            True,
            ("assistant.api.cloud.yandex.net:443", "assistant.api.cloud.yandex.net"),
        ),
        (" example.com ", True, ("example.com:443", "example.com")),
        ("dns:///example.com:1", True, ("example.com:1", "example.com")),
        ("127.0.0.1:5", False, ("127.0.0.1:5", "127.0.0.1")),
        ("[::1]:5", False, ("[::1]:5", "::1")),
    ],
)
def test_a_target_has_one_spelling(given, tls, expected):
    assert target_of(given, tls=tls) == expected


@pytest.mark.parametrize(
    "value", ["", ":443", "https://example.com", "a/b", "user@example.com", "a b", "h:99999", "[::1"]
)
def test_a_target_that_is_none_is_refused(value):
    with pytest.raises(InvalidArgument):
        target_of(value, tls=True)


def test_without_tls_only_this_machine_can_be_called():
    with pytest.raises(InvalidArgument, match="to this machine only"):
        GrpcClient("example.com:80", profile=PROFILE, tls=False)


async def test_a_file_of_certificates_that_is_missing_is_named(tmp_path):
    with pytest.raises(InvalidArgument, match="file of certificates"):
        async with GrpcClient("example.com", profile=PROFILE, ca_file=tmp_path / "none.pem"):
            pass


def test_details_of_a_status_are_read():
    details = read_details(QUOTA)
    assert details == Details(
        code=8, message="quota is used up", retry_delay=1.5, request_id="e2d7b8b4-1c7b-4a43-8a5a-1d2f4f0b7a10"
    )


def test_bad_arguments_are_read_from_the_details():
    violation = b"\x0a\x09thread_id\x12\x08is empty"
    request = b"\x0a" + bytes([len(violation)]) + violation
    name = b"type.googleapis.com/google.rpc.BadRequest"
    packed = b"\x0a" + bytes([len(name)]) + name + b"\x12" + bytes([len(request)]) + request
    details = read_details(b"\x08\x03\x1a" + bytes([len(packed)]) + packed)
    assert details is not None
    assert details.violations == (("thread_id", "is empty"),)


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda cut, flip: bytes([*QUOTA[:cut], flip, *QUOTA[cut + 1 :]]), st.integers(0, 330), st.integers(0, 255)
    )
)
def test_garbage_in_details_is_left_out_and_nothing_worse(data):
    details = read_details(data)
    assert details is None or details.retry_delay is None or details.retry_delay > 0
