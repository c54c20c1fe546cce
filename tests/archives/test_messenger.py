"""Downloads of Messenger and Instagram, and of encrypted chats."""

from __future__ import annotations

import json

import pytest

from dragoman.archives.messenger import repaired


def saved(path, chat):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(chat), "utf-8")
    return path


@pytest.mark.parametrize("text", ["Zoë", "👍🏽", "Łódź", "日本語", "plain"])
def test_a_text_that_was_read_as_latin_1_is_repaired(text):
    assert repaired(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize("text", ["déjà vu", "€ 5", "日本語"])
def test_a_text_that_is_right_stays(text):
    assert repaired(text) == text


def test_an_encrypted_chat_is_right_as_it_is_and_keeps_its_id(read_archive, tmp_path):
    chat = {
        "participants": ["Zoë", "Ann"],
        "threadName": "Zoë",
        "messages": [
            {"senderName": "Zoë", "text": "Ã©", "timestamp": 1773133080000, "isUnsent": False, "type": "text"},
            {"senderName": "Zoë", "text": "gone", "timestamp": 1773133070000, "isUnsent": True, "type": "text"},
        ],
    }
    first = read_archive(saved(tmp_path / "Zoë_1.json", chat))
    again = read_archive(saved(tmp_path / "Zoë_7.json", chat))
    assert first.texts == ["Ã©"]
    assert first.conversations.keys() == again.conversations.keys()
    assert next(iter(first.conversations)).startswith("messenger.e2ee.")


@pytest.mark.parametrize(("name", "title"), [("Zoë_12", "Zoë"), ("Trip_12", "Trip_12"), ("Zoë_x", "Zoë_x")])
def test_the_number_of_a_file_is_no_part_of_a_person_s_name(read_archive, tmp_path, name, title):
    chat = {"participants": ["Zoë", "Ann"], "threadName": name, "messages": []}
    (found,) = read_archive(saved(tmp_path / "a.json", chat)).conversations.values()
    assert found.title == title


def test_a_chat_of_instagram_is_told_apart_by_its_folder(read_archive, tmp_path):
    chat = {
        "messages": [{"sender_name": "Ann", "timestamp_ms": 1773133080000, "content": "Hi"}],
        "participants": [{"name": "Ann"}, {"name": "Me"}],
        "title": "Ann",
        "thread_path": "inbox/ann_17",
    }
    content = read_archive(saved(tmp_path / "your_instagram_activity/messages/inbox/ann_17/message_1.json", chat))
    assert list(content.conversations) == ["instagram.17"]


def test_messages_of_one_millisecond_come_in_the_order_of_writing_with_lasting_ids(read_archive, tmp_path):
    newest_first = [
        {"sender_name": "Ann", "timestamp_ms": 1773133080000 + time, "content": text}
        for time, text in ((1, "four"), (0, "three"), (0, "two"), (0, "one"))
    ]
    chat = {"participants": [{"name": "Ann"}], "title": "Ann", "thread_path": "inbox/ann_17", "messages": newest_first}
    content = read_archive(saved(tmp_path / "message_1.json", chat))
    at_once = [message.text for message in content.messages if message.text != "four"]
    assert at_once == ["one", "two", "three"]
    chat["messages"] = newest_first[1:]
    before = {message.text: message.id for message in read_archive(saved(tmp_path / "message_1.json", chat)).messages}
    assert min(before.values()).isdecimal()
    assert before.items() <= {message.text: message.id for message in content.messages}.items()
