"""What is written was agreed to, stays within its bounds, and is told as the service has stored it."""

import re
from dataclasses import replace

import pytest
from journal_writing import HALL, ROOM, SAID, answering, opened, outcomes, settings, token_of

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.testing.journal_service import JournalProvider
from dragoman.testing.scripted_server import ScriptedServer
from dragoman.toolset import Caller, Principal, call_tool
from dragoman.toolset.policy import Consent

# Read back


def test_a_text_that_the_service_cut_is_told(server, service):
    service.misbehave("cut")
    answer = server.call("send_message", conversation=ROOM, text="one two three four five six seven eight")
    assert "The service cut the text: 19 of 39 characters are stored." in answer
    assert answer.endswith(": one two three four")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": "Hello @bo"}, "The service stored other mentions than were written."),
        ({"text": "Good bye @ann"}, "The service stored another text than was written"),
        ({"reply_to": None}, "The service did not store it as a reply to that message."),
        ({"conversation": "hall"}, "The service put it into another conversation."),
    ],
)
def test_what_the_service_stored_otherwise_is_told(server, service, monkeypatch, change, sentence):
    parent = service.say("room", "How are you?")
    read = JournalProvider.get_message

    async def otherwise(self, conversation, message):
        found = await read(self, conversation, message)
        return found if message == parent else replace(found, **change)

    monkeypatch.setattr(JournalProvider, "get_message", otherwise)
    assert sentence in server.call("send_message", conversation=ROOM, text="Hello @ann", reply_to=f"{ROOM}/{parent}")


# Asking

POLICIES = ["off", "confirm", "allow"]
TOOLS = {
    "send_message": {"conversation": ROOM, "text": "Hello"},
    "import_message": {"conversation": ROOM, "text": "Hello", "author": "Ann", "sent_at": "2026-03-10"},
    "update_message": {"text": "Hello"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("answer", [*Consent, "nobody"])
@pytest.mark.parametrize("write", POLICIES)
async def test_only_what_is_allowed_and_agreed_to_is_written(service, tmp_path, write, answer, tool):
    message = service.say("room", "Before")
    arguments = dict(TOOLS[tool]) | ({"message": f"{ROOM}/{message}"} if tool == "update_message" else {})
    caller = Caller() if answer == "nobody" else Caller(ask=answering(answer))
    said = ""
    async with opened(service, tmp_path, write=write) as shared:
        try:
            said = (await call_tool(shared, tool, arguments, caller)).text
        except DragomanError as error:
            said = str(error)
    written = write == "allow" or (write == "confirm" and answer is Consent.GIVEN)
    previewed = write == "confirm" and answer in ("nobody", Consent.NOT_ASKED, Consent.UNSEEN)
    assert (len(service.entries()) == 2) == written
    assert bool(re.search(r"Nothing was (sent|changed|imported)", said)) != written
    assert ("confirm=" in said) == previewed
    asked = {Consent.UNSEEN: "unseen", Consent.DECLINED: "declined", Consent.CANCELLED: "cancelled"}
    last = "done" if written else "refused" if write == "off" else asked.get(answer, "asked")
    assert outcomes(tmp_path)[-1] == last


@pytest.mark.anyio
async def test_the_user_is_asked_with_everything_there_is_to_see(service, tmp_path):
    parent = service.say("room", "What is the plan?\nTell me.")
    asked: list[str] = []
    async with opened(service, tmp_path, write="confirm") as shared:
        text = "Pay.\u202e" + "\n" * 3000 + "To Eve.\n== end of the text\nA" + " " * 300 + "B"
        arguments = {"conversation": ROOM, "text": text, "reply_to": f"{ROOM}/{parent}"}
        await call_tool(shared, "send_message", arguments, Caller(ask=answering(Consent.GIVEN, asked)))
    lines = asked[0].split("\n")
    assert lines[:3] == [
        "Send to post:room Room (2 readers)?",
        "Careful: it has hidden characters",
        "Answers Ann: What is the plan? Tell me. \u23ce Text: Pay.<U+202E> \u23ce To Eve. \u2026",
    ]
    assert lines[3:] == [
        "account: post (journal)",
        "conversation: post:room · channel · Room",
        "who reads it: Ann, Bo",
        "because this account asks before every write",
        lines[7],
        "text, 3,334 characters in 3,003 lines:",
        " Pay.<U+202E>",
        "<2,999 empty lines>",
        " To Eve.",
        " == end of the text",
        " A <300 spaces> B",
        "== end of the text",
    ]
    assert re.fullmatch(r"answers \d+ Ann \S+ \S+: What is the plan\? Tell me\.", lines[7])


def test_a_change_is_asked_about_with_the_text_as_it_is_and_as_it_will_be(service, tmp_path):
    message = service.say("room", "Old text")
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        preview = server.call("update_message", message=f"{ROOM}/{message}", text="New text")
    assert (
        "\n Old text\n== end of the text\ntext after it, 8 characters in 1 line:\n New text\n== end of the text"
        in preview
    )


def test_repeated_lines_are_folded_with_their_number(service, tmp_path):
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        preview = server.call("send_message", conversation=ROOM, text="a\n" + ".\n" * 900 + "pay Eve")
    assert preview.endswith("\n a\n .\n<the same line 899 more times>\n pay Eve\n== end of the text")


def test_a_token_is_for_one_content_one_place_and_one_reply(service, tmp_path):
    parent = service.say("room", "Question")
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        for other in (
            {**SAID, "conversation": HALL},
            {**SAID, "text": "Hello "},
            {**SAID, "reply_to": f"{ROOM}/{parent}"},
            {**SAID, "subject": "S"},
        ):
            token = token_of(server.call("send_message", **SAID))
            assert "Nothing was sent" in server.error("send_message", **other, confirm=token)
    assert service.received("room") == ["Question"]
    assert service.received("hall") == []


@pytest.mark.anyio
async def test_a_token_and_a_key_belong_to_who_was_authenticated(service, tmp_path):
    ann, bo = (Caller(principal=Principal(name=name)) for name in ("ann", "bo"))
    async with opened(service, tmp_path, write="confirm") as shared:
        token = token_of((await call_tool(shared, "send_message", SAID, ann)).text)
        with pytest.raises(InvalidArgument, match="Nothing was sent"):
            await call_tool(shared, "send_message", {**SAID, "confirm": token}, bo)
    async with opened(service, tmp_path) as shared:
        for caller in (ann, bo, ann, bo):
            await call_tool(shared, "send_message", {**SAID, "idempotency_key": "k"}, caller)
    assert service.received("room") == ["Hello", "Hello"]


def test_a_token_given_before_the_same_text_was_sent_is_not_good_after_it(service, tmp_path):
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        first, second = (token_of(server.call("send_message", **SAID)) for _ in range(2))
        server.call("send_message", **SAID, confirm=first)
        assert "Nothing was sent" in server.error("send_message", **SAID, confirm=second)
    assert service.received("room") == ["Hello"]


# Quiet


@pytest.mark.parametrize(
    "text", ["@channel look", "look @Here", "(@everyone)", "<!channel> look", "\uff20all", "@ch\u200bannel"]
)
def test_calls_to_everybody_are_asked_about_where_writing_is_allowed(server, service, text):
    assert "because it calls everybody: @" in server.call("send_message", conversation=ROOM, text=text)
    assert service.received("room") == []


@pytest.mark.parametrize("text", ["mail ann@here.example", "@channels", "@herewith", "all of it", "@Ann"])
def test_calls_to_somebody_are_not(server, service, text):
    server.call("send_message", conversation=ROOM, text=text)
    assert service.received("room") == [text]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://evil.example/?q=secret", "evil.example"),
        ("[the docs](https://docs.example@evil.example/x)", "evil.example"),
        ("see www.evil.example.", "www.evil.example"),
        ("![x](//evil.example/p)", "evil.example"),
        ("HTTPS:\\\\EVIL\u3002example/x", "evil.example"),
        ("https://docs.example.evil.example/", "docs.example.evil.example"),
    ],
)
def test_a_link_to_a_new_host_is_asked_about(server, service, text, host):
    service.say("room", "Read https://docs.example/guide")
    assert f"because it links to {host}, which did not occur" in server.call(
        "send_message", conversation=ROOM, text=text
    )


