"""list_messages over the team chat, as an assistant calls it."""

import re

import pytest
from reading_pages import CHANNEL, cursor_of, walk

from dragoman.rendering import estimate
from dragoman.testing.scripted_server import ScriptedServer

LINE = re.compile(r"^>?(\d+) (?:re \d+ )?(?:\d{4}-\d\d-\d\d )?(\d\d:\d\d) [^\[:]+?(?: \[.*?\])?:")


def numbers(text: str) -> list[int]:
    return [int(found[1]) for line in text.split("\n") if (found := LINE.match(line))]


def ids(server: ScriptedServer, **arguments: object) -> list[str]:
    page = server.json("list_messages", **arguments)
    found = [page]
    while "cursor" in page:
        page = server.json("list_messages", **arguments, cursor=page["cursor"])
        found.append(page)
    return [str(message["number"]) for page in found for message in page["messages"]]


def test_the_last_messages_come_oldest_first_under_a_header(harbor: ScriptedServer) -> None:
    text = harbor.call("list_messages", conversation=CHANNEL, limit=5)
    header, *lines = text.split("\n")
    said = "#kiosk-firmware · local · 5 of 66, times in UTC · written by others · older: cursor"
    assert re.fullmatch(rf"{said} [a-z0-9]{{1,8}}", header)
    assert lines[0] == "== 2026-04-09"
    assert re.fullmatch(r"\d+ 16:06 Haruka Ono: Day 1 of the soak.*", lines[-1])


@pytest.mark.parametrize("order", ["latest", "oldest"])
@pytest.mark.parametrize("max_tokens", [200, 700, 3000])
def test_paging_to_the_end_shows_every_message_once(harbor: ScriptedServer, order: str, max_tokens: int) -> None:
    pages = walk(harbor, conversation=CHANNEL, order=order, limit=30, max_tokens=max_tokens)
    shown = [number for page in pages for number in numbers(page)]
    assert len(shown) == len(set(shown)) == 66
    for page in pages:
        assert estimate(page) <= max_tokens


def test_pages_follow_each_other_in_time(harbor: ScriptedServer) -> None:
    whole = harbor.json("list_messages", conversation=CHANNEL, limit=200, max_tokens=99999)
    everything = [message["sent_at"] for message in whole["messages"]]
    assert everything == sorted(everything)
    backwards: list[str] = []
    page = harbor.json("list_messages", conversation=CHANNEL, limit=7)
    backwards[:0] = [m["sent_at"] for m in page["messages"]]
    while "cursor" in page:
        page = harbor.json("list_messages", conversation=CHANNEL, limit=7, cursor=page["cursor"])
        backwards[:0] = [m["sent_at"] for m in page["messages"]]
    assert backwards == everything


def test_text_and_json_show_the_same_messages(harbor: ScriptedServer) -> None:
    text = harbor.call("list_messages", conversation=CHANNEL, limit=50, max_tokens=9000)
    page = harbor.json("list_messages", conversation=CHANNEL, limit=50, max_tokens=9000)
    assert set(numbers(text)) == {message["number"] for message in page["messages"]}
    assert page["conversation"] == CHANNEL


@pytest.mark.parametrize("title", ["#kiosk-firmware", "kiosk-firmware", "  Kiosk-Firmware ", "c-kiosk-firmware"])
def test_a_conversation_is_found_by_its_title(harbor: ScriptedServer, title: str) -> None:
    assert harbor.call("list_messages", conversation=title, limit=1).startswith("#kiosk-firmware · local · 1 of 66")


def test_an_unknown_title_is_answered_with_near_ones(harbor: ScriptedServer) -> None:
    said = harbor.error("list_messages", conversation="#kiosk-firmwear")
    assert "local:c-kiosk-firmware" in said


@pytest.mark.parametrize("said", ["local:new room", "local:a/b c", "local:/"])
def test_a_reference_that_is_not_encoded_is_answered_with_the_rule(harbor: ScriptedServer, said: str) -> None:
    assert "%20" in harbor.error("list_messages", conversation=said)


def test_an_unknown_reference_says_which_tool_helps(harbor: ScriptedServer) -> None:
    assert "list_conversations" in harbor.error("list_messages", conversation="local:nowhere")


def test_an_unknown_account_is_answered_with_those_there_are(harbor: ScriptedServer) -> None:
    assert "Accounts: local" in harbor.error("list_messages", conversation="slack:C1")
    assert "Accounts: local" in harbor.error("get_message", message="slack:C1/m1")


