"""Lists of addresses that people write, in recipients, mailto links and the setting write_to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.providers.mail.addresses import matches_entry, parse_mailto, parse_new_conversation, sendable_address


@pytest.mark.parametrize(
    ("conversation", "to", "cc"),
    [
        ("to:ann@example.com", ("ann@example.com",), ()),
        ("to:ann@example.com,bob@example.org", ("ann@example.com", "bob@example.org"), ()),
        ("to:ann@example.com,ANN@Example.com", ("ANN@example.com",), ()),
        ("to:ann@example.com;cc.bob@example.org", ("ann@example.com",), ("bob@example.org",)),
        ("to:ann@bücher.example", ("ann@xn--bcher-kva.example",), ()),
        ("to:jörg@example.com", ("jörg@example.com",), ()),
    ],
)
def test_a_new_conversation_names_its_recipients(conversation, to, cc):
    new = parse_new_conversation(conversation)
    assert (new.to, new.cc) == (to, cc)


@pytest.mark.parametrize(
    "conversation",
    [
        "to:",
        "to:ann",
        "to:ann@",
        "to:@example.com",
        "to:ann@example.com;bcc.eve@example.com",
        "to:a b@example.com",
        "to:ann@example.com\r\nBcc: eve@x.org",
        "to:ann@exa mple.com",
        "to:<ann@example.com>",
        "to:ann@-example.com",
        'to:"a b"@example.com',
        "to:ann@example..com",
        "to:.ann@example.com",
        "to:;cc.ann@example.com",
        "t.abc",
        "to:" + ",".join(f"p{number}@x.org" for number in range(101)),
        "to:" + "a" * 20_000,
        "to:ann@example.com>",
    ],
)
def test_what_is_no_list_of_addresses_is_refused(conversation):
    with pytest.raises((InvalidArgument, NotFound)):
        parse_new_conversation(conversation)


@given(st.text())
def test_any_text_is_a_list_of_addresses_or_refused_in_our_words(text):
    try:
        new = parse_new_conversation(f"to:{text}")
    except DragomanError:
        return
    assert all(sendable_address(one) == one for one in (*new.to, *new.cc))
    assert parse_new_conversation(new.conversation) == new


@pytest.mark.parametrize(
    ("link", "conversation"),
    [
        ("mailto:ann@example.com", "to:ann@example.com"),
        (
            "MAILTO:ann@example.com?cc=bob@example.org&body=Pay&bcc=eve@x.org&attach=/etc/passwd",
            "to:ann@example.com;cc.bob@example.org",
        ),
        ("mailto:ann%40example.com,bob@example.org", "to:ann@example.com,bob@example.org"),
        ("mailto:?to=ann@example.com", "to:ann@example.com"),
        ("mailto:ann@example.com%0d%0aBcc:eve@x.org", None),
        ("mailto:nobody", None),
        ("https://example.com", None),
    ],
)
def test_a_mailto_link_gives_addresses_and_nothing_else(link, conversation):
    assert parse_mailto(link) == conversation


@pytest.mark.parametrize(
    ("address", "entry", "named"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("Ann@Example.com", "to:ann@example.COM", True),
        ("ann@example.com", "*@example.com", True),
        ("ann@sub.example.com", "*@example.com", False),
        ("ann@evilexample.com", "*@example.com", False),
        ("ann@example.com", "*@", False),
        ("ann@example.com", "*", False),
        ("ann@xn--bcher-kva.example", "*@bücher.example", True),
        ("ann@example.com", "bob@example.com", False),
    ],
)
def test_an_entry_of_write_to_names_an_address_or_a_whole_domain(address, entry, named):
    assert matches_entry(address, entry) is named
