"""What ``author="me"`` means to each provider that knows who it speaks as."""

from types import SimpleNamespace

import pytest

from dragoman.core.model import Author, Message
from dragoman.core.names import author_matches, exactly
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.providers.convore import mapping as convore
from dragoman.providers.convore import wire as convore_wire
from dragoman.providers.datagrid import DatagridProvider
from dragoman.providers.glean.people import with_own
from dragoman.providers.local import LocalProvider
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex import mapping as yandex
from dragoman.providers.yandex._proto import threads_pb2 as pb

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "settings", "own", "other"),
    [
        (LocalProvider, {"name": "Ann"}, Author(name="Ann", id="Ann"), Author(name="Hannah", id="Hannah")),
        (YandexProvider, {"iam_token": "t"}, Author(name="user", id="a1"), Author(name="Superuser")),
        (DatagridProvider, {"token": "t"}, Author(name="user"), Author(name="assistant")),
    ],
)
async def test_me_is_whoever_sends_for_the_account_and_nobody_else(kind, settings, own, other):
    provider = kind(kind.Settings.model_validate({"provider": kind.name, **settings}))
    me = exactly(await provider.own_author())
    assert author_matches(own, me)
    assert not author_matches(other, me)


async def test_a_provider_that_does_not_say_leaves_me_open():
    assert await Provider(AccountSettings(provider="x")).own_author() is None


def test_convore_marks_what_went_out_and_nothing_that_came_in():
    sender = {"name": "Ann", "handle": {"type": "EMAIL", "value": "ann@example.com"}}
    found = {
        direction: convore.to_message(
            convore_wire.Message.model_validate({"id": "m", "sender": sender, "direction": direction}), "c"
        )
        for direction in ("outbound", "inbound", "", None)
    }
    assert {direction: one.author.own for direction, one in found.items() if one} == {
        "outbound": True,
        "inbound": False,
        "": False,
        None: False,
    }


def test_yandex_marks_what_its_own_caller_wrote_as_a_user():
    def own(role: str = "user", by: str = "us", subject: str = "us", **labels: str) -> bool:
        message = pb.Message(id="m", author=pb.Author(role=role), created_by=by, labels=labels)
        return yandex.message_of(message, "c", subject).author.own

    assert own()
    assert not own(by="them")
    assert not own(role="assistant")
    assert not own(subject="", by="")
    assert not own(imported_author="Ann")


def test_glean_marks_the_person_that_it_acts_for():
    def by(email: str | None) -> Message:
        return Message(id="m", conversation="c", author=Author(name="me", email=email), sent_at=None, text="")

    told = [by("Ann@example.com"), by("eve@example.com"), by(None)]
    assert [m.author.own for m in with_own(SimpleNamespace(person="ann@example.com"), told)] == [True, False, False]
    assert not any(m.author.own for m in with_own(SimpleNamespace(person=""), told))
