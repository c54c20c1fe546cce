import json
import subprocess
import sys
import zlib

import anyio
import httpx
import pytest
from pydantic import BaseModel
from raw_service import Reply, http, serving

from dragoman.errors import (
    BadResponse,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
)
from dragoman.http import Dialect, HttpClient
from dragoman.pace import Rate
from dragoman.refusal import Explanation
from dragoman.secret import Secret, bearer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

DIALECT = Dialect(service="Pigeon Post")
PAGE = "<html><head><title>Login</title></head><body>Sign in</body></html>"


class Letter(BaseModel):
    id: str
    size: int = 0


async def test_a_request_is_exactly_what_was_asked_for():
    async with (
        serving(http(200, {})) as service,
        HttpClient(f"{service.url}/v1/", dialect=DIALECT, headers={"X-Team": "a"}) as client,
    ):
        await client.request(
            "POST",
            "/m%2F1",
            kind="write",
            query={"status": ["open", "done"], "q": "a b&c+d/ä", "full": True, "none": None, "limit": 5},
            json={"text": "höher 👍", "n": None},
            headers={"x-team": "b", "Accept": "text/plain"},
        )
    request = service.requests[0]
    assert request.method == "POST"
    assert request.target == "/v1/m%2F1?status=open&status=done&q=a%20b%26c%2Bd%2F%C3%A4&full=true&limit=5"
    assert request.json == {"text": "höher 👍", "n": None}
    assert request.headers["x-team"] == "b"
    assert request.headers["accept"] == "text/plain"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert request.headers["user-agent"].startswith("dragoman/")


async def test_a_call_without_a_body_sends_none_and_an_empty_object_is_one():
    async with serving(http(200, {})) as service, HttpClient(service.url, dialect=DIALECT) as client:
        await client.request("POST", "/x", kind="read")
        await client.request("POST", "/x", kind="read", json={})
    bare, empty = service.requests
    assert (bare.body, "content-type" in bare.headers) == (b"", False)
    assert (empty.body, empty.headers["content-type"]) == (b"{}", "application/json")


