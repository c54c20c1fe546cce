"""Each way of failing, for each operation: the right error, the right number of requests, no write repeated."""

import tomllib
from importlib.resources import files

import httpx
import pytest
from fault_matrix import CALLS_AT_RANDOM, Reading, Weather, Writing, each, require_plain
from slack_faults import CERTAIN, FAULTS, UNCERTAIN
from slack_service import BOT, Slack, opened

from dragoman.core import errors
from dragoman.core.errors import DragomanError, OutcomeUnknown, RateLimited, Unauthenticated
from dragoman.core.queries import Change, ConversationQuery, Draft, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM, OWN = "C02RELAY01", "1773133000.000000"
ROWS = tomllib.loads(files("dragoman.providers.slack").joinpath("failures.toml").read_text("utf-8"))["failure"]
NAMES = [name for row in ROWS for name in row["names"]]

READS = {
    "check": ("auth.test", lambda account: account.check()),
    "list_conversations": ("users.conversations", lambda account: account.list_conversations(ConversationQuery())),
    "get_conversation": ("conversations.info", lambda account: account.get_conversation(ROOM)),
    "list_messages": ("conversations.history", lambda account: account.list_messages(ROOM, MessageQuery())),
    "thread": ("conversations.replies", lambda account: account.list_messages(ROOM, MessageQuery(thread=OWN))),
    "audience": ("conversations.members", lambda account: account.audience(ROOM)),
}
WRITES = {
    "send_message": ("chat.postMessage", lambda account: account.send_message(ROOM, Draft(text="Once"))),
    "update_message": ("chat.update", lambda account: account.update_message(ROOM, OWN, Change(text="Once"))),
}
CALLS = READS | WRITES


def workspace(**options):
    service = Slack(**options)
    service.open(ROOM)
    service.add(ROOM, "Mine", at=OWN, user="U0DRAGOMN")
    return service


def striking(method, fault):
    struck = {method, "conversations.list"} if method == "users.conversations" else {method}
    return lambda asked, _: FAULTS[fault].act() if asked in struck else None


@pytest.mark.parametrize(("name", "fault"), each(READS, FAULTS))
async def test_a_failing_read_is_the_right_error_after_the_right_number_of_requests(name, fault):
    method, call = READS[name]
    service, asked = workspace(), []
    strike = striking(method, fault)
    service.before = lambda it, arguments: asked.append(it) or strike(it, arguments)
    async with opened(service) as account:
        with pytest.raises(FAULTS[fault].read) as caught:
            await call(account)
    assert type(caught.value) is FAULTS[fault].read
    require_plain(caught.value, BOT)
    again = 5 if (name, fault) == ("list_conversations", "missing_scope") else 1  # each kind by itself
    assert asked.count(method) in {FAULTS[fault].reads, FAULTS[fault].reads * again}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
async def test_a_failing_write_is_the_right_error_and_never_repeated_in_doubt(name, fault):
    method, call = WRITES[name]
    service, asked = workspace(), []
    strike = striking(method, fault)
    service.before = lambda it, arguments: asked.append(it) or strike(it, arguments)
    async with opened(service) as account:
        with pytest.raises(FAULTS[fault].write) as caught:
            await call(account)
    assert type(caught.value) is FAULTS[fault].write
    assert caught.value.sent is (None if FAULTS[fault].write is OutcomeUnknown else False)
    require_plain(caught.value, BOT)
    assert asked.count(method) == FAULTS[fault].writes
    assert not service.written


@pytest.mark.parametrize("name", [*NAMES, "slack_connect_file_upload_sharing_blocked", "never_heard_of"])
async def test_every_name_of_a_failure_is_a_sentence_without_the_name(name):
    service = workspace()
    answer = {"ok": False, "error": name, "needed": "groups:history"}
    service.before = lambda method, _: httpx.Response(200, json=answer) if method == "chat.postMessage" else None
    async with opened(service) as account:
        with pytest.raises(DragomanError) as caught:
            await account.send_message(ROOM, Draft(text="Once"))
    require_plain(caught.value, BOT)
    assert (name in str(caught.value)) is (name == "never_heard_of")
    assert type(caught.value) is not DragomanError
    row = next((row for row in ROWS if name in row["names"]), {})
    if "error" in row and row["status"] < 500:
        assert type(caught.value) is getattr(errors, row["error"])


