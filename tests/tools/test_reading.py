"""list_messages and get_message over the team chat, as an assistant calls them."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.rendering import estimate
from dragoman.testing import ToolError
from dragoman.testing.scripted_server import ScriptedServer

CURSOR = re.compile(r"(?:older|newer|more): cursor ([a-z0-9]{1,8})")
LINE = re.compile(r"^>?(\d+) (?:re \d+ )?(?:\d{4}-\d\d-\d\d )?(\d\d:\d\d) [^\[:]+?(?: \[.*?\])?:")
CHANNEL = "local:c-kiosk-firmware"


def cursor_of(text: str) -> str | None:
    found = CURSOR.search(text.partition("\n")[0])
    return found[1] if found else None


def numbers(text: str) -> list[int]:
    return [int(found[1]) for line in text.split("\n") if (found := LINE.match(line))]


def walk(server: ScriptedServer, **arguments: object) -> list[str]:
    pages = [server.call("list_messages", **arguments)]
    while cursor := cursor_of(pages[-1]):
        pages.append(server.call("list_messages", **arguments, cursor=cursor))
        assert len(pages) < 200
    return pages


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
