import anyio
import httpx
import pytest
from raw_service import Reply, http, serving

from dragoman.core.errors import (
    DeadlineExceeded,
    RateLimited,
    Unauthenticated,
)
from dragoman.transport.http import HttpClient, ServiceProfile
from dragoman.transport.rate_limiter import Rate

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PROFILE = ServiceProfile(service="Pigeon Post")


async def test_a_credential_that_was_renewed_is_tried_once_and_the_same_one_never():
    values = iter(["old", "new", "new", "new", "new"])

    async def authorize(_refused):
        return next(values)

    async with (
        serving(http(401), http(200, {"a": 1}), http(401)) as service,
        HttpClient(service.url, profile=PROFILE, authorize=authorize) as client,
    ):
        await client.request("POST", "/x", kind="write")
        with pytest.raises(Unauthenticated, match="does not accept the credentials"):
            await client.get("/x")
    assert [r.headers["authorization"] for r in service.requests] == ["old", "new", "new"]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"date": "Tue, 01 Jan 2030 00:00:00 GMT", "retry-after": "Tue, 01 Jan 2030 00:00:07 GMT"}, 7),
    ],
)
async def test_the_pause_that_a_service_asks_for_is_kept(waits, headers, pause):
    async with (
        serving(http(429, headers=headers), http(200, {})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
    ):
        await client.request("POST", "/x", kind="write")
    assert waits == [pytest.approx(pause)]


async def test_a_pause_beyond_the_time_of_the_call_is_passed_on_instead_of_kept(waits):
    async with (
        serving(http(429, headers={"retry-after": "29"})) as service,
        HttpClient(service.url, profile=PROFILE, total=20) as client,
    ):
        with pytest.raises(RateLimited, match="Try again in 29 seconds") as caught:
            await client.get("/x")
    assert caught.value.retry_after == 29
    assert (len(service.requests), waits) == (1, [])


async def test_pauses_together_never_exceed_the_time_of_the_call():
    async with (
        serving(http(429, headers={"retry-after": "9"})) as service,
        HttpClient(service.url, profile=PROFILE, total=20, attempts=9) as client,
    ):
        with pytest.raises(RateLimited):
            await client.get("/x")
    assert len(service.requests) == 3


async def test_an_attempt_ends_with_the_time_of_the_call():
    async with (
        serving(Reply(b"", "hang")) as service,
        HttpClient(service.url, profile=PROFILE, timeout=5, total=0.2, attempts=1) as client,
    ):
        with pytest.raises(DeadlineExceeded, match=r"did not answer within 0\.[12]"):
            await client.get("/x")


async def test_an_attempt_after_the_first_one_spends_the_rate_limit_too(waits):
    async with (
        serving(http(503), http(200, {})) as service,
        HttpClient(service.url, profile=PROFILE, rates={"": Rate(1 / 20, burst=1)}, total=60) as client,
    ):
        await client.get("/x")
    back_off, turn = waits
    assert (len(service.requests), back_off + turn) == (2, pytest.approx(20, abs=2))


async def test_a_used_up_limit_is_respected_before_it_is_hit(waits):
    profile = ServiceProfile(service="Pigeon Post", rate_headers=True)
    used_up = http(200, {}, headers={"x-ratelimit-remaining": "0", "retry-after": "12"})
    async with serving(used_up) as service, HttpClient(service.url, profile=profile) as client:
        await client.get("/x", family="a")
        await client.get("/x", family="b")
        assert waits == []
        await client.get("/x", family="a")
    assert waits == [pytest.approx(12, abs=1)]


async def test_a_used_up_limit_of_long_duration_fails_without_a_request():
    profile = ServiceProfile(service="Pigeon Post", rate_headers=True)
    used_up = http(200, {}, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"})
    async with serving(used_up) as service, HttpClient(service.url, profile=profile) as client:
        await client.get("/x")
        with pytest.raises(RateLimited) as caught:
            await client.get("/x")
    assert caught.value.retry_after == pytest.approx(90, abs=1)
    assert len(service.requests) == 1


async def test_calls_beyond_the_published_rate_wait_for_their_turn(waits):
    rates = {"slow": Rate(0.5), "*": Rate(100, burst=100)}
    async with (
        serving(http(200, {})) as service,
        HttpClient(service.url, profile=PROFILE, rates=rates) as client,
    ):
        for family in ("slow", "other", "slow", "slow"):
            await client.get("/x", family=family)
    assert waits == [pytest.approx(2, abs=0.5), pytest.approx(2, abs=0.5)]


async def test_no_more_calls_than_allowed_are_under_way_at_once():
    gate, running, most = anyio.Event(), 0, 0

    async def answer(_request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            gate.set()
        await gate.wait()
        await anyio.lowlevel.checkpoint()
        running -= 1
        return httpx.Response(200, json={})

    transport = httpx.MockTransport(answer)
    async with (
        HttpClient("https://pigeon.example", profile=PROFILE, concurrency=3, transport=transport) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(50):
            tasks.start_soon(client.get, "/x")
    assert most == 3


async def test_cancelling_passes_through_and_the_client_goes_on():
    async with (
        serving(Reply(end="hang"), http(200, {"a": 1})) as service,
        HttpClient(service.url, profile=PROFILE, concurrency=1) as client,
    ):
        with anyio.move_on_after(0.05) as scope:
            await client.request("POST", "/x", kind="write")
        assert scope.cancelled_caught
        assert (await client.get("/x")).value == {"a": 1}
    assert len(service.requests) == 2
