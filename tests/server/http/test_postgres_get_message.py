"""How often a tool call waits for PostgreSQL, counted between the two, over every way to call a tool.

A server is asked once before, so that it has a connection. What it writes after the answer (counts of calls, up to
half a minute later) is no part of a call.
"""

import re
from contextlib import contextmanager

import pytest
from postgres_wire import PostgresWire
from sites import serving_http
from stdio_server import serving

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token
from outside_provider import install_provider

MOST = 2
FAR = '''
"""A service with a room of three messages, the last of which answers the first."""

from dragoman.core.model import Author, Conversation, Message, Page
from dragoman.providers.base.provider import AccountSettings, Provider


class Settings(AccountSettings):
    @property
    def personal(self):
        return True


class Far(Provider):
    name = "far"
    Settings = Settings

    async def list_conversations(self, query):
        return Page(items=[Conversation(id="room", title="Far room")])

    async def get_conversation(self, conversation):
        return Conversation(id=conversation, title="Far room")

    async def list_messages(self, conversation, query):
        return Page(items=[self._message(conversation, id_) for id_ in ("a", "b", "c")])

    async def get_message(self, conversation, message):
        return self._message(conversation, message)

    def _message(self, conversation, id_):
        reply_to = "a" if id_ == "c" else None
        written = {"author": Author(name="Ann"), "sent_at": None, "text": f"far {id_}"}
        return Message(id=id_, conversation=conversation, reply_to=reply_to, **written)
'''
NEAR = FAR.replace('"far"', '"near"').replace("class Far", "class Near").replace("return True", "return False")
TOKEN = create_token()
SETTINGS = """
store = "STORE"
[accounts.local]
provider = "local"
[accounts.full]
provider = "near"
[accounts.numbers]
provider = "near"
remember = "numbers"
[accounts.personal]
provider = "far"
"""
SIGNED_IN = f"""
[auth.tokens.ann]
hash = "{hash_token(TOKEN)}"
scopes = ["read", "write"]
email = "ann@example.com"
accounts = ["local", "full", "numbers", "personal"]
[auth.tokens.bo]
hash = "{hash_token(create_token())}"
"""
LOCAL = [
    {"conversation": "local:room", "text": f"near {n}", "author": "Ann", "sent_at": f"2026-03-10T09:0{n}:00Z"}
    for n in range(3)
]


@pytest.fixture
def providers(tmp_path, monkeypatch, environment):
    site = tmp_path / "site"
    install_provider(site, "far", FAR, "Far")
    install_provider(site, "near", NEAR, "Near")
    monkeypatch.syspath_prepend(site)
    environment["PYTHONPATH"] = str(site)


@pytest.fixture(params=["direct", "pooled"])
def wire(request, postgres_server, pgbouncer_port, postgres_address):
    """A proxy before the database or before a pooler, and an address through it."""
    if request.param == "pooled" and pgbouncer_port is None:
        pytest.skip("PgBouncer is not installed")
    proxy = PostgresWire(pgbouncer_port if request.param == "pooled" else postgres_server.port)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def over_stdio(environment, folder, settings):
    file = folder / "dragoman.toml"
    file.write_text(settings)
    with serving(environment, folder, "--config", str(file)) as server:
        server.greet()

        def call(tool, **arguments):
            answer = server.ask(1, "tools/call", {"name": tool, "arguments": arguments})
            return answer["result"]["content"][0]["text"]

        yield call


@contextmanager
def over_http(environment, folder, settings):
    with serving_http(environment, folder, settings) as server:
        yield lambda tool, **arguments: server.call(tool, **arguments).text


@contextmanager
def signed_in(environment, folder, settings):
    with serving_http(environment, folder, settings + SIGNED_IN) as server:
        yield lambda tool, **arguments: server.call(tool, TOKEN, **arguments).text


def write_with_another_server(environment, folder, address, way):
    """Numbers that another server gives to messages, by their texts."""
    (folder / "other").mkdir()
    with way(environment, folder / "other", SETTINGS.replace("STORE", address)) as call:
        for one in LOCAL:
            call("import_message", **one)
        listed = [
            call("list_messages", conversation=f"{name}:room") for name in ("local", "full", "numbers", "personal")
        ]
        given = re.findall(r"^>?(\d+) .*((?:near|far) \w)$", "\n".join(listed), re.MULTILINE)
    assert len(given) == 12
    return [number for number, _ in given]


def require_few_trips(call, wire, **arguments):
    for _ in range(2):  # once more where the server has noted just now how often it was called
        with wire.counting() as trips:
            answer = call("get_message", **arguments)
        if not any("tally" in one for one in trips.messages):
            break
    told = "\n".join([f"{trips.count} round trips, {trips.connections} connections", answer, *trips.messages])
    assert trips.count <= MOST, told
    assert trips.connections == 0, told
    return answer


@pytest.mark.parametrize("way", [over_stdio, over_http, signed_in])
def test_a_message_is_got_by_its_number_in_two_round_trips_whoever_has_given_the_number(
    way, wire, postgres_address, providers, environment, tmp_path
):
    numbers = write_with_another_server(environment, tmp_path, postgres_address, way)
    with way(environment, tmp_path, SETTINGS.replace("STORE", wire.address(postgres_address))) as call:
        call("get_message", message="999998")
        for number in numbers:
            first = require_few_trips(call, wire, message=number)
            assert re.search(f"^>?{number} ", first, re.MULTILINE)
            assert require_few_trips(call, wire, message=number) == first
        for number in ("999999", "0", "9" * 18):
            assert "There is no message" in require_few_trips(call, wire, message=number)
