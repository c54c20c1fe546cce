"""What ``author="me"`` means to each provider that knows who it speaks as."""

import pytest

from dragoman.core.model import Author
from dragoman.core.names import author_matches, exactly
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.providers.datagrid import DatagridProvider
from dragoman.providers.local import LocalProvider
from dragoman.providers.yandex import YandexProvider

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
