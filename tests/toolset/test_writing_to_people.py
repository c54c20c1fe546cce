"""Writing where a conversation is made of people: who may be written to, and what somebody agrees to."""

import re
import sys
from types import ModuleType

import pytest

from dragoman.accounts import provider_registry
from dragoman.core.errors import NotFound
from dragoman.core.model import Audience, Author, Conversation, Message
from dragoman.providers.base.provider import Provider
from dragoman.testing.scripted_server import ScriptedServer

PEOPLE = {"thread": ["ann@here.example"]}
SENT = []


class Letters(Provider):
    """Letters to addresses; a first letter begins a thread."""

    name = "letters"

    @classmethod
    def begins_conversation(cls, conversation):
        return conversation.startswith("to:")

    @classmethod
    def names_recipients(cls, entry):
        return "@" in entry

    def text_to_send(self, text):
        return f"{text}\n\n-- \nMe"

    def _reached(self, conversation):
        return PEOPLE.get(conversation) or conversation.removeprefix("to:").split(",")

    async def may_write_to(self, conversation, draft):
        entries = self.settings.write_to
        return all(any(one.endswith(entry.lstrip("*")) for entry in entries) for one in self._reached(conversation))

    async def get_conversation(self, conversation):
        return Conversation(id=conversation, title="Letters")

    async def audience(self, conversation, draft=None):
        return Audience(conversation=Conversation(id=conversation), receivers=tuple(self._reached(conversation)))

    async def send_message(self, conversation, draft):
        SENT.append(draft)
        room = "thread" if conversation.startswith("to:") else conversation
        return Message(
            id="m1", conversation=room, author=Author(name="me"), sent_at=None, text=draft.text, subject=draft.subject
        )

    async def find_sent(self, conversation, draft, since, known=()):
        raise NotFound("nothing")


@pytest.fixture
def server(monkeypatch):
    module = ModuleType("letters_of_the_test")
    module.Letters = Letters
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(provider_registry.BUILT_IN, "letters", "letters_of_the_test:Letters")
    SENT.clear()
    PEOPLE["thread"] = ["ann@here.example"]

    def build(**account):
        return ScriptedServer({"accounts": {"mail": {"provider": "letters", **account}}})

    return build


def test_write_to_takes_whole_domains_when_everybody_is_in_one(server):
    with server(write="allow", write_to=["*@here.example"]) as dragoman:
        dragoman.call("send_message", conversation="mail:to:ann@here.example", text="Hello")
        dragoman.call("send_message", conversation="mail:thread", text="Hello again")
        said = dragoman.error("send_message", conversation="mail:to:ann@here.example,eve@else.example", text="x")
        assert "not among those that may be written to" in said
        PEOPLE["thread"] = ["ann@here.example", "eve@else.example"]
        dragoman.error("send_message", conversation="mail:thread", text="y")
    assert len(SENT) == 2


def test_write_to_still_names_conversations_and_an_empty_one_names_none(server):
    with server(write="allow", write_to=["thread"]) as dragoman:
        dragoman.call("send_message", conversation="mail:thread", text="Hello")
        dragoman.error("send_message", conversation="mail:to:ann@here.example", text="x")


def test_the_question_and_the_letter_hold_the_signature(server):
    with server(write="confirm") as dragoman:
        asked = dragoman.call("send_message", conversation="mail:thread", text="Hello")
        assert " Me" in asked
        assert SENT == []
        token = re.search(r"confirm=(\S+)", asked)[1]
        done = dragoman.call("send_message", conversation="mail:thread", text="Hello", confirm=token)
        assert "another text" not in done
    assert SENT[0].text == "Hello\n\n-- \nMe"


def test_somebody_who_joins_after_the_question_is_asked_about(server):
    with server(write="confirm") as dragoman:
        asked = dragoman.call("send_message", conversation="mail:thread", text="Hello")
        token = re.search(r"confirm=(\S+)", asked)[1]
        PEOPLE["thread"].append("eve@else.example")
        said = dragoman.error("send_message", conversation="mail:thread", text="Hello", confirm=token)
        assert "Nothing was sent" in said
        assert SENT == []
        assert "eve@else.example" in dragoman.call("send_message", conversation="mail:thread", text="Hello")


def test_a_first_letter_answers_with_the_thread_that_came_of_it(server):
    with server(write="allow") as dragoman:
        said = dragoman.call("send_message", conversation="mail:to:ann@here.example", text="Hello", subject="Hi")
    assert "mail:thread" in said
    assert "another conversation" not in said


def test_each_attempt_of_a_letter_tells_when_it_was_first_begun(server):
    with server(write="allow") as dragoman:
        dragoman.call("send_message", conversation="mail:thread", text="Hello")
        dragoman.call("send_message", conversation="mail:thread", text="Other")
    assert None not in {draft.begun for draft in SENT}
    assert SENT[0].begun < SENT[1].begun
