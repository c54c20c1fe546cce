import pytest
from grpc_codes import ATTEMPTS, CODES
from grpc_service import METHOD, Act, Text, grpc_serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_service import Reply, free_port, serving

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    DragomanError,
    NotFound,
    OutcomeUnknown,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.transport.error_mapping import ErrorWords
from dragoman.transport.grpc import GrpcClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop", "waits")]

PROFILE = ServiceProfile(service="Pigeon Post")
LIST = "/pigeon.Post/List"
RETRY_SOON = bytes.fromhex(
    "0808121071756f746120697320757365642075701a360a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e72"
    "70632e5265747279496e666f120a0a0808011080cab5ee01"
)

CASES = [
    pytest.param(code, kind, error, count, id=f"{code} {kind}")
    for code, (read_error, reads, write_error, writes) in CODES.items()
    for kind, error, count in (("read", read_error, reads), ("write", write_error, writes))
]


def client_of(target, **options):
    return GrpcClient(target, profile=options.pop("profile", PROFILE), tls=False, **options)


async def called(client, method, kind):
    if method == METHOD:
        await client.unary(method, Text("x"), Text, kind=kind, operation="send_message")
    else:
        await client.stream(method, Text("x"), Text, kind=kind, operation="send_message").__aenter__()


@pytest.mark.parametrize("method", [METHOD, LIST])
@pytest.mark.parametrize(("code", "kind", "error", "count"), CASES)
async def test_each_code_has_its_error_and_its_number_of_calls(method, code, kind, error, count):
    async with grpc_serving(Act(code=code, message="not today")) as service, client_of(service.target) as client:
        with pytest.raises(DragomanError) as caught:
            await called(client, method, kind)
    assert type(caught.value) is error
    assert len(service.calls) == count
    assert caught.value.sent is (None if error is OutcomeUnknown else False)
    assert caught.value.operation == "send_message"
    assert code not in str(caught.value)
    assert "not today" in str(caught.value)
    assert caught.value.request_id == service.calls[-1]["x-client-request-id"]


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_refused_connection_is_tried_again_also_for_a_write(waits, kind):
    async with client_of(f"127.0.0.1:{free_port()}") as client:
        with pytest.raises(Unavailable, match=r"Pigeon Post refuses connections at 127\.0\.0\.1") as caught:
            await client.unary(METHOD, Text("x"), Text, kind=kind)
    assert caught.value.sent is False
    assert len(waits) == ATTEMPTS - 1


async def test_a_service_that_forwards_the_words_of_a_refused_connection_is_not_believed():
    words = "failed to connect to all addresses; last error: UNKNOWN: Connection refused"
    async with grpc_serving(Act(code="UNAVAILABLE", message=words)) as service, client_of(service.target) as client:
        with pytest.raises(OutcomeUnknown):
            await client.unary(METHOD, Text("x"), Text, kind="write")
    assert len(service.calls) == 1


async def test_a_connection_that_is_never_made_in_time_sent_nothing():
    async with serving(Reply(end="hang", early=True)) as service:
        target = service.url.removeprefix("http://")
        async with client_of(target, timeout=0.3, attempts=1) as client:
            with pytest.raises(Unavailable, match=r"No connection to 127.0.0.1 came about in time|refuses") as caught:
                await client.unary(METHOD, Text("x"), Text, kind="write")
    assert caught.value.sent is False


async def test_a_service_that_does_not_speak_grpc_is_unavailable_and_was_sent_nothing():
    async with (
        serving(Reply(b"HTTP/1.1 400 X\r\n\r\n<html>", "close", early=True)) as service,
        client_of(service.url.removeprefix("http://")) as client,
    ):
        with pytest.raises(Unavailable) as caught:
            await client.unary(METHOD, Text("x"), Text, kind="write")
    assert caught.value.sent is False
    assert "<" not in str(caught.value)


async def test_a_service_without_tls_is_named_and_not_tried_again(waits):
    async with grpc_serving() as service, GrpcClient(service.target, profile=PROFILE) as client:
        with pytest.raises(Unavailable, match=r"No secure connection to 127\.0\.0\.1 is possible"):
            await client.unary(METHOD, Text("x"), Text, kind="write")
    assert waits == []


