"""Calls to a service that has an address for each method, and values that are asked for once."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import anyio
import httpx
import pytest

from dragoman import Unavailable
from dragoman.providers.kit import HttpAccount, error_table
from dragoman.providers.kit.lookup import AskedOnce
from dragoman.providers.kit.method_api import MethodApi, MethodTable
from dragoman.transport.rate_limiter import Rate

pytestmark = pytest.mark.anyio
KEY = "a-key-of-the-tests"
HEADERS = {"x-oauth-scopes": "read,write", "date": "Tue, 10 Mar 2026 09:00:00 GMT"}


TABLE = """
[[rate]]
minute = 120
burst = 5
methods = ["", "rooms.list"]

[arguments]
tenant = ["rooms.list"]
"""


@asynccontextmanager
async def calling(answer, table=None, **values):
    account = HttpAccount(provider="acme", base_url="https://acme.example/api", token=KEY)
    async with account.client(error_table("Acme", {}), transport=httpx.MockTransport(answer)) as client:
        yield MethodApi(client, table, **values)


@pytest.mark.parametrize(("tenant", "sent"), [("t1", {"tenant": "t1", "limit": "5"}), (None, {"limit": "5"})])
async def test_what_is_the_same_in_all_calls_goes_along_with_the_methods_that_take_it(tmp_path, tenant, sent):
    file, asked = tmp_path / "methods.toml", []
    file.write_text(TABLE)
    table = MethodTable(file)
    assert table.rates == {"": Rate(2, 5), "rooms.list": Rate(2, 5)}

    def answer(request):
        asked.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(200, json={})

    async with calling(answer, table, tenant=tenant) as api:
        await api.read("rooms.list", limit=5)
        await api.read("rooms.info", limit=5)
    assert asked == [sent, {"limit": "5"}]


async def test_arguments_stay_out_of_addresses_and_what_the_answer_tells_is_learnt():
    asked = []

    def answer(request):
        asked.append(request)
        return httpx.Response(200, json={"ok": True}, headers=HEADERS)

    async with calling(answer) as api:
        assert (api.scopes.include("read"), api.service_time) == (None, None)
        assert await api.read("rooms.list", limit=5, cursor=None) == {"ok": True}
        await api.write("rooms.post", {"text": "Hi"}, place="r1")
        assert (api.scopes.include("read"), api.scopes.include("admin")) == (True, False)
        assert api.service_time == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert [one.url.path for one in asked] == ["/api/rooms.list", "/api/rooms.post"]
    assert not any(one.url.query for one in asked)
    assert dict(parse_qsl(asked[0].content.decode())) == {"limit": "5"}
    assert json.loads(asked[1].content) == {"text": "Hi"}


async def test_a_list_is_read_to_its_end_and_a_cursor_that_comes_back_ends_it():
    def answer(request):
        cursor = int(dict(parse_qsl(request.content.decode())).get("cursor", "0"))
        return httpx.Response(200, json={"items": [cursor], "next": str(min(cursor + 1, 2))})

    async with calling(answer) as api:
        parts = api.parts("items", dict[str, object], lambda part: str(part["next"]), {"limit": 1})
        assert [part["items"] async for part in parts] == [[0], [1], [2]]


async def test_a_value_is_asked_for_once_by_all_who_need_it_and_again_after_a_failure():
    asked, failing = [], [True]

    async def fetch():
        asked.append(1)
        await anyio.lowlevel.checkpoint()
        if failing:
            raise Unavailable("Not now.")
        return "ann"

    once = AskedOnce(fetch)
    assert await once.get_or_none() is None
    with pytest.raises(Unavailable):
        await once.get()
    failing.clear()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(once.get)
    assert (len(asked), once.value, await once.get_or_none()) == (3, "ann", "ann")
