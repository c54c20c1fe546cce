"""Mattermost's bulk exports."""

from __future__ import annotations

import json
import zipfile

import pytest

from dragoman.core.model import AuthorKind, ConversationKind

VERSION = {"type": "version", "version": 1}
MARIA = {"username": "maria.k", "email": "m@x.example", "first_name": "Maria", "last_name": "Koch"}
MAIL = "From: a@x.example\nSubject: Hi\nDate: Tue, 10 Mar 2026 09:00:00 +0000\n\nx"
PEOPLE = (
    {
        "type": "user",
        "user": {"username": "maria.k", "email": "m@x.example", "first_name": "Maria", "last_name": "Koch"},
    },
    {"type": "user", "user": {"username": "oleg", "nickname": "Olli"}},
    {"type": "bot", "bot": {"username": "build", "display_name": "Build"}},
)
CHANNEL = {
    "type": "channel",
    "channel": {"team": "t", "name": "c", "display_name": "C", "type": "P", "header": "Boats"},
}


def post(text="Hi", user="maria.k", at=1773133080000, **members):
    return {
        "type": "post",
        "post": {"team": "t", "channel": "c", "user": user, "message": text, "create_at": at, **members},
    }


def direct(members, at):
    entry = {"channel_members": members, "user": "oleg", "message": "x", "create_at": at}
    return {"type": "direct_post", "direct_post": entry}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in (VERSION, CHANNEL, *PEOPLE, *rows))


@pytest.fixture
def read_lines(read_archive, tmp_path):
    def read(*rows, tail=""):
        (tmp_path / "bulk").write_text(lines(*rows) + tail)
        return read_archive(tmp_path / "bulk")

    return read


def test_equal_posts_of_a_millisecond_have_ids_of_their_own_which_a_later_export_repeats(read_lines):
    twice = (post("ok"), post("ok"))
    first = read_lines(*twice)
    later = read_lines(*twice, post("more", at=1773133090000))
    assert [one.id for one in first.messages] == ["1773133080000.maria.k", "1773133080000.maria.k.2"]
    assert [one.id for one in later.messages[:2]] == [one.id for one in first.messages]


def test_an_edit_keeps_the_id_and_zero_is_no_time(read_lines):
    (before,) = read_lines(post("teh", edit_at=0, delete_at=0)).messages
    (after,) = read_lines(post("the", edit_at=1773133090000)).messages
    assert before.id == after.id
    assert (before.edited_at, before.deleted_at) == (None, None)
    assert after.edited_at is not None


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("@oleg.", "@Olli."),
        ("(@maria.k)", "(@Maria Koch)"),
        ("@Oleg, hi", "@Olli, hi"),
        ("@nobody @all", "@nobody @all"),
        ("write to oleg@oleg.example", "write to oleg@oleg.example"),
        ("@maria.k.", "@Maria Koch."),
    ],
)
def test_mentions_show_people_as_they_are_called(read_lines, written, shown):
    assert read_lines(post(written)).texts == [shown]


@pytest.mark.parametrize("kind", ["system_join_channel", "system_header_change", "system_displayname_change"])
def test_an_event_is_an_activity_in_its_own_words_or_those_of_its_kind(read_lines, kind):
    told, untold = read_lines(post("maria did it", type=kind), post("", type=kind)).messages
    assert (told.status, told.text) == ("activity", "maria did it")
    assert untold.text == kind.removeprefix("system_").replace("_", " ")


def test_replies_answer_their_post_with_all_that_posts_have(read_lines):
    reactions = [{"user": "oleg", "emoji_name": "tada"}]
    replies = [{"user": "oleg", "message": "yes", "create_at": 1773133090000, "reactions": reactions}]
    first, reply = read_lines(post(replies=replies)).messages
    assert reply.reply_to == first.id
    assert [(one.emoji, one.by) for one in reply.reactions] == [("🎉", ("Olli",))]


def test_a_program_is_a_bot_under_the_name_that_it_chose(read_lines):
    hook = {"from_webhook": "true", "override_username": "Deploy"}
    card = {"title": "Run 7", "title_link": "https://ci.example/7", "fields": [{"title": "State", "value": "passed"}]}
    posts = (post("", "build", props={"attachments": [card]}), post("x", "oleg", props=json.dumps(hook)))
    bot, hooked = read_lines(*posts).messages
    assert (bot.author.name, bot.author.kind) == ("Build", AuthorKind.BOT)
    assert bot.text == "Run 7 (https://ci.example/7)\nState: passed"
    assert (hooked.author.name, hooked.author.kind) == ("Deploy", AuthorKind.BOT)


def test_people_talk_in_one_conversation_whatever_their_order(read_lines):
    pair = ["oleg", "maria.k"]
    rows = [direct(pair, 1), direct(pair[::-1], 2), direct([*pair, "build"], 3)]
    described = {"type": "direct_channel", "direct_channel": {"participants": [{"username": "oleg"}]}}
    content = read_lines(*rows, described)
    kinds = {id_: one.kind for id_, one in content.conversations.items() if ".dm." in id_}
    assert kinds == {
        "mattermost.dm.maria.k-oleg": ConversationKind.DIRECT,
        "mattermost.dm.build-maria.k-oleg": ConversationKind.GROUP,
        "mattermost.dm.oleg": ConversationKind.DIRECT,
    }
    assert content.conversations["mattermost.dm.maria.k-oleg"].title == "Maria Koch, Olli"


def test_a_channel_has_its_title_and_topic(read_lines):
    channel = read_lines(post()).conversations["mattermost.t.c"]
    assert (channel.title, channel.topic, channel.kind) == ("C", "Boats", ConversationKind.CHANNEL)


@pytest.mark.parametrize("around", ["", "export/"])
def test_the_files_of_posts_stay_in_the_archive_whatever_they_are(read_archive, tmp_path, around):
    path = "20260310/teams/x/mail.eml"
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(f"{around}import.jsonl", lines(post(attachments=[{"path": path}, {"path": "gone.pdf"}])))
        archive.writestr(f"{around}data/{path}", MAIL)
    content = read_archive(tmp_path / "export.zip")
    assert content.formats == ["mattermost"]
    lying, gone = content.messages[0].attachments
    assert (lying.name, lying.size, lying.media_type) == ("mail.eml", len(MAIL), "message/rfc822")
    assert lying.url is not None
    assert lying.url.endswith(f"/export.zip/{around}data/{path}")
    assert (gone.name, gone.size, gone.url) == ("gone.pdf", None, None)


def test_what_cannot_be_read_is_counted_and_the_rest_is_read(read_lines):
    wrong = (
        {"type": "post"},
        {"type": "post", "post": {"channel": "c", "create_at": "soon"}},
        {"type": "direct_post", "direct_post": {"channel_members": None, "create_at": 1}},
        {"post": {}},
    )
    content = read_lines(
        *wrong, post(replies=[5], reactions="x", attachments={}, props=[1]), tail='{"type": "post", "po'
    )
    assert content.texts == ["Hi"]
    assert content.notes.skipped == 6


def test_lines_that_tell_of_other_things_are_passed_over(read_lines):
    others = ({"type": kind, kind: {"name": "x"}} for kind in ("role", "scheme", "emoji", "team", "what_is_new"))
    content = read_lines(*others, post())
    assert (content.texts, content.notes.skipped) == (["Hi"], 0)
