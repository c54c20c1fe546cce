"""Slack exports: what the sample does not have."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pytest

from dragoman.core.emoji_names import emoji_of
from dragoman.core.model import AuthorKind, Conversation

USERS = [
    {"id": "U1", "name": "ann", "profile": {"display_name": "Ann", "email": "ann@x.example"}},
    {"id": "U2", "name": "bo", "profile": {"real_name": "Bo Li"}},
]
CHANNELS = [{"id": "C1", "name": "room", "members": ["U1", "U2"]}]


@pytest.fixture
def export(tmp_path, read_archive):
    """Reads an export whose files are given by path."""

    def write(root: Path, files: dict[str, object]) -> None:
        for name, content in {"users.json": USERS, "channels.json": CHANNELS, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))

    def read(files: dict[str, object] | None = None, *entries: dict):
        days = {"room/2026-03-10.json": list(entries)} if entries else {}
        write(tmp_path / "export", {**days, **(files or {})})
        content = read_archive(tmp_path / "export")
        assert content.formats == ["slack"]
        return content

    return read


def entry(second: int, **members: object) -> dict:
    return {"type": "message", "user": "U1", "ts": f"{1773133080 + second}.000100", "text": "Hi", **members}


def test_null_and_other_types_are_absent(export):
    content = export(
        {"channels.json": [{"id": "C1", "name": "room", "members": None, "topic": None}]},
        entry(0, text=None, reactions=None, files=None, blocks=None, attachments=None, edited=None),
        entry(1, text=5, reactions={"a": 1}, files=["x"], replies=5, user_profile=[]),
    )
    assert content.texts == ["", "5"]
    assert not content.notes.skipped


def test_an_entry_without_a_time_is_counted_with_its_line_and_the_others_are_read(export):
    content = export({"room/2026-03-10.json": '[\n{"text": "a"},\n{"ts": "x"},\n7,\n' + json.dumps(entry(0)) + "]"})
    assert content.texts == ["Hi"]
    assert [place.rpartition("/")[2] for place in content.notes.reasons["no ts"].places] == [
        "2026-03-10.json, line 2", "2026-03-10.json, line 3", "2026-03-10.json, line 4",
    ]  # fmt: skip


def test_a_time_that_is_a_number_keeps_its_six_digits(export):
    content = export(None, entry(0) | {"ts": 1773133080.0001})
    assert content.messages[0].id == "1773133080.000100"
    assert content.messages[0].sent_at == datetime(2026, 3, 10, 8, 58, 0, 100, tzinfo=UTC)


def test_old_file_comments_have_the_author_and_the_text_of_the_comment(export):
    comment = {"subtype": "file_comment", "comment": {"user": "U2", "comment": "Nice"}, "ts": "1500000000.000001"}
    content = export(None, comment | {"text": "<@U2> commented on a file: Nice"})
    assert (content.messages[0].author.name, content.messages[0].text) == ("Bo Li", "Nice")


def test_logs_of_edits_and_deletions_speak_of_the_message_within(export):
    before = entry(0, text="old")
    after = entry(0, text="new", edited={"user": "U1", "ts": "1773133090.000000"})
    content = export(
        None,
        before,
        {
            "type": "message",
            "subtype": "message_changed",
            "ts": "1773133091.000000",
            "message": after,
            "previous_message": before,
        },
        {
            "type": "message",
            "subtype": "message_deleted",
            "ts": "1773133099.000000",
            "deleted_ts": before["ts"],
            "previous_message": after,
        },
    )
    assert {message.id for message in content.messages} == {before["ts"]}
    _, changed, deleted = content.messages
    assert (changed.text, [edit.text for edit in changed.history]) == ("new", ["old"])
    assert (deleted.text, deleted.deleted_at) == ("", datetime(2026, 3, 10, 8, 58, 19, tzinfo=UTC))


def test_workspaces_of_an_organisation_are_read_with_the_people_of_the_whole(export):
    content = export(
        {
            "teams/west/users.json": [{"id": "W9", "name": "cy"}],
            "teams/west/channels.json": [{"id": "C9", "name": "west-room", "members": ["W9"]}],
            "teams/west/west-room/2026-03-10.json": [entry(1, user="W9"), entry(2, user="U2")],
        },
        entry(0),
    )
    assert content.conversations["slack.C9"].title == "west-room"
    assert [message.author.name for message in content.messages] == ["Ann", "cy", "Bo Li"]


def test_a_channel_of_an_old_name_is_the_same_channel(export):
    channels = [{"id": "C1", "name": "room", "previous_names": ["raum"]}]
    content = export({"channels.json": channels, "raum/2026-01-01.json": [entry(0)]}, entry(1))
    assert {message.conversation for message in content.messages} == {"slack.C1"}


def test_folders_in_decomposed_letters_belong_to_their_channel(export):
    name = normalize("NFD", "März")
    channels = [{"id": "C1", "name": "März"}]
    content = export({"channels.json": channels, f"{name}/2026-03-10.json": [entry(0)]})
    assert content.messages[0].conversation == "slack.C1"


def test_a_broken_day_does_not_stop_the_others(export):
    content = export(
        {"room/2026-03-09.json": "", "room/2026-03-11.json": '[{"ts": "17', "room/2026-03-12.json": [entry(9)]},
        entry(0),
    )
    assert [message.id for message in content.messages] == ["1773133080.000100", "1773133089.000100"]
    assert len(content.notes.sentences) == 2


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<@U1> <@U1|nick> <@U9|guest> <@U9>", "@Ann @Ann @guest @U9"),
        ("<#C1|> <#C1> <#C1|room> <#C7|gone> <#C7>", "#room #room #room #gone #C7"),
        ("<!here> <!channel|@channel> <!everyone> <!subteam^S1|@ops>", "@here @channel @everyone @ops"),
        ("<!date^1^{date}|Monday>", "Monday"),
        ("<https://x.example/?a=1&amp;b=2>", "https://x.example/?a=1&b=2"),
        ("<https://x.example/|x.example>", "https://x.example/"),
        ("<https://x.example|a &lt; b>", "a < b (https://x.example)"),
        ("<mailto:a@x.example|a@x.example> <tel:+49|+49>", "a@x.example +49"),
        ("&lt;@U1&gt; &amp;lt; &quot;", "<@U1> &lt; &quot;"),
        ("a < b > c", "a < b > c"),
        ("*bold* `code`", "*bold* `code`"),
    ],
)
def test_markup_is_read_as_people_see_it(export, markup, text):
    assert export(None, entry(0, text=markup)).texts == [text]


def words(text: str) -> dict:
    return {"type": "text", "text": text}


def section(*elements: dict) -> dict:
    return {"type": "rich_text_section", "elements": list(elements)}


def test_blocks_are_the_text_where_there_is_no_other(export):
    rich = {
        "type": "rich_text",
        "elements": [
            section(words("See "), {"type": "channel", "channel_id": "C1"}, {"type": "broadcast", "range": "here"}),
            {"type": "rich_text_list", "style": "ordered", "elements": [section(words("one")), section(words("two"))]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q\nr"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
        ],
    }  # fmt: skip
    button = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "<@U2> &amp; co"},
        "fields": [{"type": "plain_text", "text": "f"}],
    }
    content = export(None, entry(0, text="", blocks=[rich, button, {"type": "divider"}, None]))
    assert content.texts == ["See #room@here\n1. one\n2. two\n> q\n> r\n```\nx = 1\n```\n@Bo Li & co\nf"]


def test_cards_are_lines_below_the_text_and_previews_of_its_links_are_not(export):
    cards = [
        {"from_url": "https://x.example", "title": "X", "text": "about X"},
        {"is_msg_unfurl": True, "author_name": "Bo", "text": "quoted", "from_url": "https://slack.example/1"},
        {"fallback": "only this"},
        {"pretext": "p", "fields": [{"title": "State", "value": "ok"}]},
    ]
    content = export(None, entry(0, text="<https://x.example>", attachments=cards))
    assert content.texts == ["https://x.example\n> Bo: quoted\nonly this\np\nState: ok"]


def test_authors_are_found_wherever_the_entry_names_them(export):
    content = export(
        None,
        entry(0, user="USLACKBOT"),
        entry(1, user=None, bot_id="B1", username="Deploy"),
        entry(2, user=None, bot_id="B2", bot_profile={"name": "Cron"}),
        entry(3, user=None),
        entry(4, user="U7", user_profile={"real_name": "Guest"}),
    )
    assert [(m.author.name, m.author.kind) for m in content.messages] == [
        ("Slackbot", AuthorKind.BOT), ("Deploy", AuthorKind.BOT), ("Cron", AuthorKind.BOT), ("user", AuthorKind.PERSON),
        ("Guest", AuthorKind.PERSON),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "subtype", ["channel_topic", "group_join", "pinned_item", "huddle_thread", "reminder_add", "bot_add"]
)
def test_events_are_activities(export, subtype):
    assert export(None, entry(0, subtype=subtype)).messages[0].status == "activity"


@pytest.mark.parametrize(
    "subtype", ["bot_message", "me_message", "file_share", "thread_broadcast", "slackbot_response"]
)
def test_all_else_is_a_message(export, subtype):
    assert export(None, entry(0, subtype=subtype)).messages[0].status is None


def test_a_file_that_was_saved_beside_the_messages_says_where_it_lies(export):
    files = [{"id": "F1", "name": "a b.txt"}, {"id": "F2", "name": "c.png"}]
    content = export({"room/attachments/F1-a b.txt": "12345", "__uploads/F2/c.png": "123"}, entry(0, files=files))
    first, second = content.messages[0].attachments
    assert (first.size, first.media_type, second.size, second.media_type) == (5, "text/plain", 3, "image/png")
    assert first.url.startswith("file:")
    assert first.url.endswith("export/room/attachments/F1-a%20b.txt")


def test_a_day_alone_is_a_channel_called_by_its_folder(tmp_path, read_archive):
    (tmp_path / "lone").mkdir()
    (tmp_path / "lone" / "2026-03-10.json").write_text(json.dumps([entry(0)]))
    content = read_archive(tmp_path / "lone")
    assert content.conversations["slack.lone"] == Conversation(id="slack.lone", title="lone", kind="channel")
    assert content.messages[0].author.name == "U1"


@pytest.mark.parametrize(
    ("name", "emoji"),
    [
        ("+1", "👍"), ("+1::skin-tone-6", "👍🏿"), ("flag-de", "🇩🇪"), ("gb", "🇬🇧"),
        ("man-shrugging::skin-tone-2", "🤷🏻‍♂️"),
        ("point_up::skin-tone-4", "☝🏽"), ("nobody-knows", ":nobody-knows:"), (":x:", "❌"), ("", "::"),
    ],
)  # fmt: skip
def test_names_of_emoji_become_emoji_where_they_are_known(name, emoji):
    assert emoji_of(name) == emoji
