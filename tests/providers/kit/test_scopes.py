"""What a token may do is learnt from the answers of the service."""

import pytest

from dragoman import PermissionDenied
from dragoman.providers.kit import GrantedScopes, ask_by_kind

NEEDS = {"reading": ("chat:read", "files:read"), "sending": ("chat:write",)}


def test_nothing_is_lacking_before_the_service_has_told_what_there_is():
    scopes = GrantedScopes()
    scopes.learn(None)
    assert scopes.include("chat:read") is None
    assert list(scopes.lacking(NEEDS)) == []


@pytest.mark.parametrize(
    ("listed", "lacking"),
    [
        ("chat:read, files:read,chat:write", []),
        ("chat:read", ["reading (files:read)", "sending (chat:write)"]),
        ("", ["reading (chat:read, files:read)", "sending (chat:write)"]),
    ],
)
def test_what_cannot_be_done_is_named_with_the_scopes_for_it(listed, lacking):
    scopes = GrantedScopes()
    scopes.learn(listed)
    assert list(scopes.lacking(NEEDS)) == lacking
    assert scopes.include("admin", "chat:read") is ("chat:read" in listed)
    scopes.learn(None)
    assert list(scopes.lacking(NEEDS)) == lacking


def test_kinds_whose_scope_is_known_to_be_lacking_are_not_asked_for():
    scopes, kinds = GrantedScopes(), {"open": "open:read", "private": "private:read"}
    assert scopes.allowed(kinds) == ["open", "private"]
    scopes.learn("private:read")
    assert scopes.allowed(kinds) == ["private"]
    scopes.learn("other")
    assert scopes.allowed(kinds) == ["open", "private"], "it is for the service to refuse them"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("refused", "asked", "found"),
    [
        (set(), [["open", "private"]], ["open", "private"]),
        ({"private"}, [["open", "private"], ["open"], ["private"]], ["open"]),
        ({"open", "private"}, [["open", "private"], ["open"], ["private"]], None),
    ],
)
async def test_of_a_kind_that_is_refused_nothing_is_listed_and_the_others_are(refused, asked, found):
    calls = []

    async def ask(kinds):
        calls.append(list(kinds))
        if refused.intersection(kinds):
            raise PermissionDenied("Not that.")
        return kinds

    if found is None:
        with pytest.raises(PermissionDenied):
            await ask_by_kind(ask, ["open", "private"])
    else:
        assert await ask_by_kind(ask, ["open", "private"]) == found
    assert calls == asked
