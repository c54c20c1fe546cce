"""Messages of Convore change in what is given, and in nothing else."""

import pytest
from convore_people import AT, BOB, SUPPORT, role
from convore_service import ANN, Convore, opened

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author
from dragoman.providers.base.provider import Change
from dragoman.providers.convore import ConvoreChange

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


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
