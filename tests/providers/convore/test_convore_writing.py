"""Who gets what is written, and what is asked before."""

from datetime import UTC, datetime, timedelta

import pytest
from convore_service import ANN, BEGINNING, OWN, Convore, channel, opened, refused

from dragoman.core.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound, OutcomeUnknown
from dragoman.core.model import Author, Message
from dragoman.providers.base.provider import Change, Draft
from dragoman.providers.convore import ConvoreChange

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

SEND, IMPORT = "POST /v1/messages", "POST /v1/messages/import"
AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
BOB = {"handle": {"type": "email", "value": "bob@example.net"}, "name": "Bob Ray"}
SUPPORT = {"handle": OWN, "name": "Acme Support"}


def letter(name="Ann Lee", email=None, text="old", **members):
    author = Author(name=name, email=email, id=email or "")
    return Message(**({"id": "", "conversation": "room", "author": author, "sent_at": AT, "text": text} | members))


def role(participant, role):
    return participant | {"role": role}


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


# changes


async def test_only_what_is_given_changes():
    service = Convore()
    message = service.add("room", "before", subject="Before")["id"]
    async with opened(service) as account:
        found = await account.update_message("room", message, Change(subject=""))
        assert (found.subject, found.text) == (None, "before")
        await account.update_message("room", message, Change(text="after"))
    assert [one.body for one in service.journal if one.method == "PATCH"] == [{"subject": ""}, {"body": "after"}]


async def test_a_program_can_change_every_member_that_convore_lets_be_changed():
    service = Convore()
    message = service.add("room", "before", subject="Before")["id"]
    whole = ConvoreChange(
        text="a & b",
        subject="After",
        sent_at=AT,
        author=Author(name="Bob Ray", email="bob@example.net"),
        recipients=(Author(name="ann@example.com", email="ann@example.com"),),
        outbound=True,
        snippet="short",
    )
    async with opened(service) as account:
        found = await account.update_message("room", message, whole)
        with pytest.raises(InvalidArgument, match="address"):
            await account.update_message("room", message, ConvoreChange(author=Author(name="Nobody")))
    assert (found.text, found.subject, found.sent_at, found.author.email) == ("a & b", "After", AT, "bob@example.net")
    (request,) = [one for one in service.journal if one.method == "PATCH"]
    assert request.body == {
        "body": "a &amp; b",
        "subject": "After",
        "date": "2020-01-02T03:04:05Z",
        "direction": "outbound",
        "sender": role(BOB, "from"),
        "recipients": [{"handle": {"type": "email", "value": "ann@example.com"}, "role": "to"}],
        "snippet": "short",
    }


async def test_labels_of_messages_are_refused_before_anything_is_asked():
    service = Convore()
    async with opened(service) as account:
        for change in (Change(labels=("a",)), Change(labels=(), text="x"), Change()):
            with pytest.raises(InvalidArgument):
                await account.update_message("room", "msg_1", change)
    assert not service.journal


async def test_every_member_that_convore_lets_change_can_be_changed():
    service = Convore()
    message = service.add("room", "x")["id"]
    body = {"subject": "s", "direction": "inbound", "date": "2024-03-05T00:00:00Z", "body": "b", "snippet": "p"}
    body |= {"sender": role(ANN, "from"), "recipients": [role(SUPPORT, "to")]}
    async with opened(service) as account:
        answer = await account._api.update(message, body)
    assert answer.value.snippet == "p"


# what was written elsewhere


