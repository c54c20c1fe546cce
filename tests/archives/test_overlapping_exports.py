"""A later export of the same conversations, imported over an earlier one: nothing is doubled, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from imessage_database import START, Database

from dragoman.toolset import call_tool
from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.config.load import Config, from_mapping
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio

TIME = 1773133080
"""Seconds since 1970: 2026-03-10 08:58 UTC. Each export has messages a second apart."""


def imessage(folder: Path, *, later: bool) -> Path:
    database = Database(folder / "chat.db")
    if later:  # rows have other numbers after a phone was restored
        database.message("other", chat=None, text="elsewhere", handle_id=2)
    database.message("A", text="first", second=0)
    database.message(
        "B",
        second=1,
        **({"text": "second, edited", "date_edited": (START + 9) * 10**9} if later else {"text": "second"}),
    )
    gone = {"date_retracted": (START + 9) * 10**9} if later else {"text": "third"}
    database.message("C", second=2, **gone)
    if later:
        database.tapback("p:0/A", 2000, 5)
        database.message("D", text="fourth", second=3)
    return database.close()


def signal(folder: Path, *, later: bool) -> Path:
    two, ten = ("7", "70") if later else ("2", "10")

    def item(second: int, kind: dict, **more: object) -> dict:
        return {"chatItem": {"chatId": ten, "authorId": two, "dateSent": str((TIME + second) * 1000), **kind, **more}}

    def said(text: str, **more: object) -> dict:
        return {"standardMessage": {"text": {"body": text}, **more}}

    second = item(1, said("second"))
    if later:
        second = item(9, said("second, edited"), revisions=[second["chatItem"]])
    reactions = [{"emoji": "❤️", "authorId": two}] if later else []
    lines = [
        {"version": "1", "backupTimeMs": "1"},
        {"recipient": {"id": two, "contact": {"aci": "ERERERERQRGBEREREREREQ==", "profileGivenName": "Bo"}}},
        {"chat": {"id": ten, "recipientId": two}},
        item(0, said("first", reactions=reactions)),
        second,
        item(2, {"remoteDeletedMessage": {}} if later else said("third")),
        *([item(3, said("fourth"))] if later else []),
    ]
    (folder / "main.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def google_chat(folder: Path, *, later: bool) -> Path:
    def entry(second: int, text: str, **more: object) -> dict:
        id_ = f"S/T{second}/T{second}"
        # The language of the account may have changed.
        date = f"10. März 2026 um 08:58:{second:02} UTC" if later else f"March 10, 2026 at 8:58:{second:02} AM UTC"
        return {
            "creator": {"name": "Bo"},
            "created_date": date,
            "text": text,
            "topic_id": f"T{second}",
            "message_id": id_,
            **more,
        }

    edited = {"updated_date": "10. März 2026 um 08:58:09 UTC", "text": "second, edited"} if later else {}
    gone = {"message_state": "DELETED"} if later else {}
    hearts = [{"emoji": {"unicode": "❤️"}, "reactor_emails": ["a@x.example"]}] if later else []
    entries = [entry(0, "first", reactions=hearts), entry(1, "second") | edited, entry(2, "third", **gone)]
    entries += [entry(3, "fourth")] if later else []
    (folder / "Space S").mkdir()
    (folder / "Space S" / "messages.json").write_text(json.dumps({"messages": entries}))
    return folder


def skype(folder: Path, *, later: bool) -> Path:
    def entry(second: int, text: str, **properties: object) -> dict:
        number = (TIME + second) * 1000
        time = f"2026-03-10T08:58:{second:02}Z"
        return {
            "id": str(number),
            "originalarrivaltime": time,
            "messagetype": "RichText",
            "content": text,
            "from": "8:bo",
            "properties": properties,
        }

    hearts = {"emotions": [{"key": "heart", "users": [{"mri": "8:me"}]}]} if later else {}
    edit = f'<e_m ts_ms="{(TIME + 9) * 1000}"/>'
    entries = [
        entry(0, "first", **hearts),
        entry(1, f"second, edited{edit}" if later else "second"),
        entry(2, "", deletetime=str((TIME + 9) * 1000)) if later else entry(2, "third"),
        *([entry(3, "fourth")] if later else []),
    ]
    conversation = {"id": "8:bo", "displayName": "Bo", "MessageList": entries[::-1]}
    (folder / "messages.json").write_text(json.dumps({"userId": "8:me", "conversations": [conversation]}))
    return folder


def zulip(folder: Path, *, later: bool) -> Path:
    def entry(number: int, text: str, **more: object) -> dict:
        return {"id": number + 1, "sender": 11, "recipient": 52, "content": text, "date_sent": TIME + number, **more}

    edits = json.dumps([{"timestamp": TIME + 9, "prev_content": "second"}])
    entries = [entry(0, "first"), entry(1, "second, edited", edit_history=edits) if later else entry(1, "second")]
    # Zulip leaves out what was deleted.
    entries += [entry(3, "fourth")] if later else [entry(2, "third")]
    hearts = [{"user_profile": 12, "message": 1, "emoji_name": "heart", "emoji_code": "2764-fe0f"}] if later else []
    people = [{"id": number, "full_name": name} for number, name in ((11, "Bo"), (12, "Cy"))]
    # A newer server has groups of two in the place of direct recipients.
    place = {"id": 52, "type": 3, "type_id": 9} if later else {"id": 52, "type": 1, "type_id": 12}
    members = [{"user_profile": number, "recipient": 52} for number in (11, 12)] if later else []
    realm = {
        "zerver_realm": [],
        "zerver_userprofile": people,
        "zerver_recipient": [place],
        "zerver_subscription": members,
    }
    (folder / "realm.json").write_text(json.dumps(realm))
    (folder / "messages-000001.json").write_text(json.dumps({"zerver_message": entries, "zerver_reaction": hearts}))
    return folder


FORMATS = {
    "imessage": (imessage, "+491", "third is gone"),
    "signal": (signal, "11111111-1111-4111-8111-111111111111", "third is gone"),
    "gchat": (google_chat, "S", "third is gone"),
    "skype": (skype, "8:bo", "third is gone"),
    "zulip": (zulip, "dm.11-12", "third stays"),
}


def settings(folder: Path) -> Config:
    accounts = {"local": {"provider": "local", "path": str(folder / "store.db")}}
    return from_mapping({"timezone": "UTC", "accounts": accounts}, data=folder)


@pytest.mark.parametrize("name", FORMATS)
async def test_a_later_export_adds_what_is_new_and_doubles_nothing(name, tmp_path):
    write, id_, third = FORMATS[name]
    counts = []
    async with tool_context.open_services(settings(tmp_path)) as shared:
        for later in (False, True, False):
            folder = tmp_path / f"{later}"
            if not folder.exists():
                folder.mkdir()
                write(folder, later=later)
            report = await load(shared, ImportRequest(paths=(folder,)))
            counts.append((report.counts.new, report.counts.changed))
        arguments = {"conversation": f"local:{name}.{id_}", "order": "oldest", "format": "json"}
        answer = await call_tool(shared, "list_messages", arguments)
    assert isinstance(answer.data, dict)
    messages = answer.data["messages"]
    left = ["third"] if third == "third stays" else []
    assert [message["text"] for message in messages] == ["first", "second, edited", *left, "fourth"]
    assert messages[0]["reactions"] == {"❤️": 1}
    assert messages[1]["edited_at"].startswith("2026-03-10T08:58:09")
    assert counts[0] == (3, 0)
    assert counts[2] == (0, 0), "the earlier export brings nothing that the later one had not"


@pytest.mark.parametrize("name", FORMATS)
async def test_the_person_who_is_named_as_the_user_is_found_by_me(name, tmp_path):
    write, id_, _ = FORMATS[name]
    who = "+491" if name == "imessage" else "Bo"
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder, later=False)
    async with tool_context.open_services(settings(tmp_path)) as shared:
        await load(shared, ImportRequest(paths=(folder,), me=who))
        arguments = {"conversation": f"local:{name}.{id_}", "author": "me", "format": "json"}
        answer = await call_tool(shared, "list_messages", arguments)
    assert isinstance(answer.data, dict)
    assert sorted(message["text"] for message in answer.data["messages"]) == ["first", "second", "third"]
