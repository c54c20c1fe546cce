"""Chats of Signal that the programs signal-export and sigtop saved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from dragoman.core.model import ConversationKind

SAVED = [
    {"date": "2026-03-10T08:58:00.123000+00:00", "sender": "Bo", "body": "hello  ", "quote": "",
     "sticker": None, "reactions": [["Me", "👍"]], "attachments": [{"name": "a b.jpg", "path": "media/a%20b.jpg"}]},
    {"date": "2026-03-10T08:59:00+00:00", "sender": "Me", "body": "yes  ", "quote": "\n\n> hello\n\n",
     "sticker": {"emoji": "⛵"}, "reactions": [{"name": "Bo", "emoji": "❤️"}], "attachments": []},
    {"date": "2026-03-10T09:00:00+00:00", "sender": "Bo", "body": "", "quote": "", "deleted": True},
    {"date": "2026-03-10T09:01:00+00:00", "sender": "No-Sender", "body": "Missed call  ", "quote": "", "call": True},
    {"date": "never", "sender": "Bo", "body": "x", "quote": ""},
]  # fmt: skip
MARKDOWN = """[2026-03-10 08:58:00] Bo: hello: you  ![a b.jpg](./media/a%20b.jpg)
(- Me: 👍, Ann: 👍 -)
[2026-03-10 08:59:00] Me: \n
> hello

yes
second line
(( ⛵ ))
[2026-03-10 09:00:00] Bo: (This message was deleted)
"""


def saved(folder: Path, **files: str) -> Path:
    (folder / "media").mkdir(parents=True)
    (folder / "media" / "a b.jpg").write_bytes(b"12345")
    (folder / "index.html").write_text("<html></html>")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
    return folder


def test_a_saved_chat_is_read_from_its_file_for_programs(read_archive, tmp_path):
    table = "\n".join(map(json.dumps, SAVED))
    saved(tmp_path / "chats" / "Bo Li", data_json=table, chat_md=MARKDOWN)
    content = read_archive(tmp_path / "chats")
    assert list(content.conversations) == ["signal.name.Bo Li"]
    assert content.conversations["signal.name.Bo Li"].kind is ConversationKind.DIRECT
    assert content.texts == ["hello", "> hello\nyes\n⛵", "Missed call"]
    assert [(r.emoji, r.by) for m in content.messages for r in m.reactions] == [("👍", ("Me",)), ("❤️", ("Bo",))]
    assert [m.author.own for m in content.messages] == [False, True, False]
    assert content.messages[2].status == "activity"
    (file,) = content.messages[0].attachments
    assert (file.name, file.size) == ("a b.jpg", 5)
    assert content.notes.skipped == 2


def test_a_saved_chat_of_an_older_program_is_read_from_its_text(read_archive, tmp_path):
    folder = saved(tmp_path / "Crew", chat_md=MARKDOWN + "[2026-03-10, 09:01] Ann: short\n")
    for path in (folder, folder / "chat.md"):
        content = read_archive(path, zone="Europe/Berlin")
        assert content.formats == ["signal"]
        assert content.texts == ["hello: you", "> hello\n\nyes\nsecond line\n⛵", "short"]
        assert content.messages[0].sent_at == datetime(2026, 3, 10, 7, 58, tzinfo=UTC)
        assert [(r.emoji, r.count) for r in content.messages[0].reactions] == [("👍", 2)]
        assert content.conversations["signal.name.Crew"].kind is ConversationKind.GROUP
        assert content.conversations["signal.name.Crew"].participants == ("Bo", "Me", "Ann")


def test_saved_messages_keep_their_ids_in_a_later_chat(read_archive, tmp_path):
    before = saved(tmp_path / "1" / "Bo", chat_md="x", data_json="\n".join(map(json.dumps, SAVED[:2])))
    after = saved(tmp_path / "2" / "Bo", chat_md="x", data_json="\n".join(map(json.dumps, SAVED)))
    ids = [[message.id for message in read_archive(folder).messages] for folder in (before, after)]
    assert ids[1][:2] == ids[0]


TIME = 1773133080000
ACI, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def row(second: int, text: str = "Hi", kind: str = "incoming", source: str | None = ACI, **members: object) -> dict:
    said = {"id": f"r{second}", "conversationId": "c1", "type": kind, "body": text, "sent_at": TIME + second * 1000}
    return {**said, **({"sourceServiceId": source} if source else {}), **members}


def test_rows_of_the_desktop_are_read_with_the_ids_of_the_apps_export(read_archive, tmp_path):
    edits = [{"body": "second", "timestamp": TIME + 9000}, {"body": "first", "timestamp": TIME}]
    reactions = [{"emoji": "👍", "fromId": one} for one in ("a", "b", "a")] + [{"emoji": "", "fromId": "a"}]
    files = [
        {"contentType": "image/jpeg", "fileName": "boat.jpg", "size": 5, "path": "ab/abc"},
        {"contentType": "text/x-signal-plain", "size": 9},
    ]
    rows = [
        row(9, "second", editHistory=edits, reactions=reactions),
        row(1, "yes", "outgoing", None, quote={"id": str(TIME), "authorAci": ACI, "text": "first"}),
        row(2, "", attachments=files),
        row(3, "gone", deletedForEveryone=True),
        row(4, "", "call-history", None),
        row(5, "", sticker={"emoji": "⛵"}, quote={"id": None, "authorAci": ACI}),
        {"conversationId": "c1", "type": "incoming", "sent_at": None},
    ]
    (tmp_path / "Bo Li (+491).json").write_text(json.dumps(rows))
    content = read_archive(tmp_path / "Bo Li (+491).json")
    assert content.formats == ["signal"]
    (conversation,) = content.conversations.values()
    assert (conversation.id, conversation.title) == ("signal.name.Bo Li (+491)", "Bo Li")
    assert conversation.kind is ConversationKind.DIRECT
    assert [(m.id, m.author.name, m.text) for m in content.messages] == [
        (f"{TIME}.{ACI}", "Bo Li", "second"),
        (f"{TIME + 1000}.self", "me", "yes"),
        (f"{TIME + 2000}.{ACI}", "Bo Li", ""),
        (f"{TIME + 3000}.{ACI}", "Bo Li", ""),
        (f"{TIME + 4000}.self", "me", "call history"),
        (f"{TIME + 5000}.{ACI}", "Bo Li", "⛵"),
    ]
    first, answer, picture, gone, call, _ = content.messages
    assert [edit.text for edit in first.history] == ["first"]
    assert first.edited_at == datetime(2026, 3, 10, 8, 58, 9, tzinfo=UTC)
    assert [(one.emoji, one.count) for one in first.reactions] == [("👍", 2)]
    assert (answer.reply_to, answer.author.own) == (first.id, True)
    assert [(one.name, one.size) for one in picture.attachments] == [("boat.jpg", 5)]
    assert gone.deleted_at is not None
    assert call.status == "activity"
    assert content.notes.skipped == 1


def test_rows_of_a_group_name_their_authors_by_id(read_archive, tmp_path):
    (tmp_path / "Crew.json").write_text(json.dumps([row(0), row(1, source=OTHER)]))
    content = read_archive(tmp_path)
    assert content.conversations["signal.name.Crew"].kind is ConversationKind.GROUP
    assert [message.author.name for message in content.messages] == [ACI, OTHER]
