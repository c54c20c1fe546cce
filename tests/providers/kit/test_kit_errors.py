"""A table of hints becomes the sentences that a person can act on."""

import pytest

from dragoman.core.errors import NotFound, OutcomeUnknown, Unavailable
from dragoman.core.model import Author, Message
from dragoman.providers.kit.errors import error_table
from dragoman.providers.kit.threads import require_subtree, subtree
from dragoman.transport.error_mapping import ServiceFailure, error_for

PROFILE = error_table(
    "Acme",
    {404: "Find it with list_conversations.", "unresolvable": "Check `base_url`.", "NOT_FOUND": "Look elsewhere."},
    by_operation={"send_message": {404: "Begin a conversation first."}},
    look={"send_message": "Look with list_messages whether it is there."},
    credentials="api_key",
)


@pytest.mark.parametrize(
    ("failure", "error", "hint"),
    [
        (ServiceFailure(kind="read", status=404), NotFound, "Find it with list_conversations."),
        (ServiceFailure(kind="read", code="NOT_FOUND"), NotFound, "Look elsewhere."),
        (ServiceFailure(kind="write", status=404, operation="send_message"), NotFound, "Begin a conversation first."),
        (ServiceFailure(kind="read", trouble="unresolvable"), Unavailable, "Check `base_url`."),
        (
            ServiceFailure(kind="write", status=500, operation="send_message"),
            OutcomeUnknown,
            "Look with list_messages whether it is there.",
        ),
        (
            ServiceFailure(kind="write", status=503, operation="send_message"),
            Unavailable,
            "Try again in a few minutes.",
        ),
    ],
)
def test_the_hint_fits_the_failure(failure, error, hint):
    found = error_for(error, failure, PROFILE)
    assert type(found) is error
    assert found.hint == hint


def test_the_service_is_quoted_in_its_own_words():
    failure = ServiceFailure(kind="read", status=404, body={"error": {"message": "no such room"}})
    assert 'Acme knows no such thing, or may not show it; the service says: "no such room".' in str(
        error_for(NotFound, failure, PROFILE)
    )


def message(identifier, reply_to=None):
    return Message(
        id=identifier, conversation="room", author=Author(name="Ann"), sent_at=None, text="", reply_to=reply_to
    )


def test_a_thread_is_a_message_and_all_that_answers_it_however_deep():
    messages = [message("d", "c"), message("a"), message("b", "a"), message("c", "b"), message("e", "x")]
    assert [one.id for one in subtree(messages, "a")] == ["d", "a", "b", "c"]
    assert [one.id for one in subtree(messages, "x")] == ["e"]
    with pytest.raises(NotFound):
        require_subtree(messages, "x")


def test_messages_that_answer_each_other_in_a_circle_end():
    assert len(subtree([message("a", "b"), message("b", "a")], "a")) == 2
