"""The provider keeps the promises of every provider."""

from dataclasses import replace
from typing import ClassVar

import pytest
from slack_service import BEGINNING, USER, Slack

from dragoman.core.model import Author, AuthorKind, ConversationKind, Message
from dragoman.providers.kit.times import parse_time
from dragoman.providers.slack import SlackProvider, SlackSettings
from dragoman.testing import FakeHttpService, ProviderContract, Reply, Seeded, Service, Trait

NAMES = {"👍": "+1", "🎉": "tada"}


class Workspace(FakeHttpService, Service):
    """A workspace of its own for each test."""

    def __init__(self):
        super().__init__(USER)
        self.slack = Slack(is_bot=False, own_only=False)
        self.address = ""
        self._rooms = {}

    @property
    def settings(self):
        return SlackSettings(token=self.token, base_url=f"{self.address}/api")

    def answer(self, request):
        assert request.route[:2] == ("POST", "api")
        return Reply(self.slack.call(request.route[2], request.body), headers={"x-oauth-scopes": self.slack.scopes})

    async def seed(self, conversation, messages):
        id_ = self._rooms.setdefault(conversation.id, f"C0{len(self._rooms):08d}")
        if id_ not in self.slack.rooms:
            self.slack.open(id_, name=conversation.title)
        kept, ids = [], {}
        for message in messages:
            kept.append(self._add(id_, message, ids))
            ids[message.id] = kept[-1].id
        room = replace(conversation, id=id_, kind=ConversationKind.CHANNEL)
        return Seeded(room, tuple(kept))

    def _add(self, room, message, ids):
        author = self._author(message.author)
        root = ids.get(message.reply_to)
        answered = next((one for one in self.slack.messages[room] if one["ts"] == root), {})
        root = answered.get("thread_ts", root)
        ts = self._free(room, message)
        members = {"reactions": [], "files": []}
        for one in message.reactions:
            members["reactions"].append({"name": NAMES[one.emoji], "count": one.count, "users": []})
        for one in message.attachments:
            file = {"id": "F1", "name": one.name, "mimetype": one.media_type, "size": one.size, "mode": "hosted"}
            members["files"].append(file)
        members = {key: value for key, value in members.items() if value}
        self.slack.add(room, message.text, at=ts, root=root, user=author.id, **members)
        return Message(
            id=ts,
            conversation=room,
            author=author,
            sent_at=parse_time(ts),
            text=message.text,
            reply_to=root,
            reactions=message.reactions,
            attachments=message.attachments,
        )

    def _free(self, room, message):
        at = int(message.sent_at.timestamp())
        taken = {one["ts"] for one in self.slack.messages[room]}
        return next(ts for n in range(1000) if (ts := f"{at}.{n:06d}") not in taken)

    def _author(self, author):
        id_ = f"U0{author.id.upper():0>6}"
        is_bot = author.kind is AuthorKind.BOT
        profile = {"real_name": author.name, "email": ""}
        self.slack.add_user({"id": id_, "team_id": "T01ACME9", "name": author.id, "profile": profile, "is_bot": is_bot})
        return Author(id=id_, name=author.name, kind=author.kind)


@pytest.mark.usefixtures("waits")
class TestSlack(ProviderContract):
    provider = SlackProvider
    missing: ClassVar = ("C0MISSING1", f"{BEGINNING}.999999")
    long: ClassVar = 12_000
    exempt: ClassVar = {
        Trait.VERBATIM: "Slack stores what it makes of Markdown, and not the Markdown.",
        Trait.SUBJECTS: "Messages of Slack have no subject.",
        Trait.LABELS: "Messages of Slack have no labels.",
    }

    @pytest.fixture
    def service(self):
        workspace = Workspace()
        with workspace.serve() as workspace.address:
            yield workspace
