"""Builds databases of Messages as macOS and iOS make them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

START = 794_825_880
"""Seconds from 2001 to 2026-03-10 08:58 UTC."""

TABLES = {
    "handle": "ROWID INTEGER PRIMARY KEY, id TEXT, service TEXT",
    "chat": "ROWID INTEGER PRIMARY KEY, guid TEXT, style INTEGER, chat_identifier TEXT, display_name TEXT",
    "message": (
        "ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, attributedBody BLOB, handle_id INTEGER DEFAULT 1,"
        " date INTEGER, is_from_me INTEGER DEFAULT 0, item_type INTEGER DEFAULT 0, group_title TEXT,"
        " group_action_type INTEGER DEFAULT 0, other_handle INTEGER DEFAULT 0, share_status INTEGER DEFAULT 0,"
        " associated_message_guid TEXT, associated_message_type INTEGER DEFAULT 0, associated_message_emoji TEXT,"
        " thread_originator_guid TEXT, date_edited INTEGER DEFAULT 0, date_retracted INTEGER DEFAULT 0,"
        " message_summary_info BLOB, balloon_bundle_id TEXT, payload_data BLOB, subject TEXT,"
        " destination_caller_id TEXT, account TEXT"
    ),
    "chat_message_join": "chat_id INTEGER, message_id INTEGER",
    "chat_handle_join": "chat_id INTEGER, handle_id INTEGER",
    "attachment": (
        "ROWID INTEGER PRIMARY KEY, guid TEXT, filename TEXT, mime_type TEXT, transfer_name TEXT, total_bytes INTEGER"
    ),
    "message_attachment_join": "message_id INTEGER, attachment_id INTEGER",
}


def typed(text: str) -> bytes:
    """An attributed string as Messages keeps it."""
    raw = text.encode()
    size = len(raw)
    length = bytes([size]) if size < 0x80 else b"\x81" + size.to_bytes(2, "little")
    length = b"\x82" + size.to_bytes(4, "little") if size > 0xFFFF else length
    head = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00"
    return head + b"\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+" + length + raw + b"\x86\x84\x02iI\x01\t\x92\x86"


class Database:
    """Builds a database row by row."""

    def __init__(self, path: Path, **tables: str | None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._con = sqlite3.connect(path)
        for name, columns in {**TABLES, **tables}.items():
            if columns:
                self._con.execute(f"CREATE TABLE {name}({columns})")
        self.add("handle", ROWID=1, id="+491", service="iMessage")
        self.add("handle", ROWID=2, id="oleg@example.com", service="iMessage")
        self.add("chat", ROWID=1, guid="iMessage;-;+491", style=45, chat_identifier="+491", display_name="")
        self.add("chat_handle_join", chat_id=1, handle_id=1)

    def add(self, table: str, **values: object) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        row = self._con.execute(f"INSERT INTO {table}({names}) VALUES({marks})", list(values.values()))
        assert row.lastrowid is not None
        return row.lastrowid

    def message(self, guid: str, chat: int | None = 1, **values: object) -> int:
        second = values.pop("second", 0)
        number = self.add("message", guid=guid, **{"date": (START + second) * 10**9, **values})
        if chat:
            self.add("chat_message_join", chat_id=chat, message_id=number)
        return number

    def tapback(self, target: str, kind: int, second: int, **values: object) -> None:
        self.message(
            f"t{target}{kind}{second}{values}", second=second, text="Loved it",
            associated_message_guid=target, associated_message_type=kind, **values,
        )  # fmt: skip

    def close(self) -> Path:
        self._con.commit()
        self._con.close()
        return self.path
