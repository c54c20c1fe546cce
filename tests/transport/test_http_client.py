import gc
import subprocess
import sys
from http.cookiejar import Cookie

import pytest
from raw_service import http, serving

from dragoman.core.errors import (
    BadResponse,
    InvalidArgument,
)
from dragoman.transport.credentials import Secret, bearer
from dragoman.transport.http import HttpClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PROFILE = ServiceProfile(service="Pigeon Post")


async def test_a_request_is_exactly_what_was_asked_for():
    async with (
        serving(http(200, {})) as service,
        HttpClient(f"{service.url}/v1/", profile=PROFILE, headers={"X-Team": "a"}) as client,
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
    async with serving(http(200, {})) as service, HttpClient(service.url, profile=PROFILE) as client:
        await client.request("POST", "/x", kind="read")
        await client.request("POST", "/x", kind="read", json={})
    bare, empty = service.requests
    assert (bare.body, "content-type" in bare.headers) == (b"", False)
    assert (empty.body, empty.headers["content-type"]) == (b"{}", "application/json")


async def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with serving(http(200, {})) as service, serving(http(502, {})) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with HttpClient(service.url, profile=PROFILE, authorize=bearer(Secret("abcdef"))) as client:
            await client.get("/x")
    assert (len(service.requests), proxy.connections) == (1, 0)


async def test_connections_are_kept_and_cookies_are_not():
    answers = [http(200, {}, headers={"set-cookie": f"track-{number}=1; Path=/"}) for number in range(3)]
    async with serving(*answers) as service, HttpClient(service.url, profile=PROFILE) as client:
        for _ in answers:
            await client.get("/x")
        held = [one.name for one in gc.get_objects() if type(one) is Cookie]
    assert not held, "each cookie that a service sets would stay in memory"
    assert service.connections == 1
    assert not any("cookie" in request.headers for request in service.requests)


async def test_redirects_within_the_service_are_followed_for_reads():
    moved = http(307, headers={"location": "/v2/x?y=1"})
    async with (
        serving(moved, http(200, {"a": 1})) as service,
        HttpClient(service.url, profile=PROFILE, authorize=bearer(Secret("abcdef"))) as client,
    ):
        assert (await client.request("POST", "/x", kind="read", json={"q": 1})).value == {"a": 1}
    first, second = service.requests
    assert (second.method, second.target, second.body) == ("POST", "/v2/x?y=1", first.body)
    assert second.headers["authorization"] == "Bearer abcdef"


async def test_a_redirect_that_would_turn_a_post_into_a_get_is_refused():
    async with (
        serving(http(302, headers={"location": "/y"})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
    ):
        with pytest.raises(BadResponse):
            await client.request("POST", "/x", kind="read", json={})
    assert len(service.requests) == 1


async def test_credentials_never_follow_a_redirect_to_another_port():
    async with serving(http(200, {})) as other:
        async with (
            serving(http(307, headers={"location": f"{other.url}/steal"})) as service,
            HttpClient(service.url, profile=PROFILE, authorize=bearer(Secret("abcdef"))) as client,
        ):
            with pytest.raises(BadResponse, match="another host, which gets no credentials"):
                await client.get("/x")
        assert other.connections == 0


@pytest.mark.parametrize(
    "options", [{"json": {"text": "\ud800"}}, {"json": {"n": float("nan")}}, {"query": {"q": "\ud800"}}]
)
async def test_text_that_cannot_be_sent_is_refused_before_sending(options):
    async with serving() as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(InvalidArgument):
            await client.request("POST", "/x", kind="write", **options)
    assert service.requests == []


def test_a_header_that_cannot_be_sent_is_refused_without_its_value():
    with pytest.raises(InvalidArgument, match="x-team") as caught:
        HttpClient("https://pigeon.example", profile=PROFILE, headers={"x-team": "Größe\n"})
    assert "Größe" not in str(caught.value)


async def test_a_file_of_certificates_that_is_none_is_named(tmp_path):
    for name, content in (("missing.pem", None), ("garbage.pem", "no certificate")):
        if content:
            (tmp_path / name).write_text(content)
        with pytest.raises(InvalidArgument, match="file of certificates"):
            async with HttpClient("https://pigeon.example", profile=PROFILE, ca_file=tmp_path / name):
                pass


async def test_the_client_is_used_only_inside_its_context():
    with pytest.raises(RuntimeError):
        await HttpClient("https://pigeon.example", profile=PROFILE).get("/x")


def test_importing_the_transports_loads_neither_httpx_nor_grpc():
    code = "import sys, dragoman.transport.http, dragoman.transport.grpc; print({'httpx', 'grpc'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


async def test_a_form_is_a_body_of_its_own_kind_that_is_never_part_of_the_address():
    async with serving(http(200, {})) as service, HttpClient(service.url, profile=PROFILE) as client:
        await client.request("POST", "/x", kind="read", form={"text": "höher & 👍=1", "full": "true"})
    [request] = service.requests
    assert request.target == "/x"
    assert request.body == b"text=h%C3%B6her%20%26%20%F0%9F%91%8D%3D1&full=true"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
