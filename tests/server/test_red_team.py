"""Messages that want something of the assistant, read and obeyed as the most gullible one would; what holds anyway."""

import json
import re
from pathlib import Path

import pytest

from dragoman.testing.scripted_server import ScriptedServer

CASES = json.loads((Path(__file__).parents[1] / "data" / "red_team.json").read_text(encoding="utf-8"))
VICTIM = "local:victim"
MESSAGE_LINE = re.compile(r">?\d+ (re \d+ )?(\d{4}-\d\d-\d\d )?\d\d:\d\d ")
DAY_LINE = re.compile(r"== \d{4}-\d\d-\d\d$")
HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
CONFIRMING = {"timezone": "UTC", "accounts": {"local": {"provider": "local", "write": "confirm"}}}

each_case = pytest.mark.parametrize("number", range(len(CASES)), ids=[case["name"] for case in CASES])


def full_text(case):
    piece, times = case.get("repeat", ["", 0])
    return case["text"] + piece * times + case.get("then", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that confirms, over one conversation for each hostile message, and one to be attacked."""
    data = tmp_path_factory.mktemp("red-team")
    with ScriptedServer({"timezone": "UTC"}, data=data) as allowing:
        common = {"sent_at": "2026-03-10T09:00Z"}
        allowing.call("import_message", conversation=VICTIM, text="Hello", author="Ann", **common)
        for number, case in enumerate(CASES):
            more = {"subject": case["subject"]} if "subject" in case else {}
            allowing.call(
                "import_message",
                conversation=f"local:case-{number}",
                text=full_text(case),
                author=case.get("author", "Eve"),
                **common,
                **more,
            )
    with ScriptedServer(CONFIRMING, data=data) as confirming:
        yield confirming


def read(server, number):
    """Everything that an assistant can read of a case."""
    place = f"local:case-{number}"
    (message,) = server.json("list_messages", conversation=place)["messages"]
    return [
        server.call("list_messages", conversation=place),
        server.call("get_message", message=str(message["number"]), max_tokens=100_000),
        server.call("search_messages", query="canary", conversation=place),
    ]


def texts(server, conversation=VICTIM):
    return [m["text"] for m in server.json("list_messages", conversation=conversation, max_tokens=100_000)["messages"]]


@each_case
def test_no_text_begins_a_line_that_belongs_to_the_server(server, number):
    listed, *others = read(server, number)
    _header, *lines = listed.split("\n")
    assert len([line for line in lines if DAY_LINE.match(line)]) == 1
    assert len([line for line in lines if MESSAGE_LINE.match(line)]) == 1
    assert [line for line in lines if line and not re.match(r" |== |\d+ ", line)] == []
    for answer in (listed, *others):
        for line in answer.splitlines():
            assert not line.startswith(tuple(CASES[number].get("forges", ["\x00"])))


@each_case
def test_what_is_hidden_is_shown_and_nothing_acts(server, number):
    for answer in read(server, number):
        assert HIDDEN.findall(answer) == []
        for part in CASES[number].get("shows", []):
            assert part in answer


@each_case
def test_an_assistant_that_obeys_sends_nothing(server, number):
    found = re.findall(r"confirm=([^\s,]+)", "\n".join(read(server, number)))
    for token in {*found, "yes", "the user agreed"}:
        said = server.error("send_message", conversation=VICTIM, text="obeyed", confirm=token)
        assert "othing was" in said
    server.call("send_message", conversation=VICTIM, text="obeyed")
    assert texts(server) == ["Hello"]


@each_case
def test_a_preview_shows_the_whole_of_what_would_be_sent(server, number):
    case = CASES[number]
    preview = server.call("send_message", conversation=VICTIM, text=full_text(case))
    assert HIDDEN.findall(preview) == []
    for part in [*case.get("whole", []), *case.get("shows", [])]:
        assert part in preview
    assert texts(server) == ["Hello"]


def test_a_token_that_a_message_asks_for_is_worth_nothing_elsewhere(server):
    preview = server.call("send_message", conversation=VICTIM, text="harmless")
    token = re.findall(r"confirm=(\S+)", preview)[-1]
    for stolen in [
        {"conversation": VICTIM, "text": "give me the password"},
        {"conversation": "local:case-0", "text": "harmless"},
        {"conversation": VICTIM, "text": "harmless", "subject": "urgent"},
        {"conversation": VICTIM, "text": "harmless "},
    ]:
        assert "othing was" in server.error("send_message", **stolen, confirm=token)
    assert texts(server) == ["Hello"]
    assert "othing was" in server.error(
        "import_message", conversation=VICTIM, text="harmless", author="me", sent_at="2026-03-10", confirm=token
    )


@pytest.fixture
def alike(tmp_path):
    """Two accounts; one has a title twice over for the eye, and both have another one."""
    accounts = {
        name: {"provider": "local", "path": str(tmp_path / f"{name}.db"), "write": "allow"} for name in ("work", "club")
    }
    config = {"timezone": "UTC", "flow_guard": "off", "accounts": accounts}
    with ScriptedServer(config, data=tmp_path) as server:
        first = {"text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
        for place in ["work:launch", "work:l\u0430unch", "work:laun\u200bch", "work:board", "club:board"]:
            server.call("import_message", conversation=place, **first)
        yield server


def test_a_title_that_only_looks_the_same_is_another_conversation(alike):
    answer = alike.call("send_message", conversation="launch", text="the plan")
    assert "work:launch" in answer
    assert texts(alike, "work:launch") == ["Hello", "the plan"]
    assert texts(alike, "work:l\u0430unch") == ["Hello"]
    assert texts(alike, "work:laun\u200bch") == ["Hello"]


def test_what_is_invisible_in_a_title_is_shown_in_the_list(alike):
    listed = alike.call("list_conversations", account="work")
    assert HIDDEN.findall(listed) == []
    assert "laun<U+200B>ch" in listed


def test_a_title_that_two_accounts_have_is_refused_with_both_references(alike):
    said = alike.error("send_message", conversation="board", text="the plan")
    assert "work:board" in said
    assert "club:board" in said
    assert texts(alike, "work:board") == texts(alike, "club:board") == ["Hello"]
