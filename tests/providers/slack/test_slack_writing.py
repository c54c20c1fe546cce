"""What is sent is what was meant, to whom it was meant, once."""

from datetime import UTC, datetime

import httpx
import pytest
from slack_service import Slack, opened

from dragoman.core.errors import InvalidArgument, NotFound, OutcomeUnknown, PermissionDenied, UnsupportedOperation
from dragoman.core.model import Order
from dragoman.core.queries import Change, Draft, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "C02RELAY01"
NOW = datetime(2026, 3, 10, 8, 56, 40, tzinfo=UTC)


@pytest.fixture
def service():
    service = Slack()
    service.talk(ROOM, 3)
    return service


async def sent(service, text, **members):
    async with opened(service) as account:
        message = await account.send_message(ROOM, Draft(text=text, **members))
    [body] = service.calls("chat.postMessage")
    return message, body


@pytest.mark.parametrize(
    ("text", "goes_out"),
    [
        ("**Bold** [a](https://x.example/?a=1&b=2) & a < b", "**Bold** [a](https://x.example/?a=1&b=2) & a < b"),
        ("<!channel> and <!subteam^S01ONCALL>", "&lt;!channel> and &lt;!subteam^S01ONCALL>"),
        ("<https://evil.example|https://bank.example>", "&lt;https://evil.example|https://bank.example>"),
        ("<@U01MARIAK> <@U10NOORAH> <@U77NOBODY>", "<@U01MARIAK> &lt;@U10NOORAH> &lt;@U77NOBODY>"),
        ("<#C02RELAY01> <#C77GONE01>", "<#C02RELAY01> &lt;#C77GONE01>"),
        ("<@U01MARIAK|Boss> <#C02RELAY01|payroll> <@U77NOBODY|x>", "<@U01MARIAK> <#C02RELAY01> &lt;@U77NOBODY|x>"),
        ("<@ U01MARIAK> <@U01MARIAK", "&lt;@ U01MARIAK> &lt;@U01MARIAK"),
        ("Ask @Maria Koch, @oleg. or @nobody", "Ask <@U01MARIAK>, <@U02OLEGSI>. or @nobody"),
        ("mail maria@acme.example, see `@maria`", "mail maria@acme.example, see `@maria`"),
        ("Map<String, List<Integer>> -> x", "Map<String, List<Integer>> -> x"),
        ("```\n<!here> @maria\n```", "```\n&lt;!here> @maria\n```"),
    ],
)
async def test_markdown_goes_out_as_it_is_and_nothing_rings_or_links_that_was_not_meant_to(service, text, goes_out):
    _, body = await sent(service, text)
    assert body["markdown_text"] == goes_out


async def test_two_members_of_one_name_are_not_mentioned_by_it(service):
    service.add_user(service.users["U01MARIAK"] | {"id": "U09MARIAK"})
    service.rooms[ROOM]["people"].append("U09MARIAK")
    _, body = await sent(service, "Ask @Maria Koch or @oleg")
    assert body["markdown_text"] == "Ask @Maria Koch or <@U02OLEGSI>"


async def test_a_text_that_is_too_long_or_blank_is_refused_before_anything_is_asked(service):
    async with opened(service) as account:
        with pytest.raises(InvalidArgument, match=r"12,001.*12,000"):
            await account.send_message(ROOM, Draft(text="x" * 12_001))
        with pytest.raises(InvalidArgument, match="empty"):
            await account.update_message(ROOM, "1773133060.000001", Change(text="  "))
        with pytest.raises(UnsupportedOperation, match="subject"):
            await account.send_message(ROOM, Draft(text="x", subject="y"))
        with pytest.raises(UnsupportedOperation, match="text"):
            await account.update_message(ROOM, "1773133060.000001", Change(labels=("a",)))
    assert service.journal == []


async def test_an_answer_to_a_reply_goes_to_its_thread(service):
    root = service.messages[ROOM][0]["ts"]
    reply = service.add(ROOM, "first", root=root)
    message, body = await sent(service, "second", reply_to=reply)
    assert (body["thread_ts"], message.reply_to) == (root, root)


async def test_an_answer_to_what_is_gone_is_not_sent_into_the_channel(service):
    async with opened(service) as account:
        with pytest.raises(NotFound):
            await account.send_message(ROOM, Draft(text="x", reply_to="1700000000.000100"))
    assert service.written == []


