import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.references import ACCOUNT_NAME, Reference, decode, encode, parse

any_character = st.characters(exclude_categories=())  # lone surrogates too
ids = st.text(any_character, min_size=1, max_size=40)
accounts = st.from_regex(ACCOUNT_NAME, fullmatch=True)
references = st.builds(Reference, accounts, ids, st.none() | ids)


@given(references)
@example(Reference("work", "cnv/π 7?", "a/b"))
@example(Reference("work", "%2F", "%"))
@example(Reference("work", "\ud800", "\ud83d\ude00"))
@example(Reference("work", ":", ":"))
def test_every_reference_reads_back_as_itself(reference):
    assert parse(str(reference)) == reference


@given(references)
def test_a_reference_is_one_word_in_which_nothing_is_invisible(reference):
    text = str(reference)
    assert text.split() == [text]
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}]
    assert text.encode()


@given(references)
def test_a_reference_has_one_colon_and_slash_of_its_own(reference):
    account, _, rest = str(reference).partition(":")
    assert account == reference.account
    assert rest.count("/") == (reference.message is not None)


@given(st.text(any_character))
@example("work:room/")
@example("work:/m")
@example("work:a/b/c")
@example("work:50%")
def test_whatever_is_read_as_a_reference_has_one_spelling(text):
    try:
        found = parse(text)
    except InvalidArgument:
        return
    if found is not None:
        assert parse(str(found)) == found


@given(accounts, ids)
def test_the_two_cases_of_an_escape_are_the_same_reference(account, conversation):
    text = str(Reference(account, conversation))
    escaped = f"{account}:" + "".join(f"%{byte:02x}" for byte in conversation.encode("utf-8", "surrogatepass"))
    assert parse(escaped) == parse(text)


@pytest.mark.parametrize(
    ("identifier", "spelling"),
    [
        ("C02QF8N7J", "C02QF8N7J"),
        ("slack.channel.C02QF8N7J", "slack.channel.C02QF8N7J"),
        ("slack/channel/C02QF8N7J", "slack%2Fchannel%2FC02QF8N7J"),
        ("cnv/π 7?", "cnv%2Fπ%207?"),
        ("100%", "100%25"),
        ("a\u00a0b\u2028c", "a%C2%A0b%E2%80%A8c"),
        ("\u202eevil\x00", "%E2%80%AEevil%00"),
        ("doc@acme:1#2&3", "doc@acme:1#2&3"),
    ],
)
def test_only_what_would_hide_or_split_is_escaped(identifier, spelling):
    assert encode(identifier) == spelling
    assert decode(spelling) == identifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#relay-launch",
        "Launch room",
        "4811",
        "work:",
        "work:/m1",
        "work:room/",
        "work:room/m/1",
        "Work:room",
        "1work:room",
        ":room",
        "work room:x",
        "work:a b",
        "work:a\nb",
        f"{'a' * 33}:room",
        "https://acme.slack.com/archives/C1/p2",
    ],
)
def test_what_has_another_form_is_no_reference(text):
    assert parse(text) is None


@pytest.mark.parametrize("text", ["work:50%", "work:50%zz", "work:room/%", "work:%ff", "work:%C3%28/m"])
def test_broken_escapes_are_refused_with_what_to_do(text):
    with pytest.raises(InvalidArgument, match=r"encodes nothing\. Copy references") as refused:
        parse(text)
    assert refused.value.hint


def test_an_account_name_of_32_characters_is_the_longest():
    name = "a" * 32
    assert parse(f"{name}:room") == Reference(name, "room")


@pytest.mark.parametrize("hidden", ["\u3164", "\u115f", "\u2800", "\ue000", "\u0378", "a" + "\u0301" * 8])
def test_what_would_not_be_shown_as_it_is_is_encoded(hidden):
    spelled = encode(f"room-{hidden}-7")
    assert spelled.isascii()
    assert decode(spelled) == f"room-{hidden}-7"


@pytest.mark.parametrize("readable", ["π", "日本", "กำ", "\U0001f600", "café"])
def test_letters_and_emoji_stay_readable(readable):
    assert encode(f"room-{readable}") == f"room-{readable}"
