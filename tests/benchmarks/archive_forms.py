"""Archives of every format and of any size, for benchmarks."""

from __future__ import annotations

import json
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

_WORDS: Final = ("the", "budget", "of", "june", "late", "we", "meet", "at", "pier", "four", "server", "crashed", "plan")
_START: Final = 1_773_133_080
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_APPLE: Final = 978_307_200

Write = Callable[[Path, Iterable[str]], None]


def make_texts(size: int, words: int = 12) -> Iterator[str]:
    """Texts of so many words that differ from one another."""
    chance = random.Random(7)
    for number in range(size):
        yield f"{' '.join(chance.choices(_WORDS, k=words))} {number}"


def _iso(number: int) -> str:
    return (_EPOCH + timedelta(seconds=_START + number)).isoformat().replace("+00:00", "Z")


def _write_items(path: Path, before: str, items: Iterable[object], after: str) -> None:
    """A JSON text with a long list in it."""
    with path.open("w") as file:
        file.write(before)
        for number, item in enumerate(items):
            file.write(("," if number else "") + json.dumps(item))
        file.write(after)


def _write_lines(path: Path, items: Iterable[object]) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(item) + "\n" for item in items)


def _parts(texts: Iterable[str], size: int) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """The texts with their numbers, some at a time, each time with the number of the part."""
    numbered = enumerate(texts)
    for part in count():
        found = list(islice(numbered, size))
        if not found:
            return
        yield part, found


def json_lines(path: Path, texts: Iterable[str]) -> None:
    """Our JSON Lines, in fifty conversations."""
    _write_lines(
        path,
        (
            {
                "conversation": f"room {n % 50}",
                "author": f"Person {n % 90}",
                "text": text,
                "sent_at": _START + n,
                "id": n,
            }
            for n, text in enumerate(texts)
        ),
    )


def chat(path: Path, texts: Iterable[str]) -> None:
    """Our chat form, in one conversation."""
    entries = ({"id": str(n), "author": "p", "at": _iso(0), "text": text} for n, text in enumerate(texts))
    before = '{"people": [{"id": "p", "name": "Ann"}], "conversations": [{"id": "c", "messages": ['
    _write_items(path, before, entries, "]}]}")


