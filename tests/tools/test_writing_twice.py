"""Nothing is written twice, whatever gets lost on the way."""

import re
from datetime import UTC, datetime

import pytest
from journal_writing import HALL, ROOM, SAID, changes, outcomes, token_of


def test_the_same_key_is_answered_with_the_first_result(server, service):
    first = server.call("send_message", **SAID, idempotency_key="k")
    assert server.call("send_message", **SAID, idempotency_key="k") == first
    assert service.received("room") == ["Hello"]


def test_the_same_text_soon_after_is_asked_about_and_named(server, service, tmp_path):
    server.call("send_message", **SAID)
    preview = server.call("send_message", **SAID)
    assert re.search(r"\nbecause the same text was sent here \d+ s ago as post:room/\w+\n", preview)
    assert service.received("room") == ["Hello"]
    server.call("send_message", **SAID, confirm=token_of(preview))
    assert service.received("room") == ["Hello", "Hello"]
    assert outcomes(tmp_path) == ["begun", "done", "asked", "begun", "done"]


def test_another_text_another_room_and_another_key_are_not_held_up(server, service):
    server.call("send_message", **SAID)
    server.call("send_message", conversation=HALL, text="Hello")
    server.call("send_message", conversation=ROOM, text="Hello there")
    server.call("send_message", **SAID, idempotency_key="k")
    assert service.received("room") == ["Hello", "Hello there", "Hello"]
    assert service.received("hall") == ["Hello"]


@pytest.mark.parametrize("key", [{"idempotency_key": "k"}, {}])
def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(server, service, tmp_path, key):
    service.misbehave("lost")
    assert "broke" in server.error("send_message", **SAID, **key)
    again = server.call("send_message", **SAID, **key)
    assert "An earlier call that was cut off had written it. Nothing was sent again." in again
    assert again.endswith("me: Hello")
    assert service.received("room") == ["Hello"]
    assert outcomes(tmp_path) == ["begun", "unknown", "found", "repeated"]


@pytest.mark.parametrize("key", [{"idempotency_key": "k"}, {}])
def test_a_message_that_got_lost_is_sent_again_only_when_somebody_agrees(server, service, key):
    service.misbehave("dropped")
    server.error("send_message", **SAID, **key)
    preview = server.call("send_message", **SAID, **key)
    assert "because an earlier call was cut off: its outcome is unknown" in preview
    assert service.received("room") == []
    server.call("send_message", **SAID, **key, confirm=token_of(preview))
    assert service.received("room") == ["Hello"]
    assert "Nothing was sent" in server.error("send_message", **SAID, confirm=token_of(preview))


def test_a_message_of_another_call_is_not_taken_for_the_one_that_got_lost(server, service):
    server.call("send_message", **SAID, idempotency_key="first")
    service.misbehave("dropped")
    server.error("send_message", **SAID, idempotency_key="second")
    assert "its outcome is unknown" in server.call("send_message", **SAID, idempotency_key="second")
    assert service.received("room") == ["Hello"]


def test_of_two_that_got_lost_and_one_that_is_there_none_is_said_to_be_it(server, service):
    for fault, key in (("dropped", "first"), ("lost", "second")):
        service.misbehave(fault)
        server.error("send_message", **SAID, idempotency_key=key)
    for key in ("first", "second"):
        preview = server.call("send_message", **SAID, idempotency_key=key)
        assert "may be its message, or that of somebody else" in preview
    assert service.received("room") == ["Hello"]


def test_a_change_whose_answer_was_lost_is_found_and_not_made_again(server, service, tmp_path, change):
    service.misbehave("lost")
    assert "broke" in server.error("update_message", **change)
    again = server.call("update_message", **change)
    assert "An earlier call that was cut off had written it. Nothing was changed again." in again
    assert changes(service) == ["After"]
    assert outcomes(tmp_path) == ["begun", "unknown", "found", "repeated"]


def test_a_lost_change_of_what_was_sent_and_changed_from_here_is_found_too(server, service):
    server.call("send_message", **SAID)
    (sent,) = service.entries()
    for fault, text in (("", "Once"), ("lost", "Twice")):
        service.misbehave(fault)
        told = server.call if not fault else server.error
        told("update_message", message=f"{ROOM}/{sent['id']}", text=text)
    assert "Nothing was changed again" in server.call("update_message", message=f"{ROOM}/{sent['id']}", text="Twice")
    assert changes(service) == ["Once", "Twice"]


@pytest.mark.parametrize("text", ["After", "**Before**"])
def test_a_change_that_got_lost_is_made_again_only_when_somebody_agrees(server, service, change, text):
    change["text"] = text
    service.misbehave("dropped")
    server.error("update_message", **change)
    preview = server.call("update_message", **change)
    assert "because an earlier call was cut off: its outcome is unknown, and the change is not there" in preview
    assert changes(service) == []
    server.call("update_message", **change, confirm=token_of(preview))
    assert changes(service) == [text]


def test_a_change_may_be_made_again_after_somebody_else_has_undone_it(server, service, change):
    server.call("update_message", **change)
    service.write(op="update", room="room", id=change["message"].rpartition("/")[2], text="Undone", at="2026-03-10")
    server.call("update_message", **change)
    assert changes(service) == ["After", "Undone", "After"]


def test_of_a_message_and_a_reply_in_the_same_words_that_got_lost_neither_is_taken_for_the_other(server, service):
    parent = service.say("room", "How are you?")
    reply = {**SAID, "reply_to": f"{ROOM}/{parent}", "idempotency_key": "reply"}
    for fault, arguments in (("lost", {**SAID, "idempotency_key": "message"}), ("dropped", reply)):
        service.misbehave(fault)
        server.error("send_message", **arguments)
    assert "may be its message, or that of somebody else" in server.call("send_message", **reply)
    assert service.received("room") == ["How are you?", "Hello"]


def test_of_a_message_and_an_import_in_the_same_words_that_got_lost_neither_is_taken_for_the_other(server, service):
    imported = {"conversation": ROOM, "text": "Hello", "author": "me", "sent_at": "2026-03-10T09:00Z"}
    for fault, tool, arguments in (("dropped", "import_message", imported), ("lost", "send_message", SAID)):
        service.misbehave(fault)
        server.error(tool, **arguments)
    assert "may be its message, or that of somebody else" in server.call("import_message", **imported)
    assert service.received("room") == ["Hello"]


def test_words_that_a_message_was_given_later_are_not_taken_for_what_got_lost(server, service):
    service.misbehave("dropped")
    server.error("send_message", **SAID)
    other = service.say("room", "Bye", author="me")
    service.write(op="update", room="room", id=other, text="Hello", at=datetime.now(UTC).isoformat())
    assert "its message is not there now" in server.call("send_message", **SAID)


def test_a_refused_message_may_be_sent_again_at_once(server, service):
    service.misbehave("refused")
    assert "Nothing was sent." in server.error("send_message", **SAID, idempotency_key="k")
    server.call("send_message", **SAID, idempotency_key="k")
    assert service.received("room") == ["Hello"]


def test_other_writes_to_the_conversation_tell_of_the_unknown_one(server, service):
    service.misbehave("dropped")
    server.error("send_message", **SAID)
    assert "outcome of an earlier write here" in server.call("send_message", conversation=ROOM, text="More")
    assert "outcome of an earlier" not in server.call("send_message", conversation=HALL, text="More")
