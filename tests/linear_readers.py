"""Everything that reads foreign text, as functions of one text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dragoman.archives import Notes, ReadOptions
from dragoman.archives.json_mending import mend
from dragoman.archives.mail.mapping import author_of
from dragoman.archives.months import parse_date_words
from dragoman.archives.recognition import recognition
from dragoman.archives.registry import format_of
from dragoman.archives.signal.saved_chats import _FILE as SAVED_FILE
from dragoman.archives.sources import open_path
from dragoman.core.folding import fold
from dragoman.core.html_text import to_text
from dragoman.core.mail import read_mail
from dragoman.core.mail.calendar import describe_calendar
from dragoman.core.mail.encoded_words import decode_words
from dragoman.core.mail.flowed import unwrap
from dragoman.core.mail.headers import parse_addresses, parse_ids, parse_parameters
from dragoman.core.mail.quotes import without_quotes
from dragoman.core.mail.subject import base_subject
from dragoman.core.mail.transfer import decode_transfer
from dragoman.core.model import Author, Conversation, Hit, Message
from dragoman.core.query_parser import parse_query
from dragoman.core.references import encode, parse
from dragoman.core.safe_text import quote, sentence
from dragoman.core.sanitize import clean, clean_aligned, clean_line, clean_name
from dragoman.core.slack.mrkdwn import decode_entities
from dragoman.providers.base.sent_message_match import words
from dragoman.providers.convore import mapping as convore
from dragoman.providers.convore import wire as convore_wire
from dragoman.providers.convore.reading import with_parents
from dragoman.providers.datagrid import mapping as datagrid
from dragoman.providers.datagrid import wire as datagrid_wire
from dragoman.providers.glean.chat import mapping as glean_chat
from dragoman.providers.glean.mapping import chat_wire
from dragoman.providers.glean.mapping import mapping as glean
from dragoman.providers.glean.mapping import wire as glean_wire
from dragoman.providers.kit.wire import visible
from dragoman.providers.mail.compose import reply_subject
from dragoman.providers.yandex import mapping as yandex
from dragoman.providers.yandex._proto import threads_pb2
from dragoman.rendering import PreviewView, question
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import clip, measure, take
from dragoman.rendering.content.highlights import highlighted_excerpt
from dragoman.rendering.plain.header import aside
from dragoman.store.excerpt import excerpt
from dragoman.store.index_terms import body, holds_link, joined_parts, parts
from dragoman.toolset.policy import hosts, mass_mentions
from dragoman.toolset.policy.text_readings import readings
from dragoman.transport.error_mapping import quoted
from dragoman_server.runtime.log import redact

HERE = Conversation(id="c", account="local")
ROOM = TokenShares(3000, 3000, 375, 1000)


def shown(text: str) -> object:
    message = Message(id="m", conversation="c", author=Author(name=text), sent_at=None, text=text, subject=text)
    return question(PreviewView(conversation=HERE, verb="send", service="local", message=message), UTC)


def searched(text: str) -> object:
    found = parse_query("b* a")
    return excerpt(text, [term for group in found.expression.wanted for term in group], 240)


def highlighted(text: str) -> object:
    """As many highlights as a service may give, each of one character."""
    message = Message(id="m", conversation="c", author=Author(name="Ann"), sent_at=None, text=text)
    highlights = tuple((place, place + 1) for place in range(0, len(text), 16))
    return highlighted_excerpt(Hit(message=message, highlights=highlights), "1", 10**9, str)


def mail(text: str) -> object:
    """A mail with the text in its head, its HTML and its plain text."""
    head = f"From: {text}\nSubject: {text}\nDate: {text}\nReferences: {text}\nReceived: {text}\n".replace("\n\n", "\n")
    body = f'\n--x\nContent-Type: text/html\n\n<p style="{text}">{text}</p>\n--x\n\n{text}\n--x--\n'
    kind = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
    found = read_mail((kind + head + body).encode("utf-8", "replace").splitlines(keepends=True))
    return found.text, found.author, found.kind, found.references, found.headers.date(), author_of(found)


def of_convore(text: str) -> object:
    address = {"name": text, "handle": {"type": "EMAIL", "value": text}}
    common = {"id": "m", "conversation_id": "c", "subject": text, "sender": address, "recipients": [address]}
    bodies = [{"text_body": text}, {"body": text}, {"raw_body": text}, {"snippet": text}]
    messages = [convore_wire.Message.model_validate({**common, **body}) for body in bodies]
    return with_parents([convore.to_message(one, "c") for one in messages], lambda _: None, whole=True)


def of_datagrid(text: str) -> object:
    events = [{"type": "transcript", "text": text, "role": text, "citations": [{"citation": text}]}]
    part = {"type": "voice", "timeline_events": events}
    content = [{"type": "text", "text": text}, part, {"type": text, "an_id": text}]
    found = {"id": "m", "role": text, "content": content, "citations": [{"citation": text, "sources": [{}]}]}
    return datagrid.to_message(datagrid_wire.Message.model_validate(found), "c")


def of_glean(text: str) -> object:
    people = [{"name": text, "obfuscatedId": text}]
    facts = {"container": text, "interactions": {"reactions": text.split()}, "mentionedPeople": people}
    document = {"id": "d", "url": text, "content": {"fullTextList": [text]}, "metadata": facts}
    snippet = {"snippet": text, "mimeType": "text/html"}
    results = [{"document": document}, {"url": text, "snippets": [snippet]}]
    return [glean.to_message(glean_wire.Result.model_validate(one), "c") for one in results]


def of_glean_chat(text: str) -> object:
    said = {"messageType": "CONTENT", "author": "USER", "fragments": [{"text": text}] * 9}
    chat = chat_wire.Chat.model_validate({"id": "c", "messages": [said, {**said, "messageId": text}]})
    return glean_chat.to_messages(chat, "c")


def of_yandex(text: str) -> object:
    message = threads_pb2.Message(id="m", labels={"a": text})
    text = text.encode("utf-8", "replace").decode()
    message.author.role = text
    for _ in range(3):
        message.content.content.add().text.content = text
    return yandex.message_of(message, "c")


def in_archive(format_name: str, build: Callable[[str], Mapping[str, object]], text: str) -> object:
    """A whole archive with the text in it, through its reader."""
    with TemporaryDirectory() as folder:
        for path, content in build(text).items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            plain = content if isinstance(content, str) else json.dumps(content)
            file.write_text(plain, encoding="utf-8", errors="replace", newline="")
        notes = Notes()
        with recognition((format_of(format_name),), notes) as found:
            found.add(open_path(Path(folder), notes, found.progress))
            items = [
                item for one in found.results() for item in one.format.read(one.source, ReadOptions())
            ]  # fmt: skip
        assert any(isinstance(item, Message) for item in items)
        return items


def slack(text: str) -> dict[str, object]:
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}],
    }
    card = {"title": text, "title_link": text, "text": text, "fields": [{"title": text, "value": text}]}
    unfurl = {"is_msg_unfurl": True, "author_name": text, "text": text}
    entries = [
        {"type": "message", "user": "U1", "ts": "1773136800.000001", "text": text, "attachments": [card, unfurl]},
        {"type": "message", "user": "U1", "ts": "1773136800.000002", "blocks": [rich]},
    ]
    users = [{"id": "U1", "name": text, "profile": {"real_name": text}}]
    channels = [{"id": "C1", "name": "room", "members": ["U1"]}]
    return {"users.json": users, "channels.json": channels, "room/2026-03-10.json": entries}


def discord(text: str) -> dict[str, object]:
    person = {"id": "1", "name": text, "nickname": text}
    card = {"title": text, "description": text, "fields": [{"name": text, "value": text}]}
    message = {
        "id": "9", "type": "Default", "timestamp": "2026-03-10T09:58:00+00:00", "content": text, "author": person,
        "mentions": [person], "embeds": [card], "attachments": [{"id": "1", "url": text, "fileName": text}],
    }  # fmt: skip
    channel = {"id": "7", "type": "GuildTextChat", "name": "room", "topic": text}
    export = {"guild": {"id": "5", "name": "Harbour"}, "channel": channel, "exportedAt": "x", "messages": [message]}
    return {"Harbour - room [7].json": export}


def telegram(text: str) -> dict[str, object]:
    pieces = [text, {"type": "text_link", "text": text, "href": text + "x"}, {"type": "pre", "text": text}]
    message = {
        "id": 1, "type": "message", "date": "2026-03-10T09:58:00", "date_unixtime": "1773136800", "from": text,
        "from_id": "user1", "text": pieces, "poll": {"question": text, "answers": [{"text": text, "voters": 1}]},
    }  # fmt: skip
    return {"result.json": {"name": "room", "type": "private_group", "id": 3, "messages": [message]}}


def messenger(text: str) -> dict[str, object]:
    said = {"sender_name": text, "timestamp_ms": 1773136800000, "content": text, "share": {"link": text + "y"}}
    chat = {"participants": [{"name": text}], "messages": [said], "title": "room", "thread_path": "inbox/room_1"}
    return {"messages/inbox/room_1/message_1.json": chat}


def chat_export(text: str) -> dict[str, object]:
    said = {"id": "1", "at": "2026-03-10T09:58:00Z", "author": "u1", "text": text, "edits": [{"text": text}]}
    room = {"id": "r", "name": "room", "kind": "channel", "topic": text, "members": ["u1"], "messages": [said]}
    return {"export.json": {"people": [{"id": "u1", "name": text}], "conversations": [room]}}


def json_lines(text: str) -> dict[str, object]:
    said = {"conversation": "r", "id": "1", "author": "Ann", "sent_at": "2026-03-10T09:58:00Z", "text": text}
    return {"messages.jsonl": json.dumps(said) + "\n" + json.dumps({**said, "id": "2", "text": "b"}) + "\n"}


def whatsapp(text: str) -> dict[str, object]:
    lines = [f"[10.03.26, 09:5{n}:01] Ann: {words}" for n, words in enumerate(["hi", text, "\u200e" + text])]
    named = f"[10.03.26, 09:58:01] {text}: hi"
    return {"WhatsApp Chat with Relay.txt": "\n".join([*lines, named, f"[10.03.26, 09:58:01] {text}"])}


ARCHIVES = {
    "slack": slack,
    "discord": discord,
    "telegram": telegram,
    "messenger": messenger,
    "chat": chat_export,
    "jsonl": json_lines,
    "whatsapp": whatsapp,
}
READERS: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "clean_line": partial(clean_line, limit=10**9),
    "clean_name": clean_name,
    "sentence": lambda text: sentence("{} {!r}", text, text),
    "quote": partial(quote, limit=10**9),
    "service words": quoted,
    "measure": measure,
    "clip": lambda text: clip(text, 500),
    "take": lambda text: take(text, 0, 500, str),
    "aside": lambda text: aside(text, ROOM),
    "preview": shown,
    "excerpt": searched,
    "body": body,
    "parts": parts,
    "joined parts": joined_parts,
    "holds_link": holds_link,
    "fold": fold,
    "links": hosts,
    "mentions": mass_mentions,
    "readings": readings,
    "encode": encode,
    "parse": parse,
    "same text": words,
    "html": to_text,
    "invisible": visible,
    "mail quotes": partial(without_quotes, is_answer=True),
    "flowed": partial(unwrap, delete_space=True),
    "encoded words": decode_words,
    "addresses": parse_addresses,
    "message ids": parse_ids,
    "parameters": parse_parameters,
    "broken JSON": mend,
    "HTML style": lambda text: to_text(f'<p style="{text}">x</p>'),
    "HTML link": lambda text: to_text(f'<a href="{text}">{text}</a>'),
    "quoted-printable": lambda text: decode_transfer(text.encode("utf-8", "replace"), "quoted-printable"),
    "base64": lambda text: decode_transfer(text.encode("utf-8", "replace"), "base64"),
    "calendar": lambda text: describe_calendar(f"BEGIN:VEVENT\nSUMMARY:{text}\nEND:VEVENT"),
    "subject": base_subject,
    "date in words": parse_date_words,
    "subject of a reply": lambda text: reply_subject(f"aw{text}"),
    "files of a saved chat": lambda text: SAVED_FILE.sub("", text),
    "subject of an answer": lambda text: base_subject(f"Re{text}"),
    "mail": mail,
    "entities": decode_entities,
    "log": redact,
    "highlights": highlighted,
    "aligned": clean_aligned,
    "convore": of_convore,
    "datagrid": of_datagrid,
    "glean": of_glean,
    "glean chat": of_glean_chat,
    "yandex": of_yandex,
    **{name: partial(in_archive, name, build) for name, build in ARCHIVES.items()},
}
