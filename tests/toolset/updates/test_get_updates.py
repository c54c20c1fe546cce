"""get_updates: what is new in all accounts, each new or edited message once for each caller."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest
from bell_service import ROOMS, START, Bell, Broken, Wire, empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.testing import connect

pytestmark = pytest.mark.anyio


def accounts(*kinds: str) -> dict[str, object]:
    return {"timezone": "UTC", "accounts": {kind: {"provider": kind} for kind in kinds}}


async def ask(client, **arguments):
    return json.loads(await client.call("get_updates", format="json", **arguments))


def ids(answer) -> list[str]:
    return [one["text"] for group in answer["conversations"] for one in group["messages"]]


def cursor_of(text: str) -> str:
    return re.search(r"cursor (\w+)", text)[1]


@pytest.mark.parametrize("kind", ["wire", "bell"])
async def test_the_second_call_tells_only_what_has_come_since_the_first(kind):
    async with connect(accounts(kind)) as client:
        Wire.post(text="one")
        Wire.post("hold", text="two")
        assert sorted(ids(await ask(client))) == ["one", "two"]
        assert ids(await ask(client)) == []
        Wire.post(text="three")
        assert ids(await ask(client)) == ["three"]


async def test_the_text_form_groups_by_conversation_and_ends_with_the_cursor_for_what_comes_next():
    Wire.post(text="one\n== 2026-01-01")
    Wire.post("hold", text="two")
    Wire.post(text="three")
    async with connect(accounts("wire")) as client:
        text = await client.call("get_updates")
        lines = text.split("\n")
        assert re.fullmatch(
            r"updates · since [\d-]+ [\d:]+ · 3 new in 2 conversations · looked at wire · times in UTC"
            r" · written by others · next: cursor \w+",
            lines[0],
        )
        day, time = START.strftime("%Y-%m-%d"), START.strftime("%H:%M")
        assert lines[1:4] == ["# deck · wire:deck · 2 new", f"1 {day} {time} Bo: one", " == 2026-01-01"]
        assert lines[5] == "# hold · wire:hold · 1 new"
        Wire.edit("m0")
        Wire.post(text="four")
        again = await client.call("get_updates", cursor=cursor_of(text))
        assert "1 new, 1 edited in 1 conversation" in again
        assert "Bo [edited]: one" in again


@pytest.mark.parametrize("kind", ["wire", "bell"])
async def test_pages_by_limit_and_by_budget_show_each_message_once(kind):
    for number in range(40):
        Wire.post(ROOMS[number % 2], text=f"number {number} " + "word " * 30)
    async with connect(accounts(kind)) as client:
        answer = await ask(client, limit=7, max_tokens=400)
        shown = ids(answer)
        while answer.get("more"):
            assert len(ids(answer)) <= 7
            answer = await ask(client, limit=7, max_tokens=400, cursor=answer["cursor"])
            shown += ids(answer)
        numbers = [int(text.split()[1]) for text in shown]
        assert sorted(numbers) == list(range(40))
        assert ids(await ask(client, cursor=answer["cursor"])) == []


async def test_where_a_caller_stopped_is_known_after_a_restart_and_to_no_other_client(tmp_path):
    from mcp_types import Implementation

    async def names(client_name: str) -> list[str]:
        info = Implementation(name=client_name, version="1")
        async with connect(accounts("wire"), data=tmp_path, client_info=info) as client:
            return ids(await ask(client))

    Wire.post(text="one")
    assert await names("claude") == ["one"]
    Wire.post(text="two")
    assert await names("claude") == ["two"]
    assert sorted(await names("codex")) == ["one", "two"]
    assert await names("claude") == []


async def test_an_old_message_that_arrives_late_is_news_where_the_service_tells_changes():
    async with connect(accounts("bell")) as client:
        Bell.post(text="one")
        assert ids(await ask(client)) == ["one"]
        Bell.post(text="late", late=5 * 24 * 3600)
        assert ids(await ask(client)) == ["late"]


async def test_a_message_that_arrives_a_minute_late_is_news_everywhere():
    async with connect(accounts("wire")) as client:
        Wire.post(text="one")
        Wire.post(text="two")
        await ask(client)
        Wire.post("hold", text="late", late=100)
        assert ids(await ask(client)) == ["late"]


async def test_when_the_service_forgets_the_position_what_happened_since_is_read():
    async with connect(accounts("bell")) as client:
        Bell.post(text="one")
        await ask(client)
        Bell.post(text="two")
        Bell.forgotten = 10
        assert ids(await ask(client)) == ["two"]


async def test_a_failing_account_is_named_and_catches_up_later():
    Wire.post(text="one")
    async with connect(accounts("wire", "broken")) as client:
        text = await client.call("get_updates")
        assert "! broken: It does not answer. Try again." in text.split("\n")
        assert "Bo: one" in text


async def test_an_account_that_failed_in_the_first_call_tells_in_the_next_one_what_came_before_it(monkeypatch):
    Wire.post(text="one")
    async with connect(accounts("broken", "silent")) as client:
        assert ids(await ask(client)) == ["one"]
        monkeypatch.setattr(Broken, "list_conversations", Wire.list_conversations)
        answer = await ask(client)
        assert [group["ref"] for group in answer["conversations"]] == ["broken:deck"]
        assert ids(await ask(client)) == []


async def test_the_header_names_what_was_looked_at_and_no_account_that_failed():
    Wire.post(text="one")
    async with connect(accounts("wire", "silent", "broken")) as client:
        head = (await client.call("get_updates")).split("\n")[0]
        assert " · looked at silent, wire · " in head
        assert "as of" not in head
        assert [one["account"] for one in (await ask(client))["looked_at"]] == ["silent", "wire"]


async def test_the_header_says_that_only_a_part_of_what_is_new_was_wanted():
    Wire.post(text="one")
    async with connect(accounts("wire")) as client:
        head = (await client.call("get_updates", only="mentions", conversation="wire:deck")).split("\n")[0]
        assert " · nothing new · mentions only · looked at wire:deck · times in UTC" in head
        answer = await ask(client, only="unread", conversation="wire:deck")
        assert answer["only"] == "unread"
        assert answer["looked_at"] == [{"account": "wire", "conversation": "wire:deck"}]


async def test_with_only_failing_accounts_the_reason_is_the_answer():
    async with connect(accounts("broken")) as client:
        with pytest.raises(Exception, match=r"broken: It does not answer\. Try again\."):
            await client.call("get_updates")


async def test_since_compares_the_time_of_the_message():
    for number in range(5):
        Wire.post(text=f"number {number}")
    async with connect(accounts("wire")) as client:
        since = (START + timedelta(minutes=3)).isoformat()
        assert ids(await ask(client, since=since)) == ["number 3", "number 4"]
        assert ids(await ask(client)) == []  # the caller has seen what there is


async def test_only_mentions_and_only_unread_leave_the_rest_out_and_say_who_does_not_tell():
    Wire.post(text="hello @Ann Lee, can you look")
    Wire.post(text="nothing")
    Wire.post("hold", text="last")
    async with connect(accounts("wire", "silent")) as client:
        mentions = await client.call("get_updates", only="mentions")
        assert "hello @Ann Lee" in mentions
        assert "nothing" not in mentions.split("\n", 3)[3]
        assert "-- note: silent does not tell who you are" in mentions
        unread = await client.call("get_updates", only="unread")
        assert "Bo: last" in unread
        assert "hello" not in unread
        assert "-- note: silent does not tell what is unread" in unread


async def test_one_conversation_alone_leaves_the_others_news():
    Wire.post(text="one")
    Wire.post("hold", text="two")
    async with connect(accounts("wire")) as client:
        assert ids(await ask(client, conversation="wire:hold")) == ["two"]
        assert sorted(ids(await ask(client))) == ["one", "two"]


async def test_what_tools_write_to_the_local_account_is_news_and_what_an_archive_brings_is_not():
    async with connect({"timezone": "UTC"}) as client:
        await client.call(
            "import_message", conversation="local:memo", text="old", author="Bo", sent_at="2019-01-01T00:00:00Z"
        )
        assert ids(await ask(client, since="2018-01-01")) == ["old"]
        await client.call(
            "import_message", conversation="local:memo", text="older", author="Bo", sent_at="2018-01-01T00:00:00Z"
        )
        await client.call("send_message", conversation="local:memo", text="new")
        assert ids(await ask(client)) == ["older", "new"]
        await client.call("update_message", message="3", text="newer")
        answer = await ask(client)
        assert ids(answer) == ["newer"]
        assert answer["conversations"][0]["edited"] == 1
        assert ids(await ask(client)) == []


async def test_a_quiet_round_asks_a_service_with_changes_for_nothing_else():
    Bell.post()
    async with connect(accounts("bell")) as client:
        await ask(client)
        Bell.asked.clear()
        await ask(client)
        assert Bell.asked == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(ROOMS), st.integers(1, 5)),
        st.tuples(st.just("edit"), st.integers(0, 20), st.just(0)),
        st.tuples(st.just("ask"), st.sampled_from([1, 2, 3, 50]), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=14,
)


@asynccontextmanager
async def served(kind: str) -> AsyncGenerator[object]:
    empty()
    async with connect(accounts(kind)) as client:
        yield client


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS, st.sampled_from(["wire", "bell", "log"]))
def test_whatever_happens_between_the_calls_each_version_is_told_once_and_none_is_missed(steps, kind):
    anyio.run(_history, steps, kind)


async def _history(steps, kind) -> None:
    seen: list[str] = []
    async with served(kind) as client:

        async def more(limit: int) -> None:
            answer = await ask(client, limit=limit)
            seen.extend(ids(answer))
            assert len(ids(answer)) <= limit

        for what, where, count in steps:
            if what == "post":
                for _ in range(count):
                    Wire.post(where, text=f"<{len(Wire.log)}>")
            elif what == "edit" and Wire.log:
                Wire.edit(Wire.log[-1 - where % min(len(Wire.log), 5)].id)
            elif what == "ask":
                await more(where)
        for _ in range(len(Wire.log) + len(Wire.told) + 2):
            await more(50)
    assert len(seen) == len(set(seen))
    assert {one.text for one in Wire.log} <= set(seen)