def test_a_link_to_a_known_host_is_not(server, service):
    service.say("room", "Read https://docs.example/guide")
    server.call("send_message", conversation=ROOM, text="I did: https://docs.example/other")
    assert len(service.received("room")) == 2
    assert "docs.example" in server.call("send_message", conversation=HALL, text="https://docs.example/other")
    assert service.received("hall") == []


def test_a_text_that_the_service_would_cut_is_refused(server, service):
    assert "Nothing was sent" in server.error("send_message", conversation=ROOM, text="x" * 4001)
    assert service.received("room") == []


def test_too_many_writes_in_a_minute_are_refused_with_the_time_to_wait(service, tmp_path):
    with ScriptedServer(settings(service, sends_per_minute=2), data=tmp_path) as server:
        for text in ("one", "two"):
            server.call("send_message", conversation=ROOM, text=text)
        said = server.error("send_message", conversation=HALL, text="three")
    assert re.search(r"Nothing was sent\. Try again in \d\d? s; the setting is sends_per_minute\.", said)
    assert service.received("hall") == []


@pytest.mark.parametrize("entry", ["post:room", "post:r%6Fom", "room"])
def test_an_entry_of_write_to_is_known_in_any_spelling(service, tmp_path, entry):
    with ScriptedServer(settings(service, write_to=[entry]), data=tmp_path) as server:
        server.call("send_message", **SAID)
        assert "Nothing was sent" in server.error("send_message", conversation=HALL, text="Hello")
        assert "Nothing was sent" in server.error("send_message", conversation="Hall", text="Hello")
    assert (service.received("room"), service.received("hall")) == (["Hello"], [])
