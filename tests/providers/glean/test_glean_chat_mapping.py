import pytest

from dragoman.providers.glean.chat.mapping import to_conversation, to_messages
from dragoman.providers.glean.conversation_id import Address
from dragoman.providers.glean.mapping.chat_wire import Chat
from dragoman.providers.glean.settings import GleanSettings
from dragoman.providers.kit.wire import lenient

ACCOUNT = GleanSettings.model_validate({"provider": "glean", "base_url": "https://a-be.glean.com", "token": "t"})
ROOM = "slack.channel.C1"
PLACE = Address.parse(ROOM, ACCOUNT)
THREAD = Address.parse("slack.thread.1.2", ACCOUNT)


def chat(*messages):
    return to_messages(lenient(Chat, {"messages": list(messages)}), "chat.c")


def said(by, identifier, ts=None):
    return {"author": by, "messageId": identifier, "ts": ts, "fragments": [{"text": identifier}]}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chat_is_shown_oldest_first_whatever_its_order(backwards):
    messages = [said("USER", "q1", "2024-06-05T10:00:00Z"), said("GLEAN_AI", "a1", "2024-06-05T10:00:06Z"),
                said("USER", "q2"), said("GLEAN_AI", "a2", "2024-06-05T10:01:00Z")]  # fmt: skip
    found = chat(*(messages[::-1] if backwards else messages))
    assert [m.id for m in found if m.id != "q2"] == ["q1", "a1", "a2"]
    assert [m.id for m in found].index("q2") in {1, 2}


def test_a_chat_without_times_that_ends_with_the_question_runs_backwards():
    assert [m.id for m in chat(said("GLEAN_AI", "a"), said("USER", "q"))] == ["q", "a"]
    assert [m.id for m in chat(said("USER", "q"), said("GLEAN_AI", "a"))] == ["q", "a"]


def test_only_what_was_said_is_shown_and_by_default_the_user_said_it():
    kinds = ["UPDATE", "CONTEXT", "ERROR", "CONTROL", "SOMETHING_NEW"]
    found = chat({"fragments": [{"text": "hi"}]}, *({"author": "GLEAN_AI", "messageType": kind} for kind in kinds))
    assert [(m.author.name, m.text) for m in found] == [("user", "hi")]


def test_messages_of_a_chat_with_one_id_or_none_get_ids_of_their_own():
    found = chat(
        *[{"author": "GLEAN_AI", "messageId": "same", "fragments": [{"text": "x"}]}] * 2, {"author": "GLEAN_AI"}
    )
    assert [m.id for m in found] == ["same", "same~2", "n3"]


def test_a_chat_that_others_write_in_does_not_say_who_the_user_is():
    creator, other = {"name": "Ann", "obfuscatedId": "u1"}, {"name": "Bo", "obfuscatedId": "u2"}
    alone = {"createdBy": creator, "roles": [{"role": "OWNER", "person": creator}, {"role": "VIEWER", "person": other}]}
    shared = {"createdBy": creator, "roles": [{"role": "EDITOR", "person": other}]}
    names = [to_messages(lenient(Chat, {**one, "messages": [said("USER", "q")]}), "chat.c")[0].author.name
             for one in (alone, shared)]  # fmt: skip
    assert names == ["Ann", "user"]


def test_whoever_has_a_role_in_a_chat_can_read_it_and_who_is_no_employee_is_from_outside():
    ann, bo = {"name": "Ann", "obfuscatedId": "u1"}, {"name": "Bo", "obfuscatedId": "u2"}
    eve = {"name": "Eve", "obfuscatedId": "u3", "metadata": {"type": "NON_EMPLOYEE"}}
    roles = [{"role": "OWNER", "person": ann}, {"role": "VIEWER", "person": bo}, {"role": "VIEWER", "person": eve}]
    told = to_conversation(lenient(Chat, {"createdBy": ann, "roles": [*roles, {"role": "VIEWER"}]}), "c")
    assert (told.participants, told.external) == (("Ann", "Bo", "Eve"), ("Eve",))
    alone = to_conversation(lenient(Chat, {"createdBy": ann}), "c")
    assert (alone.participants, alone.external, alone.members) == (("Ann",), (), None)


def test_files_sources_and_suggestions_of_a_chat():
    fragments = [
        {"file": {"id": "f", "name": "a.pdf", "metadata": {"mimeType": "application/pdf", "processedSize": 7}}},
        {"citation": {"sourceFile": {"name": "a.pdf", "url": "https://f.example"}}},
        {"structuredResults": [{"document": {"title": "Plan", "url": "https://p.example"}}]},
        {"querySuggestion": {"query": "plan"}},
    ]
    [message] = chat({"author": "GLEAN_AI", "fragments": fragments, "uploadedFileIds": ["f", "g"]})
    assert [(a.name, a.size) for a in message.attachments] == [("a.pdf", 7), ("g", None)]
    assert [(c.title, c.url) for c in message.citations] == [
        ("a.pdf", "https://f.example"),
        ("Plan", "https://p.example"),
    ]
    assert message.text == "plan"