async def test_what_others_wrote_went_to_the_channel_and_what_the_channel_wrote_to_the_others():
    service = Convore()
    service.add("room", "hello", to=[role(SUPPORT, "to"), role(BOB, "cc")])
    async with opened(service) as account:
        await account.import_message("room", letter(email="ann@example.com", subject="Old", reply_to="msg_00001"))
        await account.import_message("room", letter("Acme Support", "support@acme.example"))
    inbound, outbound = (one.body for one in service.calls(IMPORT))
    assert inbound == {
        "conversation_id": "room",
        "date": "2020-01-02T03:04:05Z",
        "direction": "inbound",
        "sender": role(ANN, "from"),
        "recipients": [role(SUPPORT, "to")],
        "subject": "Old",
        "body": "old",
        "reply_to_message_id": "msg_00001",
    }
    assert outbound["direction"] == "outbound"
    assert outbound["recipients"] == [role(ANN, "to"), role(BOB, "to")]


async def test_an_author_without_an_address_is_looked_for_among_those_who_take_part():
    service = Convore()
    service.add("room", "hello")
    async with opened(service) as account:
        await account.import_message("room", letter("ann lee"))
        await account.import_message("room", letter("Acme Support"))
        with pytest.raises(InvalidArgument, match="e-mail address of the author"):
            await account.import_message("room", letter("Somebody Else"))
    assert [one.body["sender"]["handle"]["value"] for one in service.calls(IMPORT)] == [
        "ann@example.com",
        "support@acme.example",
    ]


@pytest.mark.parametrize("author", ["dan@example.org", " dan@example.org ", "mailto:dan@example.org"])
async def test_a_bare_address_is_the_address_of_the_author(author):
    service = Convore()
    message = service.add("room", "hello")["id"]
    async with opened(service) as account:
        await account.import_message("room", letter(author))
        await account.update_message("room", message, ConvoreChange(author=Author(name=author)))
    dan = {"type": "email", "value": "dan@example.org"}
    assert [one.body["sender"]["handle"] for one in service.journal if "sender" in (one.body or {})] == [dan, dan]


async def test_a_message_without_a_time_cannot_be_imported():
    async with opened(Convore()) as account:
        with pytest.raises(InvalidArgument, match="time"):
            await account.import_message("room", letter(sent_at=None))


async def test_into_nowhere_nothing_is_imported():
    service = Convore()
    async with opened(service) as account:
        with pytest.raises(NotFound):
            await account.import_message("room", letter(email="ann@example.com"))
    assert not service.calls(IMPORT)


@pytest.mark.parametrize("cut", [False, True])
async def test_a_message_with_an_id_from_elsewhere_is_imported_once(cut):
    service = Convore()
    service.add("room", "hello")
    at = AT.replace(microsecond=123456)
    first = letter(email="ann@example.com", id="their/1", text="old &  text\nof two lines", sent_at=at)
    async with opened(service) as account:
        imported = await account.import_message("room", first)
        if cut:
            service.messages[-1]["date"] = "2020-01-02T03:04:05.123Z"
        again = await account.import_message("room", first)
        await account.import_message("room", letter(email="ann@example.com", id="their/2", text="another", sent_at=at))
        await account.import_message("room", letter(email="ann@example.com", text="another", sent_at=at))
    assert again.id == imported.id
    assert len(service.calls(IMPORT)) == 3


async def test_a_message_that_the_service_has_by_its_mail_id_is_not_imported_again():
    service = Convore()
    there = service.add("room", "quite another text", date=AT, external_message_id="<1@mail.example>")["id"]
    async with opened(service) as account:
        found = await account.import_message("room", letter(email="bob@example.net", id="<1@mail.example>"))
    assert found.id == there
    assert not service.calls(IMPORT)


@pytest.mark.parametrize(
    "write",
    [
        lambda account: account.send_message("room", Draft(text="x")),
        lambda account: account.import_message("room", letter(email="ann@example.com")),
    ],
    ids=["send", "import"],
)
async def test_an_unknown_outcome_says_where_to_look(write):
    service = Convore()
    service.add("room", "hello")
    service.after = lambda it, _: refused(500, "broken") if it.method == "POST" else None
    async with opened(service) as account:
        with pytest.raises(OutcomeUnknown, match="list_messages") as caught:
            await write(account)
    assert caught.value.sent is None
    assert len(service.written) == 1
