"""Settings, checking, names, limits: what an account is beside its messages."""

import subprocess
import sys
from pathlib import Path

import anyio
import httpx
import pytest
from datagrid_service import KEY, Datagrid, ok, opened, refused
from pydantic import ValidationError

from dragoman.accounts.provider_registry import provider_class
from dragoman.core.errors import BadResponse, NotFound, PermissionDenied, RateLimited, Unauthenticated
from dragoman.providers.base.provider import AccountSettings, Capability, Draft, MessageQuery
from dragoman.providers.datagrid import DatagridProvider, DatagridSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_1"


def test_the_registry_finds_it():
    assert provider_class("datagrid") is DatagridProvider


def test_it_can_do_what_the_service_can():
    assert DatagridProvider.capabilities() == {
        Capability.LIST_CONVERSATIONS, Capability.LIST_MESSAGES, Capability.GET_MESSAGE, Capability.SEND_MESSAGE,
    }  # fmt: skip


def test_importing_it_loads_no_transport():
    code = (
        "import sys, dragoman.providers.datagrid; print([m for m in ('httpx', 'grpc', 'google') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_settings_are_those_of_the_design():
    settings = DatagridSettings(token=KEY)
    assert settings.base_url == "https://api.datagrid.com/v1"
    assert (settings.teamspace, settings.agent_id, settings.ca_file) == (None, None, None)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    "wrong", [{"tokn": "x"}, {"teamspace": ""}, {"teamspace": "two words"}, {"teamspace": "ü"}, {"agent_id": ""}]
)
def test_wrong_settings_are_errors(wrong):
    with pytest.raises(ValidationError):
        DatagridSettings(token=KEY, **wrong)


def test_a_key_is_needed():
    with pytest.raises(ValidationError, match="token"):
        DatagridSettings()


@pytest.mark.parametrize("url", ["http://example.com/v1", "ftp://example.com", "https://user:pw@example.com"])
async def test_an_address_that_cannot_be_used_is_refused_with_the_settings(url):
    with pytest.raises(ValueError, match="base_url"):
        DatagridSettings(token=KEY, base_url=url)


async def test_the_teamspace_goes_along_with_every_call():
    datagrid = Datagrid(teamspace="ts_88")
    datagrid.converse_about(ROOM, ["Hi", "Hello"])
    async with opened(datagrid, teamspace="ts_88") as account:
        await account.check()
        await account.list_messages(ROOM, MessageQuery())
        await account.send_message(ROOM, Draft(text="Hi"))
    assert {one.headers["datagrid-teamspace"] for one in datagrid.journal} == {"ts_88"}


async def test_checking_costs_one_call():
    datagrid = Datagrid()
    async with opened(datagrid) as account:
        assert await account.check() == "the key is accepted in teamspace ts_88"
    assert [one.operation for one in datagrid.journal] == ["GET /identity"]


@pytest.mark.parametrize("body", [{"error": "forbidden", "message": "No."}, {}, {"object": "list", "data": []}])
async def test_checking_takes_nothing_for_an_identity_that_names_nobody(body):
    datagrid = Datagrid()
    datagrid.before = lambda _: ok(body)
    async with opened(datagrid) as account:
        with pytest.raises(BadResponse, match="does not say whose key"):
            await account.check()


async def test_checking_names_a_teamspace_that_is_not_reached():
    async with opened(Datagrid(teamspace="ts_1"), teamspace="ts_1") as account:
        assert "`teamspace` ts_1 is not among" in await account.check()


async def test_checking_finds_the_agent_of_the_settings():
    async with opened(Datagrid(), agent_id="agent_1") as account:
        assert (await account.check()).endswith("Harbor Tower answers")
    async with opened(Datagrid(), agent_id="agent_x") as account:
        with pytest.raises(NotFound, match=r"no agent.*agent_id"):
            await account.check()


@pytest.mark.parametrize(
    ("status", "kind", "setting"), [(401, Unauthenticated, "`token`"), (403, PermissionDenied, "`teamspace`")]
)
async def test_checking_names_the_setting_to_correct(status, kind, setting):
    datagrid = Datagrid(before=lambda _: refused(status, "No"))
    async with opened(datagrid) as account:
        with pytest.raises(kind, match=setting):
            await account.check()


async def test_the_other_shape_of_errors_is_read_as_well():
    problem = {"type": "x", "title": "Conflict", "status": 403, "detail": "Not for you", "errors": [{"message": "m"}]}
    answer = httpx.Response(403, json=problem, headers={"content-type": "application/problem+json"})
    async with opened(Datagrid(before=lambda _: answer)) as account:
        with pytest.raises(PermissionDenied, match="Not for you"):
            await account.check()


