"""Mattermost's compliance exports as CSV."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from dragoman.core.model import ConversationKind

COLUMNS = (
    "Post Creation Time", "Team Id", "Team Name", "Team Display Name", "Channel Id", "Channel Name",
    "Channel Display Name", "Channel Type", "User Id", "User Email", "Username", "Post Id", "Edited By Post Id",
    "Replied to Post Id", "Post Message", "Post Type", "User Type", "Previews Post Id",
)  # fmt: skip
TIME = 1773133080000


def row(post, text="Hi", at=TIME, user="maria", kind="message", original="", parent="", channel="public"):
    team = ("t1", "harbour", "Harbour") if channel == "public" else ("", "", "")
    place = (*team, "c1", "launch", "Launch", channel)
    return (str(at), *place, "u1", f"{user}@x.example", user, post, original, parent, text, kind, "user", "")


def table(*rows, columns=COLUMNS):
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


@pytest.fixture
def read_rows(read_archive, tmp_path):
    def read(*rows, text=None):
        (tmp_path / "posts.csv").write_text(text or table(*rows))
        content = read_archive(tmp_path / "posts.csv")
        assert content.formats == ["mattermost"]
        return content

    return read


def test_posts_have_the_ids_that_the_bulk_export_gives_them(read_rows):
    content = read_rows(row("p1", "one\ntwo, three"), row("p2", user="oleg", at=TIME + 1), row("p3"))
    assert [one.id for one in content.messages] == [f"{TIME}.maria", f"{TIME + 1}.oleg", f"{TIME}.maria.2"]
    assert content.texts[0] == "one\ntwo, three"
    (channel,) = content.conversations.values()
    assert (channel.id, channel.title, channel.kind) == (
        "mattermost.harbour.launch",
        "Launch",
        ConversationKind.CHANNEL,
    )


def test_a_reply_answers_the_first_post_of_its_thread(read_rows):
    content = read_rows(row("p1"), row("p2", at=TIME + 1, parent="p1"))
    assert content.messages[1].reply_to == f"{TIME}.maria"


@pytest.mark.parametrize("order", [1, -1])
def test_an_earlier_text_is_history_wherever_it_stands(read_rows, order):
    (message,) = read_rows(*[row("p9", "teh", original="p1"), row("p1", "the")][::order]).messages
    assert (message.text, [one.text for one in message.history]) == ("the", ["teh"])


def test_a_deleted_post_is_a_tombstone(read_rows):
    (message,) = read_rows(row("p1", "secret"), row("p1", "delete secret", at=TIME + 5000)).messages
    assert (message.id, message.text) == (f"{TIME}.maria", "")
    assert message.deleted_at is not None


def test_people_who_come_and_go_are_left_out_and_events_are_activities(read_rows):
    content = read_rows(
        row("", "joined", kind="enter"), row("", "left", kind="leave"), row("p1", kind="system_purpose")
    )
    assert [one.status for one in content.messages] == ["activity"]
    assert (content.notes.skipped, content.notes.has_flaws) == (2, False)


def test_a_talk_of_two_has_the_id_of_its_channel(read_rows):
    (talk,) = read_rows(row("p1", channel="direct")).conversations.values()
    assert (talk.id, talk.kind) == ("mattermost.c1", ConversationKind.DIRECT)


def test_files_lie_beside_the_rows(read_archive, tmp_path):
    attached = row("p1", "plan.eml (files/p1/f1-plan.eml)", kind="attachment")[:17]
    with zipfile.ZipFile(tmp_path / "batch.zip", "w") as archive:
        archive.writestr("posts.csv", table(row("p1"), attached))
        archive.writestr("files/p1/f1-plan.eml", "From: a@x\nSubject: b\n\nc")
        archive.writestr("metadata.json", "{}")
    content = read_archive(tmp_path / "batch.zip")
    assert content.formats == ["mattermost"]
    (plan,) = content.messages[0].attachments
    assert (plan.name, plan.size) == ("plan.eml", 23)
    assert plan.url is not None
    assert plan.url.endswith("batch.zip/files/p1/f1-plan.eml")


def test_the_export_of_one_channel_is_called_by_its_file(read_rows):
    columns = ("Post Creation Time", "User Id", "User Email", "User Type", "User Name", "Post Id", "Parent Post Id",
               "Post Message", "Post Type")  # fmt: skip
    content = read_rows(
        text=table((str(TIME), "u", "m@x", "user", "maria", "p1", "", "Hi", "message"), columns=columns)
    )
    assert (content.texts, list(content.conversations)) == (["Hi"], ["mattermost.posts"])


def test_what_cannot_be_read_is_counted_and_the_rest_is_read(read_rows):
    content = read_rows(row("p1", at="soon"), row(""), ("1",), row("p2"))
    assert (content.texts, content.notes.skipped) == (["Hi"], 3)
