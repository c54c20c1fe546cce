"""Messages from elsewhere are imported into Convore once, with the people who wrote and read them."""

import pytest
from convore_people import AT, BOB, IMPORT, SUPPORT, letter, role
from convore_service import ANN, Convore, opened, refused

from dragoman.core.errors import InvalidArgument, NotFound, OutcomeUnknown
from dragoman.core.model import Author
from dragoman.providers.base.provider import Draft
from dragoman.providers.convore import ConvoreChange

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


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
