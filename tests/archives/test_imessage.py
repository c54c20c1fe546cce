"""Databases of Messages: what the sample does not have. They are built as macOS and iOS of several years make them."""

from __future__ import annotations

import plistlib
import shutil
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest
from imessage_database import START, TABLES, Database, typed

from dragoman.core.model import AuthorKind, ConversationKind


@pytest.fixture
def database(tmp_path) -> Database:
    return Database(tmp_path / "chat.db")


def test_a_database_of_an_old_system_lacks_columns_and_tables_and_is_read(tmp_path, read_archive):
    columns = "rowid INTEGER PRIMARY KEY, GUID TEXT, text TEXT, handle_id INTEGER, Date INTEGER, is_from_me INTEGER"
    old = Database(tmp_path / "chat.db", message=columns, attachment=None, message_attachment_join=None)
    old.message("A", text="from 2012", handle_id=1, date=START, is_from_me=0)
    content = read_archive(old.close())
    assert content.formats == ["imessage"]
    assert [(m.text, m.sent_at) for m in content.messages] == [("from 2012", datetime(2026, 3, 10, 8, 58, tzinfo=UTC))]


def test_the_users_own_messages_are_marked_and_have_their_address(database, read_archive):
    database.message("A", text="mine", is_from_me=1, destination_caller_id="ann@example.com")
    database.message("B", text="mine too", is_from_me=1, account="P:+4917")
    database.message("C", text="yours")
    content = read_archive(database.close())
    assert [(m.author.own, m.author.id, m.author.email) for m in content.messages] == [
        (True, "ann@example.com", "ann@example.com"),
        (True, "+4917", None),
        (False, "+491", None),
    ]


def test_the_last_tapback_of_a_person_and_kind_counts(database, read_archive):
    for guid in "AB":
        database.message(guid, text="text")
    database.tapback("p:0/A", 2000, 1)
    database.tapback("p:0/A", 3000, 2)
    database.tapback("bp:A", 2000, 3)
    database.tapback("A", 2001, 4, is_from_me=1)
    database.tapback("p:1/A", 2001, 5, handle_id=2)
    database.tapback("p:0/B", 3003, 9)
    database.tapback("p:0/B", 2003, 8)
    database.tapback("p:0/B", 2006, 10, associated_message_emoji="🚢")
    database.tapback("p:0/B", 2006, 11, associated_message_emoji="🎉")
    database.tapback("p:0/B", 3006, 12, associated_message_emoji="🚢")
    content = read_archive(database.close())
    assert [m.id for m in content.messages] == ["A", "B"]
    on_a, on_b = ([(r.emoji, r.count, set(r.by)) for r in m.reactions] for m in content.messages)
    assert on_a == [("❤️", 1, {"+491"}), ("👍", 2, {"me", "oleg@example.com"})]
    assert on_b == [("🎉", 1, {"+491"})]


def test_an_emoji_that_is_taken_back_without_being_named_is_every_emoji_of_that_person(database, read_archive):
    database.message("A", text="text")
    database.tapback("A", 2006, 1, associated_message_emoji="🚢")
    database.tapback("A", 2006, 2, associated_message_emoji="🎉", handle_id=2)
    database.tapback("A", 3006, 3)
    (message,) = read_archive(database.close()).messages
    assert [(r.emoji, r.by) for r in message.reactions] == [("🎉", ("oleg@example.com",))]


def test_on_older_systems_a_person_has_one_of_the_first_six_tapbacks(tmp_path, read_archive):
    columns = TABLES["message"].replace(" associated_message_emoji TEXT,", "")
    old = Database(tmp_path / "chat.db", message=columns)
    old.message("A", text="text")
    old.tapback("A", 2000, 1)
    old.tapback("A", 2004, 2)
    (message,) = read_archive(old.close()).messages
    assert [r.emoji for r in message.reactions] == ["‼️"]


@pytest.mark.parametrize("form", list(plistlib.PlistFormat))
def test_every_edit_is_kept_and_the_latest_text_shown(form, database, read_archive):
    versions = [{"t": typed(text), "d": START + n} for n, text in enumerate(["one", "two", "three"])]
    summary = plistlib.dumps({"ec": {"0": versions}}, fmt=form)
    database.message("A", message_summary_info=summary, date_edited=(START + 2) * 10**9)
    (message,) = read_archive(database.close()).messages
    assert message.text == "three"
    assert [edit.text for edit in message.history] == ["one", "two"]
    assert message.edited_at == datetime(2026, 3, 10, 8, 58, 2, tzinfo=UTC)


