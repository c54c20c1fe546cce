"""Web pages of configured origins may call; browsers are told nothing about others."""

import pytest

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

TOKEN = create_token()
SETTINGS = f"""
[http]
allowed_origins = ["https://app.example.com"]
[auth.tokens.ann]
hash = "{hash_token(TOKEN)}"
"""
PAGE = "https://app.example.com"


@pytest.fixture
def server(site):
    with site(SETTINGS) as running:
        yield running


def preflight(server, origin, method="POST", headers="authorization,content-type,mcp-method,mcp-name"):
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return server.request("OPTIONS", "/mcp", headers=asked)


def cors(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_pages_of_configured_origins_may_call_and_read_and_others_are_told_nothing(server):
    allowed = preflight(server, PAGE, headers="authorization,content-type,mcp-protocol-version,mcp-method,mcp-name")
    assert allowed.status == 200
    assert cors(allowed)["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in allowed.headers
    assert preflight(server, PAGE, method="DELETE").status == 400
    assert preflight(server, PAGE, headers="x-other").status == 400

    answer = server.ask("tools/list", token=TOKEN, Origin=PAGE)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    refused = server.ask("tools/list", Origin=PAGE)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, PAGE)
    assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]

    for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", "http://app.example.com", f"{PAGE}:444"):
        assert (preflight(server, origin).status, cors(preflight(server, origin))) == (403, {})
    near = preflight(server, "http://localhost:6274")
    assert cors(near) == {}
    assert near.status in {401, 405}
    assert cors(server.ask("tools/list", token=TOKEN, Origin="http://localhost:6274")) == {}


def test_pages_hear_of_sessions_only_where_there_are_sessions(site):
    with site(SETTINGS) as server:
        assert preflight(server, PAGE, headers="mcp-session-id").status == 400
        exposed = server.ask("tools/list", token=TOKEN, Origin=PAGE).headers["access-control-expose-headers"]
        assert "Mcp-Session-Id" not in exposed
    with site(SETTINGS.replace("[http]", "[http]\nsessions = true")) as server:
        for method in ("GET", "POST", "DELETE"):
            assert preflight(server, PAGE, method=method, headers="authorization,mcp-session-id").status == 200
        assert preflight(server, PAGE, method="PUT").status == 400
        assert preflight(server, "https://evil.example", method="DELETE").status == 403
        session = server.session(TOKEN)
        answer = session.site.request("DELETE", "/mcp", headers=session.headers | {"Origin": PAGE})
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, PAGE)
        assert "Mcp-Session-Id" in answer.headers["access-control-expose-headers"]
