"""What the tests of the forms share: the real chat, hostile values, and a strict reader of the text form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import pytest

from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Conversation,
    ConversationKind,
    Edit,
    Message,
    Reaction,
)

KINDS = {"channel": ConversationKind.CHANNEL, "dm": ConversationKind.DIRECT, "group": ConversationKind.GROUP}

MESSAGE_LINE = re.compile(
    r"(?P<reply>>?)(?P<called>\S+) (?:re (?P<parent>\S+) )?(?:(?P<date>\d{4}-\d\d-\d\d) )?(?P<time>\d\d:\d\d|--:--) "
    r"(?P<name>[^\[\](){}:]+?)(?P<kind> \((?:bot|system|you)\))?(?: \[(?P<marks>[^\[\]]+)\])?:(?: (?P<text>.*))?"
)
DAY_LINE = re.compile(r"== \d{4}-\d\d-\d\d")
GROUP_LINE = re.compile(r"# .+")
SERVER_LINE = re.compile(r"(?:-- [a-z]|! ).+")


@dataclass
class Line:
    called: str
    reply: bool
    parent: str | None
    date: str | None
    time: str
    name: str
    marks: list[str]
    text: str


@dataclass
class Page:
    header: str
    messages: list[Line]
    others: list[str]

    @property
    def called(self) -> list[str]:
        return [line.called for line in self.messages]


def read(text: str) -> Page:
    header, *lines = text.split("\n")
    page = Page(header, [], [])
    for line in lines:
        if line.startswith(" "):
            page.messages[-1].text += "\n" + line[1:]
        elif DAY_LINE.fullmatch(line) or GROUP_LINE.fullmatch(line) or SERVER_LINE.fullmatch(line):
            page.others.append(line)
        else:
            found = MESSAGE_LINE.fullmatch(line)
            assert found, f"no line of ours begins like this: {line!r}"
            marks = found["marks"].split("; ") if found["marks"] else []
            page.messages.append(
                Line(
                    called=found["called"],
                    reply=bool(found["reply"]),
                    parent=found["parent"],
                    date=found["date"],
                    time=found["time"],
                    name=found["name"] + (found["kind"] or ""),
                    marks=marks,
                    text=found["text"] or "",
                )
            )
    return page


@pytest.fixture(scope="session")
def read_page():
    return read


@pytest.fixture(scope="session")
def corpus():
    """The chat: conversation id -> (conversation, its visible messages, numbered from 100 on)."""
    return load_corpus()


def load_corpus():
    chat = json.loads(files("dragoman").joinpath("archives/samples/team_chat.json").read_text("utf-8"))
    people = {person["id"]: person for person in chat["people"]}
    loaded = {}
    number = 100
    for one in chat["conversations"]:
        numbers = {message["id"]: number + place for place, message in enumerate(one["messages"])}
        number += len(one["messages"])
        messages = [
            _message(message, one["id"], people, numbers) for message in one["messages"] if "deleted_at" not in message
        ]
        conversation = Conversation(
            id=one["id"],
            title=one["name"] or "",
            kind=KINDS[one["kind"]],
            participants=tuple(people[member]["name"] for member in one["members"]),
            messages=len(messages),
            last_message_at=messages[-1].sent_at,
            account="local",
        )
        loaded[one["id"]] = (conversation, messages)
    return loaded


def _message(given, conversation, people, numbers):
    author = people[given["author"]]
    kind = AuthorKind.SYSTEM if given.get("kind") == "join" else AuthorKind(author["kind"])
    return Message(
        id=given["id"],
        conversation=conversation,
        account="local",
        number=numbers[given["id"]],
        author=Author(id=author["id"], name=author["name"], email=author["email"], kind=kind),
        sent_at=datetime.fromisoformat(given["at"]),
        text=re.sub(r"<@([\w-]+)>", lambda found: "@" + people[found[1]]["name"], given["text"]),
        reply_to=given.get("thread"),
        reply_to_number=numbers.get(given.get("thread")),
        edited_at=datetime.fromisoformat(given["edited_at"]) if "edited_at" in given else None,
        labels=("pinned",) if given.get("pinned") else (),
        reactions=tuple(
            Reaction(emoji=one["emoji"], count=len(one["by"]), by=tuple(people[by]["name"] for by in one["by"]))
            for one in given.get("reactions", ())
        ),
        attachments=tuple(
            Attachment(id=one["id"], name=one["name"], media_type=one["mime"], size=one["size"])
            for one in given.get("attachments", ())
        ),
        history=tuple(Edit(text=one["text"], at=datetime.fromisoformat(one["at"])) for one in given.get("edits", ())),
    )
