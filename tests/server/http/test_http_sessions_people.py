"""Whose a session is, and what each of its requests may do: that of its own token, never more."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from in_process import running
from issuer import SCOPES
from mcp import Client, MCPError

from dragoman.accounts.workspace import Workspace
from dragoman.core.context.impersonation import acting_for
from dragoman.core.model import Conversation, Page
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.toolset import ToolServices
from dragoman_server.config.auth import AuthSettings, OAuthSettings, TokenSettings
from dragoman_server.config.http import HttpSettings
from dragoman_server.mcp import server as app
from dragoman_server.transports.http.asgi_app.app import build_asgi_app as site_of
from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

ANN, BOB = create_token(), create_token()
SETTINGS = f"""
[http]
sessions = true
[accounts.one]
provider = "local"
path = "one.db"
[auth.tokens.ann]
hash = "{hash_token(ANN)}"
scopes = ["read", "write"]
[auth.tokens.bob]
hash = "{hash_token(BOB)}"
"""
MESSAGE = {"conversation": "one:room", "text": "kestrel", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
READS = ["list_conversations", "list_messages", "get_message", "search_messages", "get_updates"]


def tools(answer):
    return [tool["name"] for tool in answer.message["result"]["tools"]]


def test_a_session_is_not_there_for_others(site):
    with site(SETTINGS) as server:
        session = server.session(ANN)
        assert "kestrel" in session.call("import_message", **MESSAGE).text
        stream = {"headers": session.headers | {"Authorization": f"Bearer {BOB}"}}
        foreign = [session.call("list_conversations", BOB), session.end(BOB), server.request("GET", "/mcp", **stream)]
        assert [(answer.status, answer.sentence) for answer in foreign] == [(404, "Session not found")] * 3
        nobody = {name: value for name, value in session.headers.items() if name != "Authorization"}
        assert [server.request(method, "/mcp", b"{}", nobody).status for method in ("POST", "GET", "DELETE")] == [
            401
        ] * 3
        assert "one:room" in session.call("list_conversations").text
        assert session.end().status == 200


def test_a_question_in_a_session_is_answered_by_nobody_else(site):
    with site(SETTINGS.replace('"one.db"', '"one.db"\nwrite = "confirm"\nask = "client"')) as server:
        session = server.session(ANN, elicitation={})
        call = {"id": 1, "method": "tools/call", "params": {"name": "import_message", "arguments": MESSAGE}}
        with session.begun("POST", call) as answer:
            asked = next(json.loads(line[6:]) for line in answer if line.startswith(b"data: "))
            yes = {"id": asked["id"], "result": {"action": "accept", "content": {"send": True}}}
            assert session.send(yes, BOB).status == 404
            other = server.session(BOB, elicitation={})
            assert other.send(yes).status == 202
            assert session.call("list_conversations").text.startswith("0 conversations")
            assert session.send({"id": asked["id"], "result": {"action": "decline"}}).status == 202
            assert b"othing was imported" in answer.read()


def test_a_token_that_may_only_read_writes_nothing_through_a_session_either(site):
    with site(SETTINGS) as server:
        writer, reader = server.session(ANN), server.session(BOB)
        assert "kestrel" in writer.call("import_message", **MESSAGE).text
        assert len(tools(writer.ask("tools/list"))) == 8
        assert tools(reader.ask("tools/list")) == READS
        refused = reader.call("import_message", **MESSAGE | {"text": "merlin"}).text
        assert refused.startswith("This sign-in may only read.")
        assert "merlin" not in reader.call("list_messages", conversation="one:room").text


def test_each_request_of_a_session_may_do_what_its_own_token_may(behind_issuer, issuer):
    with behind_issuer("sessions = true\n") as server:
        writing = issuer.token(aud=server.url, scope=" ".join(SCOPES))
        reading = issuer.token(aud=server.url, scope=SCOPES[0])
        for opener in (writing, reading):
            session = server.session(opener)
            refused = session.call("import_message", reading, **MESSAGE)
            assert refused.status == 403
            assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
            assert "kestrel" in session.call("import_message", writing, **MESSAGE).text

            def listed(number, session=session):
                return tools(session.ask("tools/list", token=reading if number % 2 else writing))

            with ThreadPoolExecutor(8) as pool:
                lists = list(pool.map(listed, range(60)))
            assert {len(names) for names in lists[::2]} == {8}
            assert all(names == READS for names in lists[1::2])


def test_a_token_that_may_only_read_does_not_answer_for_one_that_may_write(behind_issuer, issuer):
    with behind_issuer("sessions = true\n", 'write = "confirm"\nask = "client"\n') as server:
        reading = issuer.token(aud=server.url, scope=SCOPES[0])
        session = server.session(issuer.token(aud=server.url), elicitation={})
        call = {"id": 1, "method": "tools/call", "params": {"name": "import_message", "arguments": MESSAGE}}
        with session.begun("POST", call) as answer:
            asked = next(json.loads(line[6:]) for line in answer if line.startswith(b"data: "))
            yes = {"id": asked["id"], "result": {"action": "accept", "content": {"send": True}}}
            assert session.send(yes, reading).status == 403
            assert session.call("list_conversations").text.startswith("0 conversations")
            assert session.send(yes).status == 202
            assert b"kestrel" in answer.read()


def test_a_session_is_that_of_a_person_at_a_client(behind_issuer, issuer):
    with behind_issuer("sessions = true\n") as server:
        session = server.session(issuer.token(aud=server.url))
        assert session.ask("tools/list", token=issuer.token(aud=server.url, iat=int(time.time()) - 5)).status == 200
        for other in ({"sub": "bob"}, {"client_id": "another"}):
            assert session.ask("tools/list", token=issuer.token(aud=server.url, **other)).status == 404
        late = issuer.token(aud=server.url, exp=int(time.time()) - 3600)
        assert session.ask("tools/list", token=late).status == 401


class PersonalSettings(AccountSettings):
    @property
    def personal(self) -> bool:
        return True


class Mirror(Provider):
    """Shows everybody who they are."""

    name = "mirror"
    Settings = PersonalSettings

    async def list_conversations(self, query):
        return Page(items=[Conversation(id="room", title=f"room of {acting_for.get()}")])


@pytest.fixture
async def services(monkeypatch, tmp_path):
    monkeypatch.setattr("dragoman.accounts.workspace.provider_class", lambda _name: Mirror)
    async with Workspace.open({"far": PersonalSettings(provider="mirror")}, tmp_path / "s.db") as workspace:
        yield ToolServices(workspace)


@pytest.mark.anyio
async def test_each_request_of_a_session_acts_for_the_person_of_its_own_token(services, issuer):
    settings = HttpSettings(sessions=True, public_url="http://127.0.0.1/mcp")
    auth = AuthSettings(tokens={}, oauth=OAuthSettings(issuer=issuer.url))
    async with running(site_of(app.build(services), services.workspace, settings, auth=auth)) as client:

        async def post(number, method, params, email, **headers):
            token = issuer.token(aud=settings.url, email=email)
            body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            said = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}", **headers}
            return await client.post("/mcp", json=body, headers=said)

        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        session = (await post(0, "initialize", params, "opener@example.com")).headers["mcp-session-id"]

        async def look(number):
            email = f"person-{number}@example.com" if number % 3 else None
            call = {"name": "list_conversations", "arguments": {}}
            answer = await post(number, "tools/call", call, email, **{"Mcp-Session-Id": session})
            assert answer.status_code == 200
            assert f"room of {email}" in answer.text
            assert "opener" not in answer.text

        async with anyio.create_task_group() as group:
            for number in range(1, 20):
                group.start_soon(look, number)


@pytest.mark.anyio
async def test_a_message_of_which_nobody_knows_who_sent_it_is_not_worked_on(services):
    server = app.build(services)
    auth = AuthSettings(tokens={"ann": TokenSettings(hash=hash_token(ANN))})
    site_of(server, services.workspace, HttpSettings(sessions=True), auth=auth)
    async with Client(server, mode="2026-07-28") as client:  # past the entrance
        for ask in (client.list_tools, lambda: client.call_tool("list_conversations", {}), client.list_resources):
            with pytest.raises(MCPError, match="The server cannot tell who asks"):
                await ask()