async def test_a_reply_that_slack_put_into_the_channel_is_told_as_such(service):
    root = service.messages[ROOM][0]["ts"]

    def lose_root(method, _):
        if method == "chat.postMessage":
            service.messages[ROOM] = [one for one in service.messages[ROOM] if one["ts"] != root]

    service.before = lose_root
    message, _ = await sent(service, "x", reply_to=root)
    assert message.reply_to is None


async def test_metadata_that_is_refused_is_left_out(service):
    def refuse(method, arguments):
        if "metadata" in arguments:
            return httpx.Response(200, json={"ok": False, "error": "invalid_metadata_format"})
        return None

    service.before = refuse
    message, body = await sent(service, "x")
    assert "metadata" not in body
    assert message.text == "x"
    assert service.written == ["x"]


@pytest.mark.parametrize("root", [None, 0])
async def test_a_message_whose_answer_was_lost_is_found_by_its_key_and_by_nothing_else(service, root):
    reply_to = None if root is None else service.messages[ROOM][root]["ts"]
    draft = Draft(text="Agreed @maria", reply_to=reply_to, idempotency_key="k-1")
    lost = [httpx.ReadError("reset")]

    def lose(method, _):
        if method == "chat.postMessage" and lost:
            raise lost.pop()

    service.after = lose
    async with opened(service) as account:
        with pytest.raises(OutcomeUnknown):
            await account.send_message(ROOM, draft)
        other = service.add(ROOM, "Agreed @maria", user="U02OLEGSI", root=reply_to, at="1773139999.000001")
        found = await account.find_sent(ROOM, draft, NOW)
        assert found.id == service.messages[ROOM][-2]["ts"] != other
        assert await account.find_sent(ROOM, draft, NOW, {found.id}) is None
        assert await account.find_sent(ROOM, Draft(text="Never sent", reply_to=reply_to), NOW) is None
    assert len(service.written) == 1
    assert "k-1" not in str(service.messages[ROOM])


async def test_only_own_messages_change_and_what_is_read_next_is_the_new_text(service):
    async with opened(service) as account:
        mine = await account.send_message(ROOM, Draft(text="old"))
        before = await account.list_messages(ROOM, MessageQuery())
        changed = await account.update_message(ROOM, mine.id, Change(text="new <!here>"))
        after = await account.list_messages(ROOM, MessageQuery())
        with pytest.raises(PermissionDenied, match="own"):
            await account.update_message(ROOM, before.items[0].id, Change(text="x"))
    assert (changed.id, changed.text, changed.edited_at is None) == (mine.id, "new <!here>", False)
    assert [page.items[-1].text for page in (before, after)] == ["old", "new <!here>"]
    assert service.calls("chat.update")[0]["markdown_text"] == "new &lt;!here>"


@pytest.mark.parametrize("called", ["@maria", "@Maria Koch", "@maria@acme.example", "@U01MARIAK"])
async def test_a_person_is_written_to_in_the_direct_conversation_that_is_opened(service, called):
    async with opened(service) as account:
        asked = await account.get_conversation(called)
        assert (asked.id, asked.title, asked.kind) == ("@U01MARIAK", "Maria Koch", "direct")
        message = await account.send_message(called, Draft(text="Hello"))
        assert message.conversation == "D0U01MARIAK"
        assert (await account.get_conversation(called)).id == "D0U01MARIAK"
        page = await account.list_messages(called, MessageQuery(order=Order.OLDEST))
    assert [one.text for one in page.items] == ["Hello"]
    assert service.calls("conversations.open")[0]["prevent_creation"] == "true"


async def test_several_people_of_one_name_are_listed_and_nobody_is_written_to(service):
    service.add_user(service.users["U01MARIAK"] | {"id": "U09MARIAK", "name": "maria2"})
    async with opened(service) as account:
        with pytest.raises(InvalidArgument, match=r"U01MARIAK.*U09MARIAK"):
            await account.send_message("@Maria Koch", Draft(text="Hello"))
        with pytest.raises(NotFound, match="nobody-here"):
            await account.send_message("@nobody-here", Draft(text="Hello"))
    assert service.written == []
