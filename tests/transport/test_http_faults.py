import gzip

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_service import Reply, free_port, http, serving

from dragoman.core.context.clock import hurry
from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.transport.http import HttpClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ATTEMPTS = 4
PROFILE = ServiceProfile(service="Pigeon Post")
PAGE = "<!DOCTYPE html><html><body>Bad <b>gateway</b></body></html>"
HALF = b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half": '
CHUNK = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n'
GZIP = {"content-encoding": "gzip"}
BOMB = gzip.compress(b" " * (8 << 20))

# A fault; what a read gets and how many requests it makes; the same for a write.
FAULTS = {
    "400": (http(400, "no"), InvalidArgument, 1, InvalidArgument, 1),
    "401": (http(401, "no"), Unauthenticated, 1, Unauthenticated, 1),
    "402": (http(402, "no"), PermissionDenied, 1, PermissionDenied, 1),
    "403": (http(403, "no"), PermissionDenied, 1, PermissionDenied, 1),
    "404": (http(404, "no"), NotFound, 1, NotFound, 1),
    "408": (http(408, "no"), DeadlineExceeded, ATTEMPTS, OutcomeUnknown, 1),
    "409": (http(409, "no"), Conflict, 1, Conflict, 1),
    "410": (http(410, "no"), NotFound, 1, NotFound, 1),
    "413": (http(413, "no"), InvalidArgument, 1, InvalidArgument, 1),
    "418": (http(418, "no"), BadResponse, 1, BadResponse, 1),
    "422": (http(422, "no"), InvalidArgument, 1, InvalidArgument, 1),
    "429": (http(429, "no"), RateLimited, ATTEMPTS, RateLimited, ATTEMPTS),
    "429 that says no": (http(429, headers={"x-should-retry": "false"}), RateLimited, 1, RateLimited, 1),
    "429 for an hour": (http(429, headers={"retry-after": "3600"}), RateLimited, 1, RateLimited, 1),
    "500": (http(500, "no"), Unavailable, 1, OutcomeUnknown, 1),
    "500 that says yes": (
        http(500, headers={"x-should-retry": "true"}), Unavailable, ATTEMPTS, OutcomeUnknown, 1,
    ),
    "409 that says yes": (http(409, headers={"x-should-retry": "True"}), Conflict, ATTEMPTS, Conflict, 1),
    "501": (http(501, "no"), Unavailable, 1, OutcomeUnknown, 1),
    "502 page": (http(502, PAGE), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "503": (http(503), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "503 with a time": (http(503, headers={"retry-after": "1"}), Unavailable, ATTEMPTS, Unavailable, ATTEMPTS),
    "503 until now": (http(503, headers={"retry-after": "0"}), Unavailable, ATTEMPTS, Unavailable, ATTEMPTS),
    "503 until now, in ms": (http(503, headers={"retry-after-ms": "0"}), Unavailable, ATTEMPTS, Unavailable, ATTEMPTS),
    "503 until a time that has passed": (
        http(503, headers={"retry-after": "Tue, 01 Jan 2019 00:00:00 GMT"}),
        *(Unavailable, ATTEMPTS, Unavailable, ATTEMPTS),
    ),
    "503 for an hour": (http(503, headers={"retry-after": "3600"}), Unavailable, 1, Unavailable, 1),
    "503 that says no": (http(503, headers={"x-should-retry": "false"}), Unavailable, 1, OutcomeUnknown, 1),
    "504": (http(504), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "999": (http(999), BadResponse, 1, OutcomeUnknown, 1),
    "reset before the answer": (Reply(end="reset"), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "closed before the answer": (Reply(end="close"), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "reset within the headers": (Reply(b"HTTP/1.1 200 OK\r\ncont", "reset"), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "cut body": (Reply(HALF, "close"), BadResponse, 2, OutcomeUnknown, 1),
    "cut chunks": (Reply(CHUNK, "close"), BadResponse, 2, OutcomeUnknown, 1),
    "cut without a length": (Reply(b'HTTP/1.1 200 OK\r\n\r\n{"a":', "close"), BadResponse, 2, OutcomeUnknown, 1),
    "garbage": (Reply(b"\x15\x03\x01 no http\r\n\r\n", "close"), Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "empty body": (http(200), BadResponse, 2, OutcomeUnknown, 1),
    "page instead of data": (http(200, PAGE), BadResponse, 2, OutcomeUnknown, 1),
    "broken JSON": (http(200, '{"a": fal'), BadResponse, 2, OutcomeUnknown, 1),
    "bottomless JSON": (http(200, "[" * 200_000), BadResponse, 2, OutcomeUnknown, 1),
    "endless body": (
        Reply(b"HTTP/1.1 200 OK\r\n\r\n", "flood", b" " * 65536), BadResponse, 2, OutcomeUnknown, 1,
    ),
    "endless line of headers": (
        Reply(b"HTTP/1.1 200 OK\r\nx: ", "flood", b"y" * 9999), Unavailable, ATTEMPTS, OutcomeUnknown, 1,
    ),
    "gzip bomb": (http(200, BOMB, headers=GZIP), BadResponse, 2, OutcomeUnknown, 1),
    "broken gzip": (http(200, b"\x1f\x8b no", headers=GZIP), BadResponse, 2, OutcomeUnknown, 1),
    "cut gzip": (http(200, gzip.compress(b'{"a":1}' * 99)[:-9], headers=GZIP), BadResponse, 2, OutcomeUnknown, 1),
    "packed unasked": (http(200, b"{}", headers={"content-encoding": "br"}), BadResponse, 2, OutcomeUnknown, 1),
    "redirect elsewhere": (http(302, headers={"location": "http://127.0.0.2/"}), BadResponse, 1, OutcomeUnknown, 1),
    "redirect to TLS": (http(307, headers={"location": "https://127.0.0.1/"}), BadResponse, 1, BadResponse, 1),
    "redirect to nowhere": (http(308, headers={"location": "http://[/"}), BadResponse, 1, BadResponse, 1),
    "redirect in a circle": (http(307, headers={"location": "/round"}), BadResponse, 6, BadResponse, 1),
    "not modified": (http(304), BadResponse, 1, OutcomeUnknown, 1),
}  # fmt: skip
CASES = [
    pytest.param(fault, kind, error, count, id=f"{name} {kind}")
    for name, (fault, read_error, reads, write_error, writes) in FAULTS.items()
    for kind, error, count in (("read", read_error, reads), ("write", write_error, writes))
]


@pytest.mark.parametrize(("fault", "kind", "error", "count"), CASES)
async def test_each_fault_has_its_error_and_its_number_of_requests(fault, kind, error, count):
    method = "GET" if kind == "read" else "POST"
    async with serving(fault) as service, HttpClient(service.url, profile=PROFILE, max_body=1 << 20) as client:
        with pytest.raises(DragomanError) as caught:
            await client.request(method, "/x", kind=kind, json={"text": "hello"}, operation="send_message")
    assert type(caught.value) is error
    assert len(service.requests) == count
    assert caught.value.sent is (None if error is OutcomeUnknown else False)
    assert caught.value.operation == "send_message"
    assert str(caught.value).endswith(".")
    assert "<" not in str(caught.value)
    assert not any(number in str(caught.value) for number in ("400", "500", "502", "503", "429"))


@pytest.mark.parametrize(("fault", "error", "count"), [
    (http(503, headers={"retry-after": "1"}), OutcomeUnknown, 1),
    (http(503), OutcomeUnknown, 1),
    (http(429, headers={"retry-after": "1"}), RateLimited, ATTEMPTS),
])  # fmt: skip
async def test_a_write_that_trusts_no_503_is_tried_again_after_429_only(fault, error, count):
    async with serving(fault) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(error):
            await client.request("POST", "/x", kind="write", json={}, once=True)
    assert len(service.requests) == count


@pytest.mark.parametrize(
    ("kind", "error", "count"), [("read", DeadlineExceeded, 2), ("write", OutcomeUnknown, 1)], ids=["read", "write"]
)
@pytest.mark.parametrize("slow", [Reply(end="hang"), Reply(HALF, "hang")], ids=["before", "within"])
async def test_an_answer_that_does_not_come_in_time(slow, kind, error, count):
    async with serving(slow) as service, HttpClient(service.url, profile=PROFILE, timeout=0.1) as client:
        with pytest.raises(error):
            await client.request("POST", "/x", kind=kind, json={})
    assert len(service.requests) == count


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_refused_connection_is_tried_again_also_for_a_write(waits, kind):
    async with HttpClient(f"http://127.0.0.1:{free_port()}", profile=PROFILE) as client:
        with pytest.raises(Unavailable, match="Pigeon Post refuses connections") as caught:
            await client.request("POST", "/x", kind=kind, json={})
    assert caught.value.sent is False
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_service_that_does_not_speak_tls_is_named_and_not_tried_again(kind):
    async with serving(Reply(b"HTTP/1.1 400 X\r\n\r\n", "close", early=True)) as service:
        url = service.url.replace("http:", "https:")
        async with HttpClient(url, profile=PROFILE) as client:
            with pytest.raises(Unavailable, match=r"No secure connection to 127\.0\.0\.1 is possible") as caught:
                await client.request("POST", "/x", kind=kind, json={})
    assert caught.value.sent is False
    assert service.connections == 1


async def test_a_secure_connection_that_is_never_made_in_time_sent_nothing():
    async with serving(Reply(end="hang", early=True)) as service:
        url = service.url.replace("http:", "https:")
        async with HttpClient(url, profile=PROFILE, timeout=0.1) as client:
            with pytest.raises(Unavailable, match="came about in time") as caught:
                await client.request("POST", "/x", kind="write", json={})
    assert caught.value.sent is False
    assert service.connections == ATTEMPTS


async def test_a_host_name_that_does_not_exist_is_named():
    async with HttpClient("https://nobody.invalid", profile=PROFILE) as client:
        with pytest.raises(Unavailable, match=r"The host name nobody\.invalid cannot be found"):
            await client.get("/x")


@pytest.mark.parametrize("fault", [http(503), Reply(end="reset"), Reply(HALF, "close"), http(429)])
async def test_a_read_succeeds_after_a_fault_that_passes(fault):
    async with serving(fault, http(200, {"a": 1})) as service, HttpClient(service.url, profile=PROFILE) as client:
        assert (await client.get("/x")).value == {"a": 1}
    assert len(service.requests) == 2


CERTAIN = {name: FAULTS[name][0] for name in FAULTS if name == "429" or name.startswith(("503 with", "503 until"))}
OTHERS = {name: fault for name, (fault, *_) in FAULTS.items() if name not in CERTAIN and fault.end != "flood"}
FINE = {"ok": http(200, {"id": "1"})}


@settings(deadline=None)
@given(st.lists(st.sampled_from([*CERTAIN, *OTHERS, *FINE]), min_size=1, max_size=6))
def test_a_write_is_never_delivered_again_after_it_may_have_been_carried_out(names):
    replies = CERTAIN | OTHERS | FINE

    async def write():
        async with (
            serving(*(replies[name] for name in names)) as service,
            HttpClient(service.url, profile=PROFILE, max_body=1 << 20) as client,
        ):
            try:
                await client.request("POST", "/x", kind="write", json={})
                outcome = "done"
            except DragomanError as error:
                outcome = error.sent
        return service.requests, outcome

    with hurry():
        requests, outcome = anyio.run(write)
    answered = [names[min(i, len(names) - 1)] for i in range(len(requests))]
    assert all(name in CERTAIN for name in answered[:-1])
    if answered[-1] in FINE:
        assert outcome == "done"
    elif answered[-1] in CERTAIN:
        assert outcome is False