async def test_connections_are_kept_and_cookies_are_not():
    async with (
        serving(http(200, {}, headers={"set-cookie": "track=1; Path=/"})) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        for _ in range(3):
            await client.get("/x")
    assert service.connections == 1
    assert not any("cookie" in request.headers for request in service.requests)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", "nonsense"])
async def test_json_is_read_whatever_its_content_type_says(content_type):
    async with (
        serving(http(200, '{"a": "ä"}', headers={"content-type": content_type})) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        assert (await client.get("/x")).value == {"a": "ä"}


async def test_packed_answers_are_unpacked():
    text = json.dumps({"long": "x" * 200_000}).encode()
    raw = zlib.compressobj(wbits=-15)
    packed = {"gzip": zlib.compress(text, wbits=31), "deflate": zlib.compress(text)}
    packed["Deflate"] = raw.compress(text) + raw.flush()
    for encoding, body in packed.items():
        async with (
            serving(http(200, body, headers={"content-encoding": encoding})) as service,
            HttpClient(service.url, dialect=DIALECT) as client,
        ):
            assert (await client.get("/x")).body == text


async def test_a_model_is_validated_and_a_misfit_names_its_place():
    async with (
        serving(http(200, {"id": "1", "new": 2}), http(200, {"id": {"secret": 1}})) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        assert (await client.get("/x", model=Letter)).value == Letter(id="1")
        with pytest.raises(BadResponse, match=r"at id") as caught:
            await client.get("/x", model=Letter)
    assert "secret" not in str(caught.value)
    assert len(service.requests) == 3


async def test_a_written_message_with_an_unreadable_answer_is_said_to_be_probably_written():
    async with serving(http(200, {"no": "id"})) as service, HttpClient(service.url, dialect=DIALECT) as client:
        with pytest.raises(OutcomeUnknown, match="probably did what was asked; the outcome is unknown"):
            await client.request("POST", "/x", kind="write", model=Letter)


async def test_an_answer_can_be_text_or_nothing():
    async with (
        serving(http(200, "plain"), http(200, "ignored"), http(204)) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        assert (await client.get("/x", body="text")).value == "plain"
        assert (await client.request("DELETE", "/x", kind="write", body="none")).value is None
        answer = await client.request("DELETE", "/x", kind="write")
    assert (answer.value, answer.status) == (None, 204)


async def test_an_answer_that_a_provider_finds_senseless_is_an_error_of_its_kind():
    async with (
        serving(http(200, {}, headers={"x-request-id": "r-1"})) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        read = (await client.get("/x")).failure("It has no messages")
        write = (await client.request("POST", "/x", kind="write")).failure("It has no id")
    assert (type(read), read.request_id) == (BadResponse, "r-1")
    assert (type(write), write.sent) == (OutcomeUnknown, None)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (http(404, {"detail": "No such letter"}), "No such letter"),
        (http(422, {"detail": [{"loc": ["a"], "msg": "too long"}, {"msg": "odd"}]}), "too long; odd"),
        (http(400, {"error": {"message": "bad id"}}), "bad id"),
        (http(429, {"error": "rate_limited", "message": "Slow down"}), "Slow down"),
        (http(403, {"title": "Nope", "error": "x"}), "Nope"),
        (http(400, "Invalid Secret\nNot allowed"), "Invalid Secret Not allowed"),
        (http(400, '"quoted"'), "quoted"),
    ],
)
async def test_the_service_s_own_words_are_quoted(reply, expected):
    async with serving(reply) as service, HttpClient(service.url, dialect=DIALECT) as client:
        with pytest.raises(DragomanError) as caught:
            await client.get("/x")
    assert f'"{expected}"' in str(caught.value)


async def test_foreign_words_are_cut_cleaned_and_rid_of_credentials_and_pages():
    token = Secret("pigeon-secret-77")
    words = "pigeon-secret-77 \u202eevil\x1b[31m " + "long " * 100
    async with (
        serving(http(400, {"message": words}), http(400, PAGE), http(400, {"message": PAGE})) as service,
        HttpClient(service.url, dialect=DIALECT, authorize=bearer(token)) as client,
    ):
        errors: list[str] = []
        for _ in range(3):
            with pytest.raises(InvalidArgument) as caught:
                await client.get("/x")
            errors.append(str(caught.value))
    assert "pigeon-secret-77" not in errors[0]
    assert "\u202e" not in errors[0]
    assert "\x1b" not in errors[0]
    assert len(errors[0]) < 350
    assert errors[1] == errors[2]
    assert "Sign in" not in errors[1]


async def test_a_provider_explains_what_it_knows_better():
    def explain(refusal):
        if refusal.status == 400 and "ActAs" in refusal.text:
            return Explanation(
                error=Unauthenticated, message="The token speaks for nobody.", hint="Set act_as.", request_id="b-9"
            )
        return None

    dialect = Dialect(service="Pigeon Post", explain=explain)
    async with (
        serving(http(400, "Required header missing: X-ActAs")) as service,
        HttpClient(service.url, dialect=dialect) as client,
    ):
        with pytest.raises(Unauthenticated) as caught:
            await client.get("/x")
    assert str(caught.value) == "The token speaks for nobody. Set act_as."
    assert caught.value.request_id == "b-9"


async def test_an_explanation_never_makes_an_uncertain_write_certain():
    dialect = Dialect(explain=lambda _: Explanation(error=NotFound))
    async with serving(http(500)) as service, HttpClient(service.url, dialect=dialect) as client:
        with pytest.raises(OutcomeUnknown):
            await client.request("POST", "/x", kind="write")


async def test_used_up_credits_are_a_question_of_permission():
    async with serving(http(402)) as service, HttpClient(service.url, dialect=DIALECT) as client:
        with pytest.raises(PermissionDenied, match="its credits are used up"):
            await client.get("/x")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (http(404, headers={"X-Request-Id": "h-1"}), "h-1"),
        (http(404, {"requestID": "b-1"}), "b-1"),
        (http(404, {"requestID": 5}), ""),
        (http(404, headers={"x-request-id": "x" * 101}), ""),
    ],
)
async def test_the_request_id_of_a_failure_is_kept(reply, expected):
    async with serving(reply) as service, HttpClient(service.url, dialect=DIALECT) as client:
        with pytest.raises(NotFound) as caught:
            await client.get("/x")
    assert caught.value.request_id == expected


async def test_redirects_within_the_service_are_followed_for_reads():
    moved = http(307, headers={"location": "/v2/x?y=1"})
    async with (
        serving(moved, http(200, {"a": 1})) as service,
        HttpClient(service.url, dialect=DIALECT, authorize=bearer(Secret("abcdef"))) as client,
    ):
        assert (await client.request("POST", "/x", kind="read", json={"q": 1})).value == {"a": 1}
    first, second = service.requests
    assert (second.method, second.target, second.body) == ("POST", "/v2/x?y=1", first.body)
    assert second.headers["authorization"] == "Bearer abcdef"


async def test_a_redirect_that_would_turn_a_post_into_a_get_is_refused():
    async with (
        serving(http(302, headers={"location": "/y"})) as service,
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        with pytest.raises(BadResponse):
            await client.request("POST", "/x", kind="read", json={})
    assert len(service.requests) == 1


async def test_credentials_never_follow_a_redirect_to_another_port():
    async with serving(http(200, {})) as other:
        async with (
            serving(http(307, headers={"location": f"{other.url}/steal"})) as service,
            HttpClient(service.url, dialect=DIALECT, authorize=bearer(Secret("abcdef"))) as client,
        ):
            with pytest.raises(BadResponse, match="another host, which gets no credentials"):
                await client.get("/x")
        assert other.connections == 0


async def test_a_credential_that_was_renewed_is_tried_once_and_the_same_one_never():
    values = iter(["old", "new", "new", "new", "new"])

    async def authorize(_refused):
        return next(values)

    async with (
        serving(http(401), http(200, {"a": 1}), http(401)) as service,
        HttpClient(service.url, dialect=DIALECT, authorize=authorize) as client,
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
        HttpClient(service.url, dialect=DIALECT) as client,
    ):
        await client.request("POST", "/x", kind="write")
    assert waits == [pytest.approx(pause)]


async def test_a_pause_beyond_the_time_of_the_call_is_passed_on_instead_of_kept(waits):
    async with (
        serving(http(429, headers={"retry-after": "29"})) as service,
        HttpClient(service.url, dialect=DIALECT, total=20) as client,
    ):
        with pytest.raises(RateLimited, match="Try again in 29 seconds") as caught:
            await client.get("/x")
    assert caught.value.retry_after == 29
    assert (len(service.requests), waits) == (1, [])


async def test_pauses_together_never_exceed_the_time_of_the_call():
    async with (
        serving(http(429, headers={"retry-after": "9"})) as service,
        HttpClient(service.url, dialect=DIALECT, total=20, attempts=9) as client,
    ):
        with pytest.raises(RateLimited):
            await client.get("/x")
    assert len(service.requests) == 3


async def test_a_used_up_limit_is_respected_before_it_is_hit(waits):
    dialect = Dialect(service="Pigeon Post", rate_headers=True)
    used_up = http(200, {}, headers={"x-ratelimit-remaining": "0", "retry-after": "12"})
    async with serving(used_up) as service, HttpClient(service.url, dialect=dialect) as client:
        await client.get("/x", family="a")
        await client.get("/x", family="b")
        assert waits == []
        await client.get("/x", family="a")
    assert waits == [pytest.approx(12, abs=1)]


async def test_a_used_up_limit_of_long_duration_fails_without_a_request():
    dialect = Dialect(service="Pigeon Post", rate_headers=True)
    used_up = http(200, {}, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"})
    async with serving(used_up) as service, HttpClient(service.url, dialect=dialect) as client:
        await client.get("/x")
        with pytest.raises(RateLimited) as caught:
            await client.get("/x")
    assert caught.value.retry_after == pytest.approx(90, abs=1)
    assert len(service.requests) == 1


async def test_calls_beyond_the_published_rate_wait_for_their_turn(waits):
    rates = {"slow": Rate(0.5), "*": Rate(100, burst=100)}
    async with (
        serving(http(200, {})) as service,
        HttpClient(service.url, dialect=DIALECT, rates=rates) as client,
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
        HttpClient("https://pigeon.example", dialect=DIALECT, concurrency=3, transport=transport) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(50):
            tasks.start_soon(client.get, "/x")
    assert most == 3


async def test_cancelling_passes_through_and_the_client_goes_on():
    async with (
        serving(Reply(end="hang"), http(200, {"a": 1})) as service,
        HttpClient(service.url, dialect=DIALECT, concurrency=1) as client,
    ):
        with anyio.move_on_after(0.05) as scope:
            await client.request("POST", "/x", kind="write")
        assert scope.cancelled_caught
        assert (await client.get("/x")).value == {"a": 1}
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    "options", [{"json": {"text": "\ud800"}}, {"json": {"n": float("nan")}}, {"query": {"q": "\ud800"}}]
)
async def test_text_that_cannot_be_sent_is_refused_before_sending(options):
    async with serving() as service, HttpClient(service.url, dialect=DIALECT) as client:
        with pytest.raises(InvalidArgument):
            await client.request("POST", "/x", kind="write", **options)
    assert service.requests == []


def test_a_header_that_cannot_be_sent_is_refused_without_its_value():
    with pytest.raises(InvalidArgument, match="x-team") as caught:
        HttpClient("https://pigeon.example", dialect=DIALECT, headers={"x-team": "Größe\n"})
    assert "Größe" not in str(caught.value)


async def test_a_file_of_certificates_that_is_none_is_named(tmp_path):
    for name, content in (("missing.pem", None), ("garbage.pem", "no certificate")):
        if content:
            (tmp_path / name).write_text(content)
        with pytest.raises(InvalidArgument, match="file of certificates"):
            async with HttpClient("https://pigeon.example", dialect=DIALECT, ca_file=tmp_path / name):
                pass


async def test_the_client_is_used_only_inside_its_context():
    with pytest.raises(RuntimeError):
        await HttpClient("https://pigeon.example", dialect=DIALECT).get("/x")


def test_importing_the_transports_loads_neither_httpx_nor_grpc():
    code = "import sys, dragoman.http, dragoman.grpc; print({'httpx', 'grpc'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
