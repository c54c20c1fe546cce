"""Whom an answer in Convore goes to, and what is not sent at all."""

from datetime import timedelta

import pytest
from convore_people import BOB, SEND, SUPPORT, role
from convore_service import ANN, BEGINNING, OWN, Convore, channel, opened, refused

from dragoman.core.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound
from dragoman.providers.base.provider import Change, Draft

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


async def test_a_message_answers_the_last_one_that_came_in():
    service = Convore(order="oldest")
    service.add("room", "question")
    last = service.add("room", "more", date=BEGINNING + timedelta(hours=5))
    service.add("room", "answer", sender=SUPPORT, to=[role(ANN, "to")], date=BEGINNING + timedelta(hours=6))
    async with opened(service) as account:
        sent = await account.send_message("room", Draft(text="a < b & c\nd"))
    [request] = service.calls(SEND)
    assert request.body == {"reply_to_message_id": last["id"], "body": "a &lt; b &amp; c<br>d"}
    assert (sent.text, sent.reply_to) == ("a < b & c\nd", last["id"])
    looked = [dict(one.query)["format"] for one in service.calls("GET /v1/messages")]
    assert looked == ["minimal"]


async def test_where_the_last_message_is_out_of_reach_it_has_to_be_named():
    service = Convore(order="oldest", largest=1)
    first, *_ = service.talk("room", 105)
    async with opened(service) as account:
        with pytest.raises(DeadlineExceeded, match="reply_to"):
            await account.send_message("room", Draft(text="x"))
        await account.send_message("room", Draft(text="x", reply_to=first))
    assert len(service.written) == 1


async def test_a_subject_goes_along_with_an_answer():
    service = Convore()
    question = service.add("room", "question")
    async with opened(service) as account:
        await account.send_message("room", Draft(text="x", reply_to=question["id"], subject="New title"))
    assert service.calls(SEND)[0].body["subject"] == "New title"


async def test_where_nothing_came_in_it_goes_to_all_but_the_channel_and_those_in_blind_copy():
    service = Convore()
    service.open("room", "Migration")
    blind = {"handle": {"type": "email", "value": "audit@acme.example"}, "role": "bcc"}
    upper = {"handle": {"type": "email", "value": "ANN@example.com"}, "role": "cc"}
    service.add("room", "first", sender=SUPPORT, to=[role(ANN, "to"), role(BOB, "cc"), blind])
    service.conversations["room"]["participants"].append(upper)
    async with opened(service) as account:
        await account.send_message("room", Draft(text="x"))
    assert service.calls(SEND)[0].body == {
        "channel_id": "chnnl_1",
        "conversation_id": "room",
        "to": ["ann@example.com", "bob@example.net"],
        "subject": "Migration",
        "body": "x",
    }


async def test_visitors_of_a_chat_are_named_by_their_handles():
    widget, visitor = {"type": "convore_chat", "value": "widget"}, {"type": "convore_chat", "value": "visitor-81"}
    service = Convore(channel=channel("convore_chat", widget))
    service.add("room", "hi", sender={"handle": widget}, to=[{"handle": visitor, "role": "to"}])
    async with opened(service) as account:
        await account.send_message("room", Draft(text="x"))
    assert service.calls(SEND)[0].body["recipients"] == [{"handle": visitor, "role": "to"}]


async def test_a_conversation_with_nobody_in_it_has_nobody_to_send_to():
    service = Convore()
    service.open("room", participants=[role(SUPPORT, "from")])
    async with opened(service) as account:
        with pytest.raises(InvalidArgument, match="nobody to send to"):
            await account.send_message("room", Draft(text="x"))
    assert not service.calls(SEND)


@pytest.mark.parametrize(("status", "words"), [("trash", "in the trash"), ("SPAM", "marked as spam")])
async def test_nothing_is_sent_into_trash_and_spam(status, words):
    service = Convore()
    service.add("room", "question")
    service.conversations["room"]["status"] = status
    async with opened(service) as account:
        with pytest.raises(Conflict, match=words):
            await account.send_message("room", Draft(text="x"))
    assert not service.calls(SEND)


async def test_nothing_is_sent_through_a_channel_that_is_switched_off():
    service = Convore(channel=channel("gmail", OWN, status="disabled"))
    service.add("room", "question")
    async with opened(service) as account:
        with pytest.raises(Conflict, match="switched off"):
            await account.send_message("room", Draft(text="x"))
        assert await account.check() == "the key is accepted and reaches 1 channel, 1 of them switched off"
    assert not service.calls(SEND)


async def test_a_channel_that_the_key_may_not_see_keeps_no_answer_from_going_out():
    service = Convore()
    service.add("room", "question")
    service.before = lambda it: refused(403, "no") if it.path.startswith("/v1/channels") else None
    async with opened(service) as account:
        await account.send_message("room", Draft(text="x"))
    assert len(service.calls(SEND)) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda account, other: account.send_message("room", Draft(text="x", reply_to=other)),
        lambda account, other: account.update_message("room", other, Change(text="x")),
    ],
    ids=["send", "update"],
)
async def test_a_message_of_another_conversation_is_no_way_into_that_one(write):
    service = Convore()
    service.add("room", "question")
    other = service.add("other", "secret")["id"]
    async with opened(service) as account:
        with pytest.raises(NotFound, match="another conversation"):
            await write(account, other)
    assert not service.written


async def test_an_empty_text_is_not_sent():
    async with opened(Convore()) as account:
        with pytest.raises(InvalidArgument, match="empty"):
            await account.send_message("room", Draft(text=" \n"))


async def test_an_answer_without_text_is_read_back():
    service = Convore()
    service.add("room", "question")

    def shorten(request, answer):
        if request.method != "POST":
            return None
        left_out = {"body", "text_body", "raw_body"}
        body = {name: value for name, value in answer.json().items() if name not in left_out}
        return type(answer)(200, json=body | {"format": "minimal"})

    service.after = shorten
    async with opened(service) as account:
        assert (await account.send_message("room", Draft(text="all of it"))).text == "all of it"
        service.before = lambda it: refused(404, "gone") if it.path.startswith("/v1/messages/") else None
        sent = await account.send_message("room", Draft(text="all of it"))
    assert sent.partial
    assert len(service.written) == 2
