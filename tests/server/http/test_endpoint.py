"""Where the endpoint is and in which form it answers, as clients of today ask for it."""

import json

import pytest
from sites import serving_http
from stdio_server import fresh_environment

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

TOKEN = create_token()
SETTINGS = f"""
[http]
public_url = "https://mcp.example.com/mcp"
[auth.tokens.ann]
hash = "{hash_token(TOKEN)}"
scopes = ["read", "write"]
"""
OUTSIDE = {"Host": "mcp.example.com", "X-Forwarded-Proto": "https", "Content-Type": "application/json"}
BOTH = "application/json, text/event-stream"
CALL = {"name": "list_conversations", "arguments": {}}
JSON_ONLY = ["application/json", "application/json;q=0.9", "Application/JSON; charset=utf-8", "application/*",
             "*/*, text/event-stream;q=0", "application/json, text/html", "application/json, text/*;q=0.0"]  # fmt: skip
EVENTS_ONLY = ["text/event-stream", "text/*", "text/event-stream, application/json;q=0", "text/event-stream;q=0.1"]
NEITHER = ["text/html", "image/png, text/plain", "*/*;q=0", "application/json;q=0, text/event-stream;q=0"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving_http(fresh_environment(folder), folder, SETTINGS) as running:
        yield running


def post(running, path, accept=BOTH, *, token=TOKEN, body=None, **more):
    headers = OUTSIDE | {name.replace("_", "-"): value for name, value in more.items()}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Accept": accept} if accept is not None else {}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL}
    return running.request("POST", path, json.dumps(body or message).encode(), headers)


def test_the_endpoint_is_the_same_however_its_slashes_are_written(server):
    for path in ("/mcp/", "//mcp", "/mcp//", "/%6dcp/", "/mcp/?a=b", "//mcp//?", "/mcp"):
        assert post(server, path).text.startswith("0 conversations"), path
        refused = post(server, path, token=None)
        assert refused.status == 401, path
        assert refused.headers["www-authenticate"].startswith("Bearer"), path
        got = server.request("GET", path, headers=OUTSIDE | {"Authorization": f"Bearer {TOKEN}"})
        assert got.status == 405, path


def test_nobody_is_ever_sent_elsewhere(server):
    for path in (
        "/",
        "/healthz/",
        "/readyz/",
        "//healthz",
        "/mcp/other",
        "/MCP",
        "/elsewhere/",
        "/%2e%2e/mcp",
        "/mcp/",
    ):
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            answer = server.request(method, path, headers=OUTSIDE)
            assert "location" not in answer.headers, (method, path)
            assert not 300 <= answer.status < 400, (method, path)
    assert [server.get(path).status for path in ("/healthz/", "//healthz", "/readyz//")] == [200] * 3


def test_metadata_of_the_issuer_is_found_with_a_slash_behind_it(behind_issuer):
    with behind_issuer() as running:
        plain, slash = (running.get(f"/.well-known/oauth-protected-resource/mcp{end}") for end in ("", "/"))
    assert (plain.status, plain.body) == (slash.status, slash.body)
    assert plain.status == 200


def test_who_takes_one_form_only_is_answered_in_it(server):
    for form, ranges in {"application/json": JSON_ONLY, "text/event-stream": EVENTS_ONLY}.items():
        for accept in ranges:
            for version in ("2025-06-18", "2026-07-28", None):
                answer = ask_in(server, version, accept)
                assert answer.status == 200, (accept, version)
                assert answer.headers["content-type"].startswith(form), (accept, version)
                assert answer.text.startswith("0 conversations"), (accept, version)


def test_who_takes_anything_is_answered(server):
    for accept in (None, "", "*/*", BOTH, "text/html, */*;q=0.1", "application/*, text/*"):
        assert post(server, "/mcp", accept).text.startswith("0 conversations"), accept


def test_who_takes_neither_is_told_what_there_is(server):
    for accept in NEITHER:
        answer = post(server, "/mcp", accept)
        assert answer.status == 406, accept
        assert "application/json" in answer.sentence
        assert "text/event-stream" in answer.sentence


def test_notifications_and_failures_keep_their_form_whatever_is_accepted(server):
    wrong = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "no_such_tool", "arguments": {}}}
    for accept in ("application/json", "text/event-stream"):
        told = post(server, "/mcp", accept, body={"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert told.status == 202
        answer = post(server, "/mcp", accept, body=wrong, MCP_Protocol_Version="2025-06-18")
        assert (answer.message["id"], answer.message["error"]["code"]) == (7, -32602)


def test_progress_is_left_out_where_only_one_answer_can_be_given(server):
    params = CALL | {"_meta": {"progressToken": "p"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    assert post(server, "/mcp", "application/json", body=body).text.startswith("0 conversations")


def test_a_session_serves_who_takes_json_only_and_does_not_wait_for_an_answer_that_cannot_come(site):
    settings = '[http]\nsessions = true\n[accounts.local]\nprovider = "local"\nwrite = "confirm"\n'
    with site(settings) as running:
        session = running.session(elicitation={})
        arguments = {"conversation": "local:room", "author": "Ann", "sent_at": "2026-03-10", "text": "Hi"}
        message = {"jsonrpc": "2.0", "id": 5, "method": "tools/call",
                   "params": {"name": "import_message", "arguments": arguments}}  # fmt: skip
        answer = running.post(json.dumps(message).encode(), Accept="application/json", Mcp_Session_Id=session.id)
        assert answer.headers["content-type"].startswith("application/json")
        assert "confirm=" in answer.text


def ask_in(running, version, accept):
    if version != "2026-07-28":
        more = {} if version is None else {"MCP_Protocol_Version": version}
        return post(running, "/mcp", accept, **more)
    return running.ask_modern("tools/call", CALL, TOKEN, Accept=accept)