def test_a_thread_is_its_first_message_and_the_replies(harbor: ScriptedServer) -> None:
    page = harbor.json("list_messages", conversation=CHANNEL, limit=200, max_tokens=20000)
    root = next(m for m in page["messages"] if m["text"].startswith("First one: why does the dock"))
    thread = harbor.json("list_messages", conversation=CHANNEL, thread=str(root["number"]), max_tokens=20000)
    assert [m.get("reply_to") for m in thread["messages"]] == [None] + [root["number"]] * 7


def test_the_thread_of_a_reply_is_the_one_that_it_belongs_to(harbor: ScriptedServer) -> None:
    root = next(
        m for m in harbor.json("list_messages", conversation=CHANNEL, limit=200)["messages"] if m.get("replies")
    )
    whole = harbor.json("list_messages", conversation=CHANNEL, thread=str(root["number"]), max_tokens=20000)
    for reply in whole["messages"][1:]:
        of_reply = harbor.json("list_messages", conversation=CHANNEL, thread=str(reply["number"]), max_tokens=20000)
        assert of_reply["messages"] == whole["messages"]
        assert of_reply["thread"] == root["number"]
    text = harbor.call("list_messages", conversation=CHANNEL, thread=str(reply["number"]))
    assert f" · thread {root['number']} · " in text.split("\n")[0]


def test_a_thread_of_another_conversation_is_refused(harbor: ScriptedServer) -> None:
    number = harbor.json("list_messages", conversation="local:g-incident-0412", limit=1)["messages"][0]["number"]
    said = harbor.error("list_messages", conversation=CHANNEL, thread=number)
    assert "local:g-incident-0412" in said


def test_author_and_time_narrow_the_list(harbor: ScriptedServer) -> None:
    page = harbor.json("list_messages", conversation=CHANNEL, author="haruka", since="2026-04-09", until="2026-04-09")
    assert {m["author"] for m in page["messages"]} == {"Haruka Ono"}
    assert {m["sent_at"][:10] for m in page["messages"]} == {"2026-04-09"}
    assert "cursor" not in page


@pytest.mark.parametrize("author", ["@Haruka Ono", " haruka ", "haruka@harborbikes.example", "p-haruka"])
def test_an_author_is_found_however_people_write_them(harbor: ScriptedServer, author: str) -> None:
    arguments = {"author": author, "limit": 5}
    listed = harbor.json("list_messages", conversation="#kiosk-firmware", **arguments)["messages"]
    assert [message["author"] for message in listed] == ["Haruka Ono"] * 5
    found = harbor.json("search_messages", query="the", **arguments)["messages"]
    assert {message["author"] for message in found} == {"Haruka Ono"}


def test_filters_page_to_every_match(harbor: ScriptedServer) -> None:
    everything = harbor.json("list_messages", conversation=CHANNEL, author="Gus", limit=200, max_tokens=20000)
    wanted = [str(m["number"]) for m in everything["messages"]]
    assert sorted(ids(harbor, conversation=CHANNEL, author="Gus", limit=3), key=wanted.index) == wanted


def test_a_time_window_that_is_turned_round_is_refused(harbor: ScriptedServer) -> None:
    assert "since" in harbor.error("list_messages", conversation=CHANNEL, since="2026-04-09", until="2026-04-01")


def test_an_impossible_date_is_refused_with_an_example(harbor: ScriptedServer) -> None:
    assert "2026-03-10" in harbor.error("list_messages", conversation=CHANNEL, since="2026-02-30")


def test_a_cursor_works_again_and_again_and_with_another_limit(harbor: ScriptedServer) -> None:
    cursor = cursor_of(harbor.call("list_messages", conversation=CHANNEL, limit=10))
    first = harbor.call("list_messages", conversation=CHANNEL, limit=10, cursor=cursor)
    assert numbers(first) == numbers(harbor.call("list_messages", conversation=CHANNEL, limit=10, cursor=cursor))
    assert numbers(harbor.call("list_messages", conversation=CHANNEL, limit=2, cursor=cursor)) == numbers(first)[-2:]


@pytest.mark.parametrize("cursor", ["k3zzzz", "x", "0", "a" * 5000, "'; drop table--", "\x00", "ключ"])
def test_a_cursor_that_was_never_given_is_refused_clearly(harbor: ScriptedServer, cursor: str) -> None:
    assert "without cursor" in harbor.error("list_messages", conversation=CHANNEL, cursor=cursor)


def test_a_cursor_of_another_query_is_refused(harbor: ScriptedServer) -> None:
    cursor = cursor_of(harbor.call("list_messages", conversation=CHANNEL, limit=10))
    assert "another query" in harbor.error("list_messages", conversation="local:c-rider-support", cursor=cursor)
    assert "author changed" in harbor.error("list_messages", conversation=CHANNEL, author="Gus", cursor=cursor)
    assert "another query" in harbor.error("search_messages", query="nvs", cursor=cursor)