async def test_the_limit_of_one_read_a_minute_is_explained():
    service = workspace()
    slow = {"retry-after": "60"}
    service.before = lambda method, _: (
        httpx.Response(429, json={"ok": False, "error": "ratelimited"}, headers=slow)
        if method == "conversations.history"
        else None
    )
    async with opened(service) as account:
        with pytest.raises(RateLimited, match=r"Marketplace.*60 seconds"):
            await account.list_messages(ROOM, MessageQuery())


async def test_no_page_fails_for_a_name_or_for_who_we_are():
    service = workspace()
    service.add(ROOM, "By <@U02OLEGSI>", user="U77UNKNOWN")
    names = {"users.info", "users.list", "usergroups.list", "bots.info", "auth.test", "conversations.info"}
    service.before = lambda method, _: FAULTS["500"].act() if method in names else None
    async with opened(service) as account:
        page = await account.list_messages(ROOM, MessageQuery())
    assert [one.author.name for one in page.items] == ["U0DRAGOMN", "U77UNKNOWN"]


async def test_a_token_that_is_revoked_between_pages_is_told():
    service = workspace(largest=3)
    service.talk("C0TALK0001", 8)
    async with opened(service) as account:
        page = await account.list_messages("C0TALK0001", MessageQuery(limit=3))
        service.before = lambda *_: FAULTS["token_revoked"].act()
        with pytest.raises(Unauthenticated, match="token"):
            await account.list_messages("C0TALK0001", MessageQuery(limit=3, cursor=page.cursor))


@pytest.mark.parametrize("prefix", ["xapp-1-", "xoxc-", "xoxe-1-"])
async def test_tokens_that_are_none_for_messages_are_refused_before_they_are_sent(prefix, monkeypatch):
    service = workspace()
    monkeypatch.setattr("slack_service.BOT", f"{prefix}secret-of-the-tests")
    async with opened(service) as account:
        with pytest.raises(Unauthenticated, match="xoxb-") as caught:
            await account.check()
    assert "secret-of" not in str(caught.value)
    assert not service.journal


# at random


@pytest.mark.parametrize("short", [False, True])
async def test_under_random_faults_nothing_is_wrong_lost_or_doubled(short):
    weather = Weather(20260310, FAULTS, CERTAIN, UNCERTAIN)
    service = Slack(largest=15, short=short)
    roots = service.talk("C0READING1", 25)
    for number in (3, 11, 12, 20):
        for reply in range(4):
            service.add("C0READING1", f"reply {reply}", root=roots[number])
    expected = [
        one
        for root in roots
        for one in [root, *(it["ts"] for it in service.messages["C0READING1"] if it.get("thread_ts") == root)]
    ]
    for number in range(30):
        service.talk(f"C0WRITING{number:02}", 1)
    service.before, service.after = weather.before, weather.after
    reader, writer = Reading(expected, [9, 20, 50], "C0READING1"), Sending()
    async with opened(service) as account:
        for number in range(CALLS_AT_RANDOM // 2):
            await (reader if number % 3 else writer).one(account, weather.random)
        weather.calm = True
        page = await account.list_messages("C0WRITING03", MessageQuery(limit=200))
    writer.require_sound(service.written)
    assert len(page.items) == len(service.messages["C0WRITING03"])
    assert reader.walks >= 6
    assert writer.sure >= 15
    assert writer.unknown >= 6


class Sending(Writing):
    async def write(self, account, chance, text, number):
        del chance
        return await account.send_message(f"C0WRITING{number % 30:02}", Draft(text=text, idempotency_key=text))
