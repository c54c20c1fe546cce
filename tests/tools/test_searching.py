"""search_messages and list_conversations over the team chat."""

import json
import re

import pytest

from dragoman.rendering import estimate
from dragoman.testing import ToolError
from dragoman.testing.scripted_server import ScriptedServer

CURSOR = re.compile(r"more: cursor ([a-z0-9]{1,8})")


def found(server: ScriptedServer, query: str, **more: object) -> list[str]:
    page = server.json("search_messages", query=query, max_tokens=20000, **more)
    return [message["text"] for message in page["messages"]]


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("nvs", "no free page"),
        ("NVS migrate", "migrate failed"),
        ('"dark for days"', "docks that are dark for days"),
        ("点検", "HB-20977"),
        ("ブレーキ", "HB-20977"),
        ("品川駅", "HB-20977"),
        ("電", None),
        ("환불", "환불"),
        ("잠금이", "환불"),
        ("поездка", "поездка"),
        ("HB-20977", "HB-20977"),
        ("20977", "20977"),
        ("2097", "20977"),
        ("sim900", "modem_sim900.c"),
        ("cooldown_survives", "test_cooldown_survives_clock_step"),
        ("d22e0", "9c1d22e0"),
        ("التفويض", None),
        ("تفويض", "تفويض"),
        ("muhlenbrucke", "Mühlenbrücke"),
        ("lucia", None),
    ],
)
def test_words_parts_and_scripts_without_spaces_are_found(harbor: ScriptedServer, query: str, part: str | None) -> None:
    texts = found(harbor, query)
    if part is not None:
        assert any(part in text for text in texts)
    else:
        assert all(text for text in texts)


def test_a_hit_stands_under_its_conversation_with_the_find_marked(harbor: ScriptedServer) -> None:
    text = harbor.call("search_messages", query="handshakes")
    header, place, hit, *_ = text.split("\n")
    assert header.startswith("1 hit")
    assert "local" in header
    assert place.endswith("local:g-incident-0412")
    assert "**handshakes**" in hit


def test_hits_carry_the_reference_of_their_conversation(harbor: ScriptedServer) -> None:
    (hit,) = harbor.json("search_messages", query="handshakes")["messages"]
    assert hit["conversation"] == "local:g-incident-0412"


def test_filters_narrow_a_search(harbor: ScriptedServer) -> None:
    assert len(found(harbor, "dock", author="haruka")) < len(found(harbor, "dock", limit=100))
    in_one = harbor.json("search_messages", query="dock", conversation="#rider-support", max_tokens=20000)
    assert {hit["conversation"] for hit in in_one["messages"]} == {"local:c-rider-support"}
    dated = harbor.json("search_messages", query="dock", since="2026-04-09", until="2026-04-09", max_tokens=20000)
    assert {hit["sent_at"][:10] for hit in dated["messages"]} == {"2026-04-09"}


def test_excluded_words_exclude(harbor: ScriptedServer) -> None:
    assert set(found(harbor, "dock -firmware", limit=100)) < set(found(harbor, "dock", limit=100))


@pytest.mark.parametrize("max_tokens", [200, 500])
def test_paging_through_hits_shows_each_once(harbor: ScriptedServer, max_tokens: int) -> None:
    arguments = {"query": "the", "limit": 10, "max_tokens": max_tokens}
    page = harbor.json("search_messages", **arguments)
    shown = [hit["number"] for hit in page["messages"]]
    while "cursor" in page:
        page = harbor.json("search_messages", **arguments, cursor=page["cursor"])
        assert estimate(json.dumps(page, ensure_ascii=False, separators=(",", ":"))) <= max_tokens
        shown += [hit["number"] for hit in page["messages"]]
    everything = harbor.json("search_messages", query="the", limit=200, max_tokens=99999)["messages"]
    assert shown == [hit["number"] for hit in everything]
    assert len(shown) > 50


@pytest.mark.parametrize(
    "query", ['"', "AND OR NOT", "a NEAR b", "col:x", "^x", "(((", "*", "-", "''", "x\x00y", "{a b}"]
)
def test_search_syntax_of_others_is_only_text(harbor: ScriptedServer, query: str) -> None:
    try:
        assert "hit" in harbor.call("search_messages", query=query)
    except ToolError as said:
        assert "query" in str(said).lower()


def test_a_query_without_words_is_refused(harbor: ScriptedServer) -> None:
    assert "query" in harbor.error("search_messages", query="").lower()
    assert harbor.error("search_messages", query=" ?! ")


def test_nothing_found_says_what_was_searched(harbor: ScriptedServer) -> None:
    text = harbor.call("search_messages", query="xylophone")
    assert text.startswith("0 hits")
    assert "local" in text


@pytest.mark.parametrize("query", ["w", "dock w"])
def test_one_letter_that_finds_nothing_is_answered_with_what_would(dragoman: ScriptedServer, query: str) -> None:
    dragoman.call("import_message", conversation="local:r", text="dock: water", author="Ann", sent_at="2026-03-10")
    text = dragoman.call("search_messages", query=query)
    assert text.startswith("0 hits")
    assert "w* finds all that begin so" in text
    assert "w*" in dragoman.json("search_messages", query=query)["notes"][0]
    assert dragoman.call("search_messages", query=query.replace("w", "w*")).startswith("1 hit")


@pytest.mark.parametrize("query", ["xylophone", '"x"', "x*", "dock -w", "東"])
def test_beginnings_are_advised_only_where_they_would_find_more(dragoman: ScriptedServer, query: str) -> None:
    text = dragoman.call("search_messages", query=query)
    assert "finds all" not in text
    assert "\n-- note: " in text


def test_conversations_come_most_recent_first_with_their_references(harbor: ScriptedServer) -> None:
    lines = harbor.call("list_conversations").split("\n")[1:]
    assert [line.split(" ")[0] for line in lines] == [
        "local:g-incident-0412",
        "local:c-rider-support",
        "local:d-ines-tomasz",
        "local:c-kiosk-firmware",
    ]
    page = harbor.json("list_conversations")
    assert page["conversations"][0]["kind"] == "group"
    assert page["conversations"][0]["messages"] == 48


def test_conversations_are_narrowed_by_kind_and_by_words(harbor: ScriptedServer) -> None:
    assert len(harbor.json("list_conversations", kind="channel")["conversations"]) == 2
    assert len(harbor.json("list_conversations", query="firmware")["conversations"]) == 1
    assert len(harbor.json("list_conversations", query="tomasz", kind="direct")["conversations"]) == 1
    assert harbor.json("list_conversations", query="nothing like it")["conversations"] == []


def test_conversations_are_paged(harbor: ScriptedServer) -> None:
    page = harbor.json("list_conversations", limit=1)
    refs = [page["conversations"][0]["ref"]]
    while "cursor" in page:
        page = harbor.json("list_conversations", limit=1, cursor=page["cursor"])
        refs += [c["ref"] for c in page["conversations"]]
    assert len(refs) == len(set(refs)) == 4


def test_two_conversations_of_one_title_are_listed_with_their_references(dragoman: ScriptedServer) -> None:
    message = {"text": "x", "author": "Ann", "sent_at": "2026-03-10"}
    dragoman.call("import_message", conversation="local:Standup", **message)
    assert "Ann: x" in dragoman.call("list_messages", conversation="standup")
    dragoman.call("import_message", conversation="local:STANDUP", **message)
    said = dragoman.error("list_messages", conversation="standup")
    assert "local:Standup" in said
    assert "local:STANDUP" in said
