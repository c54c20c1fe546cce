import json
import zlib

import pytest
from pydantic import BaseModel
from raw_service import http, serving

from dragoman.core.errors import (
    BadResponse,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.transport.credentials import Secret, bearer
from dragoman.transport.error_mapping import ErrorWords
from dragoman.transport.http import HttpClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PROFILE = ServiceProfile(service="Pigeon Post")
PAGE = "<html><head><title>Login</title></head><body>Sign in</body></html>"


class Letter(BaseModel):
    id: str
    size: int = 0


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", "nonsense"])
async def test_json_is_read_whatever_its_content_type_says(content_type):
    async with (
        serving(http(200, '{"a": "ä"}', headers={"content-type": content_type})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
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
            HttpClient(service.url, profile=PROFILE) as client,
        ):
            assert (await client.get("/x")).body == text


async def test_a_model_is_validated_and_a_misfit_names_its_place():
    async with (
        serving(http(200, {"id": "1", "new": 2}), http(200, {"id": {"secret": 1}})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
    ):
        assert (await client.get("/x", model=Letter)).value == Letter(id="1")
        with pytest.raises(BadResponse, match=r"at id") as caught:
            await client.get("/x", model=Letter)
    assert "secret" not in str(caught.value)
    assert len(service.requests) == 3


async def test_a_written_message_with_an_unreadable_answer_is_said_to_be_probably_written():
    async with serving(http(200, {"no": "id"})) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(OutcomeUnknown, match="probably did what was asked; the outcome is unknown"):
            await client.request("POST", "/x", kind="write", model=Letter)


async def test_an_answer_can_be_text_or_nothing():
    async with (
        serving(http(200, "plain"), http(200, "ignored"), http(204)) as service,
        HttpClient(service.url, profile=PROFILE) as client,
    ):
        assert (await client.get("/x", body="text")).value == "plain"
        assert (await client.request("DELETE", "/x", kind="write", body="none")).value is None
        answer = await client.request("DELETE", "/x", kind="write")
    assert (answer.value, answer.status) == (None, 204)


async def test_an_answer_that_a_provider_finds_senseless_is_an_error_of_its_kind():
    async with (
        serving(http(200, {}, headers={"x-request-id": "r-1"})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
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
    async with serving(reply) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(DragomanError) as caught:
            await client.get("/x")
    assert f'"{expected}"' in str(caught.value)


async def test_foreign_words_are_cut_cleaned_and_rid_of_credentials_and_pages():
    token = Secret("pigeon-secret-77")
    words = "pigeon-secret-77 \u202eevil\x1b[31m " + "long " * 100
    async with (
        serving(http(400, {"message": words}), http(400, PAGE), http(400, {"message": PAGE})) as service,
        HttpClient(service.url, profile=PROFILE, authorize=bearer(token)) as client,
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
            return ErrorWords(
                error=Unauthenticated, message="The token speaks for nobody.", hint="Set act_as.", request_id="b-9"
            )
        return None

    profile = ServiceProfile(service="Pigeon Post", explain=explain)
    async with (
        serving(http(400, "Required header missing: X-ActAs")) as service,
        HttpClient(service.url, profile=profile) as client,
    ):
        with pytest.raises(Unauthenticated) as caught:
            await client.get("/x")
    assert str(caught.value) == "The token speaks for nobody. Set act_as."
    assert caught.value.request_id == "b-9"


async def test_an_explanation_never_makes_an_uncertain_write_certain():
    profile = ServiceProfile(explain=lambda _: ErrorWords(error=NotFound))
    async with serving(http(500)) as service, HttpClient(service.url, profile=profile) as client:
        with pytest.raises(OutcomeUnknown):
            await client.request("POST", "/x", kind="write")


async def test_used_up_credits_are_a_question_of_permission():
    async with serving(http(402)) as service, HttpClient(service.url, profile=PROFILE) as client:
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
    async with serving(reply) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(NotFound) as caught:
            await client.get("/x")
    assert caught.value.request_id == expected


def _status_of(body):
    """As of a service that answers 200 whatever happened."""
    return {"denied": 403, "busy": 429, "broken": 500}.get(body.get("error"), 0)


TELLS_IN_BODY = ServiceProfile(service="Pigeon Post", status_of=_status_of, retry_on=frozenset({429, 500}))


@pytest.mark.parametrize(
    ("kind", "error", "kinds", "requests"),
    [
        ("read", "denied", PermissionDenied, 1),
        ("write", "denied", PermissionDenied, 1),
        ("read", "broken", Unavailable, 4),
        ("write", "broken", OutcomeUnknown, 1),
        ("write", "busy", RateLimited, 4),
    ],
)
async def test_a_failure_that_is_told_in_a_body_of_200_is_the_failure_of_its_status(kind, error, kinds, requests):
    answers = [http(200, {"ok": False, "error": error})] * 4
    async with serving(*answers) as service, HttpClient(service.url, profile=TELLS_IN_BODY) as client:
        with pytest.raises(kinds):
            await client.request("POST", "/x", kind=kind, json={})
    assert len(service.requests) == requests


async def test_a_failure_in_a_body_is_repeated_where_that_is_harmless_and_then_it_works():
    answers = [http(200, {"error": "busy"}, headers={"retry-after": "1"}), http(200, {"id": "m1"})]
    async with serving(*answers) as service, HttpClient(service.url, profile=TELLS_IN_BODY) as client:
        answer = await client.request("POST", "/x", kind="write", json={}, model=Letter)
    assert answer.value.id == "m1"
    assert len(service.requests) == 2
