"""What a token may do is learnt from the answers of the service."""

import pytest

from dragoman.providers.kit import GrantedScopes

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