def test_a_message_is_gone_only_when_all_its_parts_were_unsent(database, read_archive):
    parts = {"otr": {"0": {"lo": 0, "le": 3}, "1": {"lo": 3, "le": 4}}, "rp": [0]}
    whole = {**parts, "rp": [0, 1], "ec": {"1": [{"t": typed("gone"), "d": START}]}}
    for guid, text, summary in (("A", "left", parts), ("B", None, whole), ("C", None, {"rp": [0]})):
        blob = plistlib.dumps(summary, fmt=plistlib.FMT_BINARY)
        database.message(guid, text=text, message_summary_info=blob, date_edited=(START + 9) * 10**9)
    content = read_archive(database.close())
    assert {m.id: (m.text, m.deleted_at is not None) for m in content.messages} == {
        "A": ("left", False), "B": ("", True), "C": ("", True),
    }  # fmt: skip
    assert content.message("B").history == ()


def test_events_say_what_happened_and_to_whom(database, read_archive):
    for number, values in enumerate((
        {"item_type": 1, "group_action_type": 0, "other_handle": 2},
        {"item_type": 1, "group_action_type": 1, "other_handle": 2},
        {"item_type": 2, "group_title": "Boats"},
        {"item_type": 3, "group_action_type": 0},
        {"item_type": 3, "group_action_type": 1},
        {"item_type": 3, "group_action_type": 4},
        {"item_type": 3, "group_action_type": 9},
        {"item_type": 1, "other_handle": 2, "handle_id": 2},
        {"item_type": 4, "share_status": 1},
        {"item_type": 5},
        {"item_type": 6},
        {"item_type": 77},
    )):  # fmt: skip
        database.message(str(number), **values)
    content = read_archive(database.close())
    assert {message.status for message in content.messages} == {"activity"}
    assert content.texts == [
        "added oleg@example.com",
        "removed oleg@example.com",
        "named the conversation Boats",
        "left the conversation",
        "changed the picture",
        "changed the background",
        "changed the conversation",
        "changed the phone number",
        "stopped sharing the location",
        "kept an audio message",
        "FaceTime call",
        "event",
    ]


def test_a_group_without_a_name_is_called_by_its_people_and_an_unknown_author_is_the_system(database, read_archive):
    database.add("chat", ROWID=5, guid="iMessage;+;chat9", style=43, chat_identifier="chat9")
    for handle in (1, 2):
        database.add("chat_handle_join", chat_id=5, handle_id=handle)
    database.message("A", chat=5, text="who?", handle_id=0)
    content = read_archive(database.close())
    assert content.conversations["imessage.chat9"].title == "+491, oleg@example.com"
    assert content.conversations["imessage.chat9"].kind is ConversationKind.GROUP
    assert content.messages[0].author.kind is AuthorKind.SYSTEM


def test_a_message_of_no_conversation_goes_to_its_sender_or_is_counted(database, read_archive):
    database.message("A", chat=None, text="lost", handle_id=2)
    database.message("B", chat=None, text="mine", handle_id=0, is_from_me=1)
    content = read_archive(database.close())
    assert content.message("A").conversation == "imessage.oleg@example.com"
    assert content.conversations["imessage.oleg@example.com"].kind is ConversationKind.DIRECT
    assert content.notes.reasons["a message of no conversation"].count == 1


def test_what_was_deleted_and_can_be_recovered_is_left_out(tmp_path, read_archive):
    trash = Database(tmp_path / "chat.db", chat_recoverable_message_join="chat_id INTEGER, message_id INTEGER")
    number = trash.message("A", chat=None, text="deleted")
    trash.add("chat_recoverable_message_join", chat_id=1, message_id=number)
    trash.message("B", text="here")
    assert read_archive(trash.close()).texts == ["here"]


