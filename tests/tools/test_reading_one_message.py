"""get_message over the team chat, long texts, and what changes while somebody reads."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_pages import CHANNEL, walk

from dragoman.rendering import estimate
from dragoman.testing import ToolError
from dragoman.testing.scripted_server import ScriptedServer


def test_a_single_message_shows_all_that_is_known(harbor: ScriptedServer) -> None:
    page = harbor.json("list_messages", conversation=CHANNEL, limit=200, max_tokens=20000)
    edited = next(m for m in page["messages"] if "edited_at" in m)
    text = harbor.call("get_message", message=edited["number"])
    assert "I rotate it tomorrow at 10:00 UTC" in text
    assert "I rotate it tomorrow at 11:00 UTC" in text
    message = harbor.json("get_message", message=str(edited["number"]))
    assert message["ref"] == "local:c-kiosk-firmware/kf033"
    assert message["author"]["name"] == "Bram de Wit"
    assert message["author"]["email"] == "bram@harborbikes.example"
    assert len(message["history"]) == 1


def test_a_message_is_found_by_number_and_by_reference(harbor: ScriptedServer) -> None:
    reference = "local:c-kiosk-firmware/kf033"
    number = harbor.json("get_message", message=reference)["number"]
    assert harbor.call("get_message", message=f"{number}") == harbor.call("get_message", message=reference)
    assert harbor.call("get_message", message=number) == harbor.call("get_message", message=f"#{number}")


@pytest.mark.parametrize(
    "message", ["999999", "0", "9" * 30, "-1", "hello", "local:c-kiosk-firmware", "https://x.example/1"]
)
def test_a_message_that_is_not_there_says_how_to_find_it(harbor: ScriptedServer, message: str) -> None:
    assert re.search("list_messages|tools show", harbor.error("get_message", message=message))


def test_neighbours_stand_before_and_after(harbor: ScriptedServer) -> None:
    message = harbor.json("get_message", message="local:c-kiosk-firmware/kf030", context=2)
    assert [len(message["before"]), len(message["after"])] == [2, 2]
    assert message["before"][0]["sent_at"] < message["before"][1]["sent_at"] < message["sent_at"]
    assert message["sent_at"] < message["after"][0]["sent_at"]


def test_neighbours_are_right_where_many_messages_share_a_moment(dragoman: ScriptedServer) -> None:
    for n in range(40):
        arguments = {"text": f"s{n}", "author": "Ann", "sent_at": "2026-03-10", "external_id": f"{n:02}"}
        dragoman.call("import_message", conversation="local:burst", **arguments)
    listed = dragoman.json("list_messages", conversation="local:burst", limit=200)["messages"]
    texts = [message["text"] for message in listed]
    for at in (0, 1, 20, 35, 39):
        message = dragoman.json("get_message", message=listed[at]["number"], context=2)
        assert [m["text"] for m in message.get("before", [])] == texts[max(0, at - 2) : at]
        assert [m["text"] for m in message.get("after", [])] == texts[at + 1 : at + 3]


def test_the_reference_of_a_message_is_no_conversation(harbor: ScriptedServer) -> None:
    said = harbor.error("list_messages", conversation="local:c-kiosk-firmware/kf033")
    assert "Its conversation is local:c-kiosk-firmware" in said
    assert "%2F" in said


def test_an_error_stays_short_whatever_was_asked(harbor: ScriptedServer) -> None:
    assert len(harbor.error("list_conversations", account="x" * 1_000_000)) < 3000
    assert len(harbor.error("list_messages", **{f"a{n}": 1 for n in range(2000)})) < 3000


def test_a_deleted_message_is_nowhere(harbor: ScriptedServer) -> None:
    everything = "\n".join(walk(harbor, conversation=CHANNEL))
    assert "Accidentally pasted" not in everything
    harbor.error("get_message", message="local:c-kiosk-firmware/kf046")
    assert "0 hits" in harbor.call("search_messages", query="accidentally pasted")


def test_a_long_text_is_cut_in_a_list_and_read_to_its_end_page_by_page(dragoman: ScriptedServer) -> None:
    words = " ".join(f"word{n}" for n in range(4000))
    dragoman.call("import_message", conversation="local:book", text=words, author="Ann", sent_at="2026-03-10T09:00Z")
    listed = dragoman.call("list_messages", conversation="local:book")
    assert re.search(r"\.\.\. \(\+[\d,]+ chars, get_message 1\)", listed)
    read, cursor, pages = "", None, 0
    while True:
        page = dragoman.json("get_message", message="1", max_tokens=1500, **({"cursor": cursor} if cursor else {}))
        assert estimate(json.dumps(page, ensure_ascii=False, separators=(",", ":"))) <= 1500
        read += page["text"]
        pages += 1
        cursor = page.get("cursor")
        if cursor is None:
            break
    assert read == words
    assert pages > 5


def test_the_rest_of_a_text_that_was_changed_meanwhile_is_refused(dragoman: ScriptedServer) -> None:
    dragoman.call("import_message", conversation="local:book", text="word " * 4000, author="Ann", sent_at="2026-03-10")
    cursor = dragoman.json("get_message", message="1", max_tokens=500)["cursor"]
    dragoman.call("update_message", message="1", text="short")
    assert "without cursor" in dragoman.error("get_message", message="1", cursor=cursor)


def test_ten_megabytes_of_text_are_listed_within_the_budget(dragoman: ScriptedServer) -> None:
    text = "Ж" * 10_000_000
    dragoman.call("import_message", conversation="local:big", text=text, author="Ann", sent_at="2026-03-10")
    listed = dragoman.call("list_messages", conversation="local:big", max_tokens=400)
    assert estimate(listed) <= 400
    assert "get_message 1" in listed


def test_messages_that_arrive_while_paging_disturb_nothing(dragoman: ScriptedServer) -> None:
    def add(n: int) -> None:
        moment = f"2026-03-10T{9 + n // 60:02}:{n % 60:02}Z"
        dragoman.call("import_message", conversation="local:busy", text=f"m{n}", author="Ann", sent_at=moment)

    for n in range(30):
        add(n)
    seen: list[str] = []
    page = dragoman.json("list_messages", conversation="local:busy", limit=4)
    newest = 30
    while True:
        seen[:0] = [m["text"] for m in page["messages"]]
        if "cursor" not in page:
            break
        add(newest)
        newest += 1
        page = dragoman.json("list_messages", conversation="local:busy", limit=4, cursor=page["cursor"])
    assert seen == [f"m{n}" for n in range(30)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation=st.text(max_size=40), message=st.text(max_size=40))
def test_any_text_as_an_address_is_answered_in_words(harbor: ScriptedServer, conversation: str, message: str) -> None:
    for tool, name, value in [("list_messages", "conversation", conversation), ("get_message", "message", message)]:
        try:
            harbor.call(tool, **{name: value})
        except ToolError as said:
            assert str(said).strip()
            assert "Internal error" not in str(said)