async def test_a_key_that_is_repeated_by_the_service_is_not_shown():
    async with opened(Datagrid(before=lambda _: refused(401, f"Bad key {KEY}"))) as account:
        with pytest.raises(Unauthenticated) as caught:
            await account.check()
    assert KEY not in str(caught.value)


# rate limits


async def test_a_used_up_limit_is_waited_for_before_it_is_hit(waits):
    datagrid = Datagrid()
    datagrid.converse_about(ROOM, ["Hi", "Hello"])

    def used_up(_, answer):
        answer.headers.update({"x-ratelimit-remaining": "0", "retry-after": "7"})

    datagrid.after = used_up
    async with opened(datagrid) as account:
        await account.list_messages(ROOM, MessageQuery())
        assert not waits
        await account.check()
        assert not waits
        await account.list_messages(ROOM, MessageQuery())
    assert [round(one) for one in waits] == [7]


async def test_a_limit_that_opens_much_later_is_an_error_without_a_call():
    datagrid = Datagrid()
    datagrid.converse_about(ROOM, ["Hi", "Hello"])

    def used_up(_, answer):
        answer.headers.update({"x-ratelimit-remaining": "0", "retry-after": "55"})

    async with opened(datagrid) as account:
        datagrid.after = used_up
        await account.list_messages(ROOM, MessageQuery())
        datagrid.journal.clear()
        with pytest.raises(RateLimited) as caught:
            await account.list_messages(ROOM, MessageQuery())
    assert caught.value.retry_after == pytest.approx(55, abs=2)
    assert not datagrid.journal


# names


def room_with_agents(count):
    datagrid = Datagrid(agents={f"agent_{n}": f"Agent {n}" for n in range(count)})
    datagrid.open(ROOM)
    for number in range(count):
        datagrid.add(ROOM, "agent", [{"type": "text", "text": "Hi"}], agent=f"agent_{number}")
    return datagrid


async def names(account):
    page = await account.list_messages(ROOM, MessageQuery(limit=100))
    return [one.author.name for one in page.items]


async def test_every_agent_is_asked_for_once():
    datagrid = room_with_agents(3)
    async with opened(datagrid) as account:
        for _ in range(3):
            assert await names(account) == ["Agent 0", "Agent 1", "Agent 2"]
    assert sorted(one.path for one in datagrid.journal if one.path.startswith("/agents")) == [
        "/agents/agent_0", "/agents/agent_1", "/agents/agent_2",
    ]  # fmt: skip


async def test_pages_read_at_once_ask_for_an_agent_once():
    datagrid = room_with_agents(1)
    async with opened(datagrid) as account, anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(names, account)
    assert len(datagrid.calls("GET /agents/agent_0")) == 1


async def test_an_agent_that_is_gone_stays_an_assistant_and_is_not_asked_for_again():
    datagrid = room_with_agents(1)
    datagrid.agents.clear()
    async with opened(datagrid) as account:
        for _ in range(2):
            assert await names(account) == ["assistant"]
    assert len(datagrid.calls("GET /agents/agent_0")) == 1


@pytest.mark.parametrize(
    "trouble",
    [lambda: refused(500, "x"), lambda: refused(401, "x"), lambda: refused(429, "x", **{"retry-after": "900"}),
     lambda: httpx.Response(200, json=[]), lambda: ok({"name": None})],
)  # fmt: skip
async def test_no_page_fails_for_a_name(trouble):
    datagrid = room_with_agents(1)
    datagrid.before = lambda request: trouble() if request.path.startswith("/agents") else None
    async with opened(datagrid) as account:
        assert await names(account) == ["assistant"]


async def test_a_page_asks_for_a_bounded_number_of_names():
    datagrid = room_with_agents(80)
    async with opened(datagrid) as account:
        first = await names(account)
        assert (first[49], first[50]) == ("Agent 49", "assistant")
        assert len([one for one in datagrid.journal if one.path.startswith("/agents")]) == 50
        assert (await names(account))[79] == "Agent 79"


async def test_a_message_of_another_conversation_is_not_shown():
    datagrid = Datagrid()
    datagrid.converse_about(ROOM, ["Hi", "Hello"])
    datagrid.converse_about("conv_2", ["Secret"])
    other = ok(datagrid.messages["conv_2"][0])
    datagrid.before = lambda request: other if "/messages/" in request.path else None
    async with opened(datagrid) as account:
        with pytest.raises(NotFound, match="another conversation"):
            await account.get_message(ROOM, "msg_00003")


def test_every_setting_of_its_own_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "providers" / "datagrid.md").read_text()
    own = DatagridSettings.model_fields.keys() - AccountSettings.model_fields.keys()
    assert own
    assert not [key for key in own if f"| `{key}` |" not in page]
