from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.transport.http import base_url_of, segment
from dragoman.transport.http.request import query_string


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://acme-be.glean.com/", "https://acme-be.glean.com"),
        (" acme-be.glean.com ", "https://acme-be.glean.com"),
        ("api.example.com:8443/v1//", "https://api.example.com:8443/v1"),
        ("localhost:8080", "https://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1/a", "http://localhost:1/a"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_has_one_spelling(given, expected):
    assert base_url_of(given) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "https://",
        "ftp://example.com",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0x7f.1",
        "http://10.0.0.1",
        "https://user:pass@example.com",
        "https://example.com@evil.example",
        "https://exa mple.com",
        "https://example.com\\@evil.example",
        "https://example.com:99999",
        "https://example.com/?q=1",
        "https://example.com/#x",
        "https://[::1",
        "https://a..b",
        f"https://{'a' * 64}.com",
    ],
)
def test_an_address_that_is_wrong_or_unsafe_is_refused_without_repeating_credentials(value):
    with pytest.raises(InvalidArgument) as caught:
        base_url_of(value)
    assert "pass" not in str(caught.value)


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."} and text.isprintable()))
def test_an_id_is_one_segment_and_comes_back(identifier):
    encoded = segment(identifier)
    assert "/" not in encoded
    assert unquote(encoded) == identifier
    url = httpx.URL(f"https://example.com/v1/{encoded}/x?a=1")
    assert url.raw_path == f"/v1/{encoded}/x?a=1".encode()


@pytest.mark.parametrize("identifier", ["", ".", "..", "\ud800"])
def test_an_id_that_would_address_something_else_is_not_found(identifier):
    with pytest.raises(NotFound):
        segment(identifier)


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1))
def test_a_query_comes_back_in_its_order(pairs):
    try:
        text = query_string(pairs)
    except InvalidArgument:
        assert any("\ud800" <= c <= "\udfff" for pair in pairs for part in pair for c in part)
        return
    assert parse_qsl(urlsplit(f"https://example.com/{text}").query, keep_blank_values=True) == pairs