def test_files_lie_beside_the_database_of_a_mac_or_in_the_backup_of_a_phone(tmp_path, read_archive):
    mac = Database(tmp_path / "mac" / "chat.db")
    phone_name = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    phone = Database(tmp_path / "phone" / "3d" / phone_name)
    lying = tmp_path / "mac" / "Attachments/ab/A-1/boat.heic"
    digest = sha1(b"MediaDomain-Library/SMS/Attachments/ab/A-1/boat.heic").hexdigest()  # noqa: S324 - the name of a file
    for file in (lying, tmp_path / "phone" / digest[:2] / digest):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
    for one, root in ((mac, "~/Library/Messages/"), (phone, "~/Library/SMS/")):
        number = one.message("A", text="\ufffclook\ufffcthere")
        one.add("attachment", ROWID=7, guid="F", filename=f"{root}Attachments/ab/A-1/boat.heic")
        one.add("attachment", ROWID=8, guid="P", transfer_name="x.pluginPayloadAttachment")
        one.add("attachment", ROWID=9, guid="N", transfer_name="lost.pdf", total_bytes=9, mime_type="application/pdf")
        for file in (7, 8, 9):
            one.add("message_attachment_join", message_id=number, attachment_id=file)
        one.close()
    for root, place in ((tmp_path / "mac", lying), (tmp_path / "phone", tmp_path / "phone" / digest[:2] / digest)):
        (message,) = read_archive(root).messages
        assert message.text == "look\nthere"
        assert [(file.name, file.size, file.url) for file in message.attachments] == [
            ("boat.heic", 5, f"file:{place}"),
            ("lost.pdf", 9, None),
        ]


def test_a_sticker_answers_the_message_on_which_it_lies_and_an_app_shows_its_words(database, read_archive):
    uid = plistlib.UID
    objects = ["$null", {"NS.keys": [uid(2), uid(3)], "NS.objects": [uid(4), uid(5)]}, "an", "ldtext", "Poll", "Lunch?"]
    payload = plistlib.dumps({"$top": {"root": uid(1)}, "$objects": objects}, fmt=plistlib.FMT_BINARY)
    database.message("A", text="text", subject="About boats")
    database.message("B", associated_message_type=1000, associated_message_guid="p:0/A")
    app = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.example.polls"
    database.message("C", text="\ufffd", balloon_bundle_id=app, payload_data=payload)
    database.message("D", balloon_bundle_id="com.apple.Handwriting.HandwritingProvider")
    database.message("E", text="https://x.example", balloon_bundle_id="com.apple.messages.URLBalloonProvider")
    content = read_archive(database.close())
    assert content.message("A").subject == "About boats"
    assert content.message("B").reply_to == "A"
    assert content.texts[2:] == ["Poll\nLunch?", "Handwriting", "https://x.example"]


def test_the_log_beside_a_database_is_read_and_nothing_is_written(tmp_path, read_archive):
    live = Database(tmp_path / "live" / "chat.db")
    live._con.commit()
    live._con.execute("PRAGMA journal_mode = WAL")
    live.message("A", text="in the log only")
    live._con.commit()
    copy = tmp_path / "copy"
    copy.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{live.path}{ending}", copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", copy))
    for path in (copy / "chat.db", copy, packed):
        assert read_archive(path).texts == ["in the log only"]
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    live.close()


def test_what_is_not_text_or_hangs_on_nothing_costs_its_entry_only(database, read_archive):
    database.message("A", text=b"\xff\xfebytes", date="yesterday", handle_id="x", message_summary_info=b"bplist00\xff")
    database.message("B", text=5, attributedBody=b"\x04\x0bstreamtyped", thread_originator_guid=b"\xff")
    database.message(None, text="no id")
    database.message("C", text="\ufffc ")
    content = read_archive(database.close())
    assert content.notes.reasons["an empty message"].count == 1
    assert content.texts == ["\ufffd\ufffdbytes".replace("\ufffd", ""), "5"]
    assert content.messages[0].sent_at is None
    assert content.notes.reasons["a message without id"].count == 1


def test_a_database_that_is_cut_off_gives_what_it_still_has(database, read_archive, tmp_path):
    for number in range(4000):
        database.message(f"G{number}", text=f"text {number} " * 10)
    data = database.close().read_bytes()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "chat.db").write_bytes(data[: len(data) // 2])
    content = read_archive(tmp_path / "cut")
    assert 100 < len(content.messages) < 4000
    assert any("is damaged" in told for told in content.notes.sentences)


def test_a_page_that_is_damaged_in_the_middle_costs_its_own_messages(database, read_archive):
    for number in range(4000):
        database.message(f"G{number}", text=f"text {number} " * 10)
    path = database.close()
    data = bytearray(path.read_bytes())
    middle = data.index(b"text 2000 ") // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    ids = {message.id for message in read_archive(path).messages}
    assert {"G0", "G1500", "G2500", "G3999"} <= ids
