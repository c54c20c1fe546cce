"""Two people with tokens of their own at one account of Glean: each acts as themselves, and sees no more."""

import re
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

PROVIDERS = Path(__file__).parents[2] / "providers"
sys.path[:0] = [str(PROVIDERS), str(PROVIDERS / "glean")]

from glean_service import TOKEN, GleanServer  # noqa: E402  # they lie elsewhere
from glean_store import Tenant  # noqa: E402  # as above
from http_loopback import serving  # noqa: E402  # as above

ANN, BO, NOBODY = create_token(), create_token(), create_token()
SETTINGS = f"""
[accounts.glean]
provider = "glean"
base_url = "BASE"
token = "{TOKEN}"
act_as = "principal"
[auth.tokens.ann]
hash = "{hash_token(ANN)}"
email = "ann@acme.example"
[auth.tokens.bo]
hash = "{hash_token(BO)}"
email = "bo@acme.example"
[auth.tokens.nobody]
hash = "{hash_token(NOBODY)}"
"""
ROOM = "glean:slack.channel.C1"


def shown_to(person: str) -> GleanServer:
    it = Tenant()
    it.add("C1", f"m-{person}", datetime(2024, 6, 3, 16, tzinfo=UTC), f"kestrel for {person}")
    return GleanServer(it, headers={"x-glean-actas": f"{person}@acme.example"})


@pytest.mark.anyio
async def test_each_person_acts_as_themselves_and_finds_nothing_of_the_other(site):
    people = {f"{name}@acme.example": shown_to(name) for name in ("ann", "bo")}

    async def handle(request: httpx.Request) -> httpx.Response:
        return await people[request.headers["x-glean-actas"]].handle(request)

    async with serving(handle) as base:
        with site(SETTINGS.replace("BASE", base)) as server:

            async def call(token: str, tool: str, **arguments: object) -> str:
                return (await anyio.to_thread.run_sync(partial(server.call, tool, token, **arguments))).text

            seen = await call(ANN, "list_messages", conversation=ROOM)
            assert "kestrel for ann" in seen
            number = re.search(r"^(\d+) .*kestrel", seen, re.MULTILINE)[1]
            hidden = await call(BO, "get_message", message=number)
            assert "kestrel" not in hidden
            assert hidden == (await call(BO, "get_message", message="99999")).replace("99999", number)
            assert people["bo@acme.example"].journal == []

            assert "kestrel for bo" in await call(BO, "list_messages", conversation=ROOM)
            for token, mine, other in ((ANN, "ann", "bo"), (BO, "bo", "ann")):
                found = await call(token, "search_messages", query="kestrel")
                assert f"kestrel for {mine}" in found
                assert f"for {other}" not in found
            assert "signed in" in await call(NOBODY, "list_messages", conversation=ROOM)
    for email, glean in people.items():
        assert glean.wrong == []
        assert {seen.headers["x-glean-actas"] for seen in glean.journal} == {email}