def slack(path: Path, texts: Iterable[str]) -> None:
    """A Slack export in a zip file, five hundred messages a day."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("users.json", json.dumps([{"id": f"U{n}", "name": f"user{n}"} for n in range(90)]))
        archive.writestr("channels.json", json.dumps([{"id": f"C{n}", "name": f"room{n}"} for n in range(50)]))
        for part, found in _parts(texts, 500):
            day = [
                {"type": "message", "user": f"U{n % 90}", "text": text, "ts": f"{_START + n}.000100"}
                for n, text in found
            ]
            name = f"room{part % 50}/{2000 + part // 50 // 28:04}-01-{1 + part // 50 % 28:02}.json"
            archive.writestr(name, json.dumps(day))


def mbox(path: Path, texts: Iterable[str]) -> None:
    """Mails in threads of five."""
    with path.open("w") as file:
        for number, text in enumerate(texts):
            file.write(f"From a@x.example Tue Mar 10 09:00:00 2026\n{mail(number, text)}\n")


def maildir(path: Path, texts: Iterable[str]) -> None:
    """The same mails, each in a file of a Maildir."""
    for place in ("cur", "new", "tmp"):
        (path / place).mkdir(parents=True)
    for number, text in enumerate(texts):
        (path / "cur" / f"1773133080.{number}:2,S").write_text(mail(number, text))


def mail(number: int, text: str) -> str:
    """One of the mails."""
    first = number - number % 5
    answer = f"References: <m{first}@x>\nIn-Reply-To: <m{first}@x>\n" if number % 5 else ""
    return (
        f"From: Person {number % 90} <a{number % 90}@x.example>\nTo: b@x.example\n"
        f"Date: Tue, 10 Mar 2026 09:{number % 60:02}:00 +0000\nMessage-ID: <m{number}@x>\n{answer}"
        f"Subject: topic {first}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )


def whatsapp(path: Path, texts: Iterable[str]) -> None:
    """A chat of an iPhone."""
    with path.open("w") as file:
        for n, text in enumerate(texts):
            time = _EPOCH + timedelta(seconds=_START + n)
            file.write(f"[{time:%d.%m.%y, %H:%M:%S}] Person {n % 9}: {text}\n")


def telegram(path: Path, texts: Iterable[str]) -> None:
    """One chat."""
    entries = (
        {"id": n, "type": "message", "date_unixtime": str(_START + n), "from": f"P{n % 9}", "from_id": f"user{n % 9}",
         "text": text}
        for n, text in enumerate(texts)
    )  # fmt: skip
    _write_items(path, '{"name": "Crew", "type": "private_group", "id": 7, "messages": [', entries, "]}")


def messenger(path: Path, texts: Iterable[str]) -> None:
    """One thread."""
    entries = (
        {"sender_name": f"P{n % 9}", "timestamp_ms": (_START + n) * 1000, "content": t} for n, t in enumerate(texts)
    )
    _write_items(path, '{"participants": [{"name": "P1"}], "title": "Crew", "messages": [', entries, "]}")


def discord(path: Path, texts: Iterable[str]) -> None:
    """One channel of DiscordChatExporter."""
    entries = (
        {"id": str(n), "type": "Default", "timestamp": _iso(n), "content": text,
         "author": {"id": str(n % 9), "name": f"P{n % 9}"}}
        for n, text in enumerate(texts)
    )  # fmt: skip
    _write_items(path, '{"guild": {"id": "1", "name": "G"}, "channel": {"id": "2"}, "messages": [', entries, "]}")


def mattermost(path: Path, texts: Iterable[str]) -> None:
    """One channel."""

    def rows() -> Iterator[dict[str, Any]]:
        yield {"type": "version", "version": 1}
        for n, text in enumerate(texts):
            post = {"team": "t", "channel": "c", "user": f"u{n % 9}", "message": text, "create_at": (_START + n) * 1000}
            yield {"type": "post", "post": post}

    _write_lines(path, rows())


def matrix(path: Path, texts: Iterable[str]) -> None:
    """One room."""
    entries = (
        {"type": "m.room.message", "sender": f"@p{n % 9}:x", "event_id": f"${n}", "room_id": "!r:x",
         "origin_server_ts": (_START + n) * 1000, "content": {"msgtype": "m.text", "body": text}}
        for n, text in enumerate(texts)
    )  # fmt: skip
    _write_items(path, '{"room_name": "Crew", "room_creator": "P1", "messages": [', entries, "]}")


def irc(path: Path, texts: Iterable[str]) -> None:
    """A log of WeeChat."""
    with path.open("w") as file:
        for n, text in enumerate(texts):
            file.write(f"{_EPOCH + timedelta(seconds=_START + n):%Y-%m-%d %H:%M:%S}\tperson{n % 9}\t{text}\n")


def teams(path: Path, texts: Iterable[str]) -> None:
    """One chat."""
    entries = (
        {"id": str(n + 1), "messageType": "message", "createdDateTime": _iso(n), "chatId": "19:c@thread.v2",
         "from": {"user": {"id": f"u{n % 9}", "displayName": f"P{n % 9}"}},
         "body": {"contentType": "html", "content": f"<p>{text}</p>"}}
        for n, text in enumerate(texts)
    )  # fmt: skip
    _write_items(path, '{"value": [', entries, "]}")


def signal(path: Path, texts: Iterable[str]) -> None:
    """One chat."""

    def rows() -> Iterator[dict[str, Any]]:
        yield {"version": "1", "backupTimeMs": str(_START * 1000)}
        yield {"recipient": {"id": "2", "contact": {"aci": "ERERERERQRGBEREREREREQ==", "systemGivenName": "Olli"}}}
        yield {"chat": {"id": "10", "recipientId": "2"}}
        for n, text in enumerate(texts):
            said = {"standardMessage": {"text": {"body": text}}, "incoming": {}}
            yield {"chatItem": {"chatId": "10", "authorId": "2", "dateSent": str((_START + n) * 1000), **said}}

    _write_lines(path, rows())


def google_chat(path: Path, texts: Iterable[str]) -> None:
    """One space in a Takeout."""
    folder = path / "Takeout/Google Chat/Groups/Space AAQA"
    folder.mkdir(parents=True)
    (folder / "group_info.json").write_text('{"name": "Crew"}')
    entries = (
        {"creator": {"name": f"P{n % 9}", "email": f"p{n % 9}@x.example"}, "text": text, "topic_id": f"T{n}",
         "created_date": f"{_EPOCH + timedelta(seconds=_START + n):%A, %B %d, %Y at %I:%M:%S %p} UTC",
         "message_id": f"AAQA/T{n}/T{n}"}
        for n, text in enumerate(texts)
    )  # fmt: skip
    _write_items(folder / "messages.json", '{"messages": [', entries, "]}")


def skype(path: Path, texts: Iterable[str]) -> None:
    """One conversation."""
    entries = (
        {"id": str((_START + n) * 1000), "originalarrivaltime": _iso(n), "messagetype": "Text", "content": text,
         "from": f"8:live:p{n % 9}"}
        for n, text in enumerate(texts)
    )  # fmt: skip
    before = '{"userId": "8:live:p1", "conversations": [{"id": "19:c@thread.skype", "MessageList": ['
    _write_items(path, before, entries, "]}]}")


def zulip(path: Path, texts: Iterable[str]) -> None:
    """One stream, a thousand messages in a file."""
    realm = {
        "zerver_realm": [{"id": 2, "name": "Harbour"}],
        "zerver_userprofile": [{"id": n, "full_name": f"P{n}", "email": f"p{n}@x.example"} for n in range(9)],
        "zerver_stream": [{"id": 5, "name": "crew", "recipient": 50}],
        "zerver_recipient": [{"id": 50, "type": 2, "type_id": 5}],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("realm.json", json.dumps(realm))
        for part, found in _parts(texts, 1000):
            rows = [
                {"id": n, "sender": n % 9, "recipient": 50, "subject": "x", "content": text, "date_sent": _START + n}
                for n, text in found
            ]
            archive.writestr(f"messages-{part + 1:06}.json", json.dumps({"zerver_message": rows}))


def imessage(path: Path, texts: Iterable[str]) -> None:
    """One chat of a Mac."""
    with closing(sqlite3.connect(path)) as con, con:
        con.executescript(
            "CREATE TABLE message(ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, date INTEGER, handle_id INTEGER,"
            " is_from_me INTEGER); CREATE TABLE handle(ROWID INTEGER PRIMARY KEY, id TEXT);"
            "CREATE TABLE chat(ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT, style INTEGER,"
            " display_name TEXT); CREATE TABLE chat_message_join(chat_id INTEGER, message_id INTEGER);"
            "CREATE TABLE attachment(ROWID INTEGER PRIMARY KEY);"
            "CREATE TABLE message_attachment_join(message_id INTEGER, attachment_id INTEGER);"
            "INSERT INTO handle VALUES(1, '+491700'); INSERT INTO chat VALUES(1, 'g', '+491700', 45, '');"
        )
        con.executemany(
            "INSERT INTO message VALUES(?, ?, ?, ?, 1, 0)",
            ((n + 1, f"g{n}", text, (_START + n - _APPLE) * 10**9) for n, text in enumerate(texts)),
        )
        con.execute("INSERT INTO chat_message_join SELECT 1, ROWID FROM message")


FORMS: Final[dict[str, Write]] = {
    write.__name__: write
    for write in (
        json_lines, chat, slack, mbox, maildir, whatsapp, telegram, messenger, discord, signal, google_chat, skype,
        zulip, mattermost, matrix, irc, teams, imessage,
    )
}  # fmt: skip
"""How an archive of each format is written."""
