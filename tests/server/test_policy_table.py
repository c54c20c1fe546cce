"""Every policy with every write, every kind of client and every era: written is what is allowed and agreed to."""

import mcp_types as types
import pytest

from dragoman.accounts import provider_registry
from dragoman.testing import ToolError, connect
from dragoman.testing.journal_service import JournalService
from dragoman_server.mcp import elicitation
from dragoman_server.mcp.known_hosts import HostTraits

pytestmark = pytest.mark.anyio

ANSWERS = {
    "accepts": types.ElicitResult(action="accept", content={"send": True}),
    "declines": types.ElicitResult(action="decline"),
    "cancels": types.ElicitResult(action="cancel"),
    "cannot ask": None,
}
TOOLS = {
    "send_message": {"conversation": "post:room", "text": "Hello"},
    "import_message": {"conversation": "post:room", "text": "Hello", "author": "Ann", "sent_at": "2026-03-10"},
    "update_message": {"text": "Hello"},
}
POLICIES = {
    "off": {"write": "off"},
    "elsewhere": {"write": "allow", "write_to": ["post:hall"]},
    "confirm": {"write": "confirm"},
    "allow": {"write": "allow"},
}


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setitem(provider_registry.BUILT_IN, "journal", "dragoman.testing.journal_service:JournalProvider")
    return JournalService(tmp_path / "service")


@pytest.fixture(autouse=True)
def thoughtful(monkeypatch):
    """Every answer comes from a person, however quickly."""
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=-1.0))


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("policy", POLICIES)
async def test_only_what_is_allowed_and_agreed_to_reaches_the_service(service, tmp_path, policy, tool, answer, mode):
    message = service.say("room", "Before")
    arguments = TOOLS[tool] | ({"message": f"post:room/{message}"} if tool == "update_message" else {})
    asked = []

    async def user(_context, params):
        asked.append(params)
        return ANSWERS[answer]

    account = {"provider": "journal", "folder": str(service.folder), **POLICIES[policy]}
    more = {} if answer == "cannot ask" else {"elicitation_callback": user}
    async with connect({"timezone": "UTC", "accounts": {"post": account}}, data=tmp_path, mode=mode, **more) as client:
        listed = {one.name for one in (await client.list_tools()).tools}
        try:
            said = await client.call(tool, **arguments)
        except ToolError as error:
            said = str(error)
    written = len(service.entries()) == 2
    assert (tool in listed) == (policy != "off")
    assert written == (policy == "allow" or (policy == "confirm" and answer == "accepts"))
    assert written != ("othing was" in said), said
    assert bool(asked) == (policy == "confirm" and answer != "cannot ask")
    assert ("confirm=" in said) == (policy == "confirm" and answer == "cannot ask")