@pytest.mark.parametrize(
    ("kind", "error", "count"), [("read", DeadlineExceeded, 2), ("write", OutcomeUnknown, 1)], ids=["read", "write"]
)
async def test_an_answer_that_does_not_come_in_time(kind, error, count):
    async with grpc_serving(Act(hang=True)) as service, client_of(service.target, timeout=0.3) as client:
        with pytest.raises(error):
            await client.unary(METHOD, Text("x"), Text, kind=kind)
    assert len(service.calls) == count


async def test_the_pause_in_retry_info_is_kept(waits):
    slow = Act(code="RESOURCE_EXHAUSTED", message="quota", metadata=(("grpc-status-details-bin", RETRY_SOON),))
    async with grpc_serving(slow, Act((b"fine",))) as service, client_of(service.target) as client:
        assert await client.unary(METHOD, Text("x"), Text, kind="write") == Text("fine")
    assert waits == [pytest.approx(1.5)]


async def test_garbage_in_the_details_does_not_hide_the_status():
    act = Act(code="NOT_FOUND", message="no such thread", metadata=(("grpc-status-details-bin", b"\xff\xff\xff"),))
    async with grpc_serving(act) as service, client_of(service.target) as client:
        with pytest.raises(NotFound, match="no such thread"):
            await client.unary(METHOD, Text("x"), Text, kind="read")


@pytest.mark.parametrize(("kind", "error"), [("read", BadResponse), ("write", OutcomeUnknown)])
async def test_an_answer_that_is_too_large_is_no_quota_and_not_asked_for_again(kind, error):
    async with (
        grpc_serving(Act((b"x" * 2_000_000,))) as service,
        client_of(service.target, max_message=1_000_000) as client,
    ):
        with pytest.raises(error, match="larger than can be taken"):
            await client.unary(METHOD, Text("x"), Text, kind=kind)
    assert len(service.calls) == 1


@pytest.mark.parametrize(("kind", "error", "count"), [("read", BadResponse, 2), ("write", OutcomeUnknown, 1)])
async def test_an_answer_that_is_no_message_makes_no_sense(kind, error, count):
    async with grpc_serving(Act((b"\xff\xfe",))) as service, client_of(service.target) as client:
        with pytest.raises(error):
            await client.unary(METHOD, Text("x"), Text, kind=kind)
    assert len(service.calls) == count


async def test_a_provider_explains_what_it_knows_better():
    seen = []

    def explain(refusal):
        seen.append((refusal.code, refusal.trouble))
        return ErrorWords(message="This service was switched off.", hint="Set target.")

    profile = ServiceProfile(service="Pigeon Post", explain=explain)
    async with grpc_serving(Act(code="UNIMPLEMENTED")) as service, client_of(service.target, profile=profile) as client:
        with pytest.raises(UnsupportedOperation, match=r"This service was switched off\. Set target\."):
            await client.unary(METHOD, Text("x"), Text, kind="read")
    async with client_of(f"127.0.0.1:{free_port()}", profile=profile, attempts=1) as client:
        with pytest.raises(Unavailable, match="switched off"):
            await client.unary(METHOD, Text("x"), Text, kind="read")
    assert seen == [("UNIMPLEMENTED", ""), ("UNAVAILABLE", "refused")]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*CODES, "OK"]), min_size=1, max_size=6))
async def test_a_write_is_never_delivered_again_after_it_may_have_been_carried_out(codes):
    async with grpc_serving(*(Act(code=code) for code in codes)) as service, client_of(service.target) as client:
        try:
            await client.unary(METHOD, Text("x"), Text, kind="write")
            sent = True
        except DragomanError as error:
            sent = error.sent
    answered = [codes[min(i, len(codes) - 1)] for i in range(len(service.calls))]
    assert all(code == "RESOURCE_EXHAUSTED" for code in answered[:-1])
    assert sent is (True if answered[-1] == "OK" else None if CODES[answered[-1]][2] is OutcomeUnknown else False)
