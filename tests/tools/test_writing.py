"""send_message, update_message and import_message on the local account, and what the policy makes of them."""

import re

import pytest

from dragoman.core.errors import OutcomeUnknown
from dragoman.core.model import Message
from dragoman.providers.base.provider import Draft
from dragoman.providers.local import LocalProvider
from dragoman.testing.scripted_server import ScriptedServer

ROOM = "local:room"


@pytest.fixture
def room(dragoman: ScriptedServer) -> ScriptedServer:
    dragoman.call(
        "import_message", conversation=ROOM, text="Hello", author="Ann Lee <ann@x.example>", sent_at="2026-03-10T09:00Z"
    )
    return dragoman


@pytest.mark.parametrize("author", ["ann@x.example", "<ann@x.example>", "mailto:ann@x.example"])
def test_an_address_alone_is_the_address_of_its_author(dragoman, author):
    dragoman.call("import_message", conversation=ROOM, text="Hi", author=author, sent_at="2026-03-10T09:00Z")
    [message] = dragoman.json("list_messages", conversation=ROOM)["messages"]
    found = dragoman.json("get_message", message=str(message["number"]))["author"]
    assert (found["name"], found["email"]) == ("ann@x.example", "ann@x.example")


def texts(server: ScriptedServer) -> list[str]:
    return [m["text"] for m in server.json("list_messages", conversation=ROOM, limit=200, max_tokens=20000)["messages"]]


def test_an_import_makes_the_conversation_and_answers_with_the_message_line(dragoman: ScriptedServer) -> None:
    text = dragoman.call(
        "import_message", conversation=ROOM, text="Hi\nthere", author="Ann", sent_at="2026-03-10T09:00Z"
    )
    assert text.endswith("== 2026-03-10\n1 09:00 Ann: Hi\n there")
    assert dragoman.json("list_conversations")["conversations"][0]["title"] == "room"


def test_the_author_of_an_import_may_have_an_address(room: ScriptedServer) -> None:
    author = room.json("get_message", message="1")["author"]
    assert (author["name"], author["email"]) == ("Ann Lee", "ann@x.example")


def test_an_import_with_the_same_external_id_is_stored_once(dragoman: ScriptedServer) -> None:
    arguments = {"conversation": ROOM, "text": "Hi", "author": "Ann", "sent_at": "2026-03-10", "external_id": "x/1"}
    assert dragoman.call("import_message", **arguments) == dragoman.call("import_message", **arguments)
    assert texts(dragoman) == ["Hi"]
    assert dragoman.json("get_message", message="local:room/x%2F1")["number"] == 1


def test_a_sent_message_is_the_newest(room: ScriptedServer) -> None:
    assert re.search(
        r"\n2 \d\d:\d\d me \(you\): Good morning$", room.call("send_message", conversation=ROOM, text="Good morning")
    )
    assert texts(room) == ["Hello", "Good morning"]


def test_a_reply_stands_under_its_parent(room: ScriptedServer) -> None:
    room.call("import_message", conversation=ROOM, text="Later", author="Bo", sent_at="2026-03-10T10:00Z")
    room.call("send_message", conversation=ROOM, text="Hello back", reply_to="1")
    lines = room.call("list_messages", conversation=ROOM).split("\n")
    assert [line.split(" ")[0] for line in lines[1:]] == ["==", "1", ">3", "2"]


def test_a_reply_to_a_message_of_another_conversation_is_refused(room: ScriptedServer) -> None:
    room.call("import_message", conversation="local:other", text="x", author="Ann", sent_at="2026-03-10")
    for tool, more in [("send_message", {}), ("import_message", {"author": "Ann", "sent_at": "2026-03-10"})]:
        said = room.error(tool, conversation="local:other", text="no", reply_to="1", **more)
        assert ROOM in said
    assert texts(room) == ["Hello"]


def test_sending_to_a_conversation_that_does_not_exist_is_refused(dragoman: ScriptedServer) -> None:
    assert dragoman.error("send_message", conversation="local:nowhere", text="Hi")
    assert dragoman.json("list_conversations")["conversations"] == []


def test_the_same_key_sends_once_and_answers_the_same(room: ScriptedServer) -> None:
    first = room.call("send_message", conversation=ROOM, text="Once", idempotency_key="k1")
    assert room.call("send_message", conversation=ROOM, text="Once", idempotency_key="k1") == first
    assert texts(room) == ["Hello", "Once"]


