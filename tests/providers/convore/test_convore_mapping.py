"""Whatever comes becomes something, and what is there arrives."""

import unicodedata
from datetime import UTC, datetime

import pytest
from convore_replay import names, recording
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import ConversationKind
from dragoman.providers.convore import wire
from dragoman.providers.convore.mapping import addresses_of, outside, primary, to_conversation, to_message
from dragoman.providers.convore.reading import with_parents

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HANDLES = st.fixed_dictionaries({"type": st.sampled_from(["email", "convore_chat"]), "value": st.text()})
PEOPLE = st.fixed_dictionaries({"handle": HANDLES | JSON, "role": st.sampled_from(["from", "to", "cc"]) | JSON})


def members(model, **known):
    """Any JSON in any member; ``known`` ones are more likely to be what they should."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(model.model_fields, JSON) | known)


MESSAGES = members(wire.Message, sender=PEOPLE, recipients=st.lists(PEOPLE | JSON), body=st.text(), date=st.text())


def message(**found):
    return to_message(wire.Message.model_validate({"id": "m"} | found), "room")


@given(MESSAGES)
def test_any_json_with_an_id_is_a_message(found):
    mapped = message(**{name: value for name, value in found.items() if name != "id"})
    assert mapped.id == "m"
    assert mapped.author.name.strip()
    assert mapped.sent_at is None or mapped.sent_at.tzinfo
    assert with_parents([mapped], {}.get, whole=True)[0].reply_to is None


@given(members(wire.Conversation, participants=st.lists(PEOPLE | JSON)))
def test_any_json_with_an_id_is_a_conversation(found):
    mapped = to_conversation(wire.Conversation.model_validate(found | {"id": "c"}))
    assert mapped.id == "c"
    assert mapped.kind in {ConversationKind.MAIL, ConversationKind.DIRECT}


@given(members(wire.Channel, addresses=st.lists(st.fixed_dictionaries({"handle": HANDLES | JSON}) | JSON)))
def test_any_json_is_a_channel(found):
    assert primary(wire.Channel.model_validate(found)) is None or found["addresses"]


@given(MESSAGES.filter(lambda found: found.get("id") in (None, "", [], {})))
def test_what_has_no_id_is_left_out(found):
    assert to_message(wire.Message.model_validate(found), "room") is None


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("get_message")])
@pytest.mark.parametrize("left_out", [*wire.Message.model_fields, "every optional one"])
def test_a_message_that_lacks_a_member_shows_what_is_there(name, left_out):
    found = recording(name)["response"]["json"]
    kept = {key: value for key, value in found.items() if key != left_out}
    if left_out == "every optional one":
        kept = {"id": found["id"], "text_body": found["text_body"]}
    mapped = to_message(wire.Message.model_validate(kept), "room")
    assert (mapped is None) == (left_out == "id")
    if mapped and left_out not in {"text_body", "body"}:
        assert mapped.text == found["text_body"]


NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


# texts


@pytest.mark.parametrize(
    ("found", "text", "partial"),
    [
        ({"text_body": "plain", "body": "<p>html</p>", "snippet": "s"}, "plain", False),
        ({"text_body": "", "body": "<p>html</p>"}, "html", False),
        ({"text_body": "\u200b\u200c \ufeff", "body": "<p>html</p>"}, "html", False),
        ({"body": "<p></p>", "raw_body": "<blockquote>older</blockquote>"}, "older", False),
        ({"raw_body": "<p>whole</p>", "snippet": "s"}, "whole", False),
        ({"snippet": "preview", "format": "minimal"}, "preview", True),
        ({"snippet": "preview", "format": "full"}, "preview", True),
        ({"format": "minimal"}, "", True),
        ({"format": "full"}, "", False),
        ({"text_body": "", "body": "", "raw_body": "", "snippet": "preview"}, "", False),
        ({"text_body": None, "body": None, "raw_body": None, "snippet": None}, "", False),
        ({"text_body": "  kept\n\n  as it is "}, "  kept\n\n  as it is ", False),
    ],
)
def test_the_text_is_the_best_that_is_there(found, text, partial):
    mapped = message(**found)
    assert (mapped.text, mapped.partial) == (text, partial)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Hello \u200c\u200c\u200c\u200b\u2060\ufeffAnn\u00ad", "Hello Ann"),
        ("in\u200dvis\u200cible", "invisible"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("hidden \U000e0068\U000e0069", "hidden "),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "family \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("\U0001f642\u200d\u2194\ufe0f", "\U0001f642\u200d\u2194\ufe0f"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",) * 2,
        ("\u0661\u0662\u06dd", "\u0661\u0662\u06dd"),
        ("\u200d", ""),
    ],
)
def test_what_nobody_sees_is_left_out_and_what_writing_needs_stays(text, seen):
    assert message(text_body=text).text == seen


@given(st.text())
def test_of_a_text_only_format_characters_are_ever_left_out(text):
    found = message(text_body=text).text

    def plain(words):
        return [char for char in words if unicodedata.category(char) != "Cf"]

    assert plain(found) == plain(text) or not text.strip()


def test_a_blind_copy_is_told_nowhere():
    blind = {"handle": {"type": "email", "value": "audit@acme.example"}, "role": "BCC", "name": "Audit"}
    room = to_conversation(wire.Conversation.model_validate({"id": "c", "participants": [blind]}))
    for found in (message(recipients=[blind], raw_body="<p>x</p>"), room):
        assert "audit" not in repr(found).lower()


def test_words_of_enumerations_count_in_any_case():
    found = message(direction="INBOUND", reply_type="Reply_All", sender={"handle": {"type": "EMAIL", "value": "a@b.c"}})
    assert (found.extra["direction"], found.extra["reply_type"]) == ("inbound", "reply_all")
    assert found.author.email == "a@b.c"


def test_what_was_never_heard_of_is_kept_as_it_is():
    found = to_conversation(
        wire.Conversation.model_validate({"id": "c", "status": "SNOOZED", "priority": "whatever", "new": {"a": 1}})
    )
    assert (found.status, found.extra["priority"]) == ("snoozed", "whatever")


def mail(value):
    return {"type": "email", "value": value}


def there(*handles):
    return [wire.Participant.model_validate({"handle": one, "role": "to", "name": "N"}) for one in handles]


@pytest.mark.parametrize(
    ("own", "somebody", "from_outside"),
    [
        ("support@acme.example", mail("ann@example.com"), True),
        ("support@acme.example", mail("SUPPORT@ACME.example"), False),
        ("support@acme.example", mail("jo@acme.example"), False),
        ("support@acme.example", mail("jo@mail.acme.example"), False),
        ("support@acme.example", mail("jo@notacme.example"), True),
        ("support@acme.example", mail("support@acme.example@evil.example"), True),
        ("support@acme.example", mail("nonsense"), True),
        ("support@acme.example", {"type": "convore_chat", "value": "visitor"}, True),
        ("acme@gmail.com", mail("ann@gmail.com"), True),
        ("acme@convoremail.com", mail("rival@convoremail.com"), True),
        ("support@acme.example", {"type": "email", "value": ""}, False),
        ("support@acme.example", None, False),
    ],
)
def test_outside_is_who_is_neither_an_address_of_a_channel_nor_in_the_domain_of_one(own, somebody, from_outside):
    channel = wire.Channel.model_validate({"addresses": [{"handle": mail(own)}]})
    found = outside(there(somebody), addresses_of(channel))
    assert bool(found) == from_outside