@pytest.mark.parametrize("stored", [True, False])
def test_a_send_that_was_cut_off_is_finished_by_its_key(
    room: ScriptedServer, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    send = LocalProvider.send_message

    async def cut_off(self: LocalProvider, conversation: str, draft: Draft) -> Message:
        if stored:
            await send(self, conversation, draft)
        raise OutcomeUnknown("The connection broke.", hint="Look first.")

    with monkeypatch.context() as patch:
        patch.setattr(LocalProvider, "send_message", cut_off)
        assert "The connection broke" in room.error(
            "send_message", conversation=ROOM, text="Once", idempotency_key="k1"
        )
    assert "me (you): Once" in room.call("send_message", conversation=ROOM, text="Once", idempotency_key="k1")
    assert texts(room) == ["Hello", "Once"]


def test_the_same_key_with_other_content_is_a_conflict(room: ScriptedServer) -> None:
    room.call("send_message", conversation=ROOM, text="Once", idempotency_key="k1")
    assert "another message" in room.error("send_message", conversation=ROOM, text="Twice", idempotency_key="k1")
    assert texts(room) == ["Hello", "Once"]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_text_is_refused(room: ScriptedServer, text: str) -> None:
    assert "text" in room.error("send_message", conversation=ROOM, text=text).lower()
    assert texts(room) == ["Hello"]


def test_a_text_that_is_too_long_names_both_lengths(room: ScriptedServer) -> None:
    said = room.error("send_message", conversation=ROOM, text="x" * 1_000_001)
    assert "1,000,001" in said
    assert "1,000,000" in said


def test_an_edit_is_shown_and_the_earlier_text_kept(room: ScriptedServer) -> None:
    assert "[edited]" in room.call("update_message", message="1", text="Hello all")
    assert texts(room) == ["Hello all"]
    assert [edit["text"] for edit in room.json("get_message", message="1")["history"]] == ["Hello"]


def test_labels_and_subject_can_be_set_and_cleared(room: ScriptedServer) -> None:
    room.call("update_message", message="1", labels=["urgent", "todo"], subject="Launch")
    message = room.json("get_message", message="1")
    assert (message["labels"], message["subject"]) == (["urgent", "todo"], "Launch")
    room.call("update_message", message="1", labels=[])
    assert "labels" not in room.json("get_message", message="1")


def test_a_subject_can_be_cleared(room: ScriptedServer) -> None:
    room.call("update_message", message="1", subject="Launch")
    room.call("update_message", message="1", subject="")
    assert "subject" not in room.json("get_message", message="1")


def test_an_update_of_nothing_is_refused(room: ScriptedServer) -> None:
    assert "text, subject or labels" in room.error("update_message", message="1")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800 alone", "\u202e", "x" * 100_000, "🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍🔧 می‌خواهم"])
def test_odd_texts_are_stored_and_shown_without_a_crash(room: ScriptedServer, text: str) -> None:
    room.call("import_message", conversation=ROOM, text=text, author="Bo", sent_at="2026-03-10T10:00Z")
    assert "Bo: " in room.call("list_messages", conversation=ROOM)
    assert room.call("get_message", message="2")


@pytest.mark.parametrize("moment", ["2026-02-30", "later", "", "0000-00-00", "99999-01-01T00:00Z"])
def test_an_import_with_an_impossible_time_stores_nothing(dragoman: ScriptedServer, moment: str) -> None:
    assert "sent_at" in dragoman.error("import_message", conversation=ROOM, text="x", author="Ann", sent_at=moment)
    assert dragoman.json("list_conversations")["conversations"] == []


class TestAccountThatAsksForConfirmation:
    @pytest.fixture
    def dragoman_config(self) -> dict[str, object]:
        return {"timezone": "UTC", "accounts": {"local": {"provider": "local", "write": "confirm"}}}

    @pytest.fixture
    def room(self, dragoman: ScriptedServer) -> ScriptedServer:
        self.twice(dragoman, "import_message", conversation=ROOM, text="Hello", author="Ann", sent_at="2026-03-10")
        return dragoman

    @staticmethod
    def token(preview: str) -> str:
        found = re.search(r"confirm=(\S+)", preview)
        assert found
        return found[1]

    def twice(self, server: ScriptedServer, tool: str, **arguments: object) -> str:
        return server.call(tool, **arguments, confirm=self.token(server.call(tool, **arguments)))

    def test_the_first_call_writes_nothing_and_shows_the_text(self, room: ScriptedServer) -> None:
        preview = room.call("send_message", conversation=ROOM, text="Good morning")
        assert "Good morning" in preview
        assert re.search("^ Good morning$", preview, re.MULTILINE)
        assert texts(room) == ["Hello"]

    def test_the_preview_of_a_change_says_which_message_it_changes(self, room: ScriptedServer) -> None:
        reference = room.json("get_message", message="1")["ref"]
        preview = room.call("update_message", message="1", text="Good evening")
        assert re.search(rf"^changes {re.escape(reference)}: 1 Ann .*$", preview, re.MULTILINE)

    @pytest.mark.parametrize(
        ("tool", "more"),
        [
            ("send_message", {"conversation": ROOM}),
            ("send_message", {"conversation": "room"}),
            ("update_message", {"message": "1"}),
            ("import_message", {"conversation": ROOM, "author": "Bo", "sent_at": "2026-03-11"}),
        ],
    )
    def test_the_preview_names_the_conversation_and_who_reads_it(
        self, room: ScriptedServer, tool: str, more: dict[str, str]
    ) -> None:
        lines = room.call(tool, text="Good morning", **more).split("\n")
        assert lines[2:4] == ["conversation: local:room · room · room", "who reads it: Ann"]
        assert not any(line.startswith("outside") for line in lines)

    def test_a_conversation_that_an_import_begins_has_nobody_to_name(self, room: ScriptedServer) -> None:
        preview = room.call("import_message", conversation="local:new", text="Hi", author="Bo", sent_at="2026-03-11")
        assert "\nwho reads it: the service does not tell\n" in preview

    def test_the_second_call_with_the_token_sends_exactly_once(self, room: ScriptedServer) -> None:
        token = self.token(room.call("send_message", conversation=ROOM, text="Good morning"))
        room.call("send_message", conversation=ROOM, text="Good morning", confirm=token)
        assert "Nothing was sent" in room.error("send_message", conversation=ROOM, text="Good morning", confirm=token)
        assert texts(room) == ["Hello", "Good morning"]

    def test_the_preview_shows_the_text_to_its_end_whatever_the_budget(self, room: ScriptedServer) -> None:
        text = "Please pay. " + "filler " * 5000 + "to the account of Eve"
        preview = room.call("send_message", conversation=ROOM, text=text)
        assert text in preview
        room.call("send_message", conversation=ROOM, text=text, confirm=self.token(preview))
        assert texts(room)[0] == "Hello"

    def test_a_token_for_other_content_is_refused(self, room: ScriptedServer) -> None:
        token = self.token(room.call("send_message", conversation=ROOM, text="Good morning"))
        assert "Nothing was sent" in room.error("send_message", conversation=ROOM, text="Bad morning", confirm=token)
        assert texts(room) == ["Hello"]

    @pytest.mark.parametrize("token", ["x", "", "confirm", "0" * 100])
    def test_a_made_up_token_sends_nothing(self, room: ScriptedServer, token: str) -> None:
        if token:
            room.error("send_message", conversation=ROOM, text="Hi", confirm=token)
        else:
            room.call("send_message", conversation=ROOM, text="Hi", confirm=token)
        assert texts(room) == ["Hello"]


class TestAccountThatIsReadOnly:
    @pytest.fixture
    def dragoman_config(self) -> dict[str, object]:
        return {"accounts": {"local": {"provider": "local", "write": "off"}}}

    def test_writing_is_refused_with_the_setting_that_allows_it(self, dragoman: ScriptedServer) -> None:
        said = dragoman.error("import_message", conversation=ROOM, text="x", author="Ann", sent_at="2026-03-10")
        assert "write" in said
        assert "[accounts.local]" in said


class TestAccountWithNoAllowedConversation:
    @pytest.fixture
    def dragoman_config(self) -> dict[str, object]:
        return {"accounts": {"local": {"provider": "local", "write_to": []}}}

    def test_the_refusal_names_the_list_that_is_empty(self, dragoman: ScriptedServer) -> None:
        said = dragoman.error("import_message", conversation=ROOM, text="x", author="Ann", sent_at="2026-03-10")
        assert "write_to, which is empty" in said


class TestAccountWithAllowedConversations:
    @pytest.fixture
    def dragoman_config(self) -> dict[str, object]:
        return {"accounts": {"local": {"provider": "local", "write_to": [ROOM]}}}

    def test_only_they_can_be_written_to(self, dragoman: ScriptedServer) -> None:
        dragoman.call("import_message", conversation=ROOM, text="x", author="Ann", sent_at="2026-03-10")
        said = dragoman.error(
            "import_message", conversation="local:other", text="x", author="Ann", sent_at="2026-03-10"
        )
        assert "write_to" in said
        assert len(dragoman.json("list_conversations")["conversations"]) == 1
