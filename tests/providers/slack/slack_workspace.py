"""The strict Slack on a port of this machine, for tests of whole accounts and servers."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.resources import files

from slack_service import BOT, USER, Slack

from dragoman.core.model import Author, AuthorKind, ConversationKind, Message
from dragoman.core.times import parse_time
from dragoman.providers.slack import SlackSettings
from dragoman.testing import FakeHttpService, Reply, Seeded, Service

NAMES = {"👍": "+1", "🎉": "tada"}


class Workspace(FakeHttpService, Service):
    """A workspace of its own for each test."""

    def __init__(self, slack=None):
        self.slack = slack or Slack(is_bot=False, own_only=False)
        super().__init__(BOT if self.slack.is_bot else USER)
        self.address = ""
        self._rooms = {}

    @property
    def settings(self):
        return SlackSettings(token=self.token, base_url=f"{self.address}/api")

    def answer(self, request):
        assert request.route[:2] == ("POST", "api")
        method, headers = request.route[2], {"x-oauth-scopes": self.slack.scopes}
        answer = self.slack.before(method, request.body) if self.slack.before else None
        return answer or Reply(self.slack.call(method, request.body), headers=headers)

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
        return Author(id=id_, name=author.name, kind=author.kind, aliases=(author.id,))


@contextmanager
def account_of(slack, **settings):
    """The settings of an account on a workspace, for a whole server."""
    workspace = Workspace(slack)
    with workspace.serve() as address:
        yield {"provider": "slack", "base_url": f"{address}/api", "token": workspace.token, **settings}


def corpus(name, count=None):
    """A workspace with a channel of the invented team chat in Slack's form, and the bare lines of its messages."""
    chat = json.loads((files("dragoman") / "archives" / "samples" / "team_chat.json").read_text("utf-8"))
    [room] = [one for one in chat["conversations"] if one["name"] == name]
    slack, ids, lines = Slack(), {}, []
    table = (files("dragoman.core") / "emoji_names.txt").read_text("utf-8").splitlines()[1:]
    short = {emoji: name for name, emoji in map(str.split, table)}
    slack.open("C0CORPUS01", name=name, topic={"value": room["topic"]})
    people = {one["id"]: f"U0{one['id'].removeprefix('p-').removeprefix('b-').upper():0>7}" for one in chat["people"]}
    for one in chat["people"]:
        profile = {"real_name": one["name"], "email": one.get("email", "")}
        slack.add_user(
            {"id": people[one["id"]], "name": one["handle"], "profile": profile, "is_bot": one["kind"] == "bot"}
        )
    for number, one in enumerate(it for it in room["messages"][-(count or 1000) :] if "deleted_at" not in it):
        at = datetime.fromisoformat(one["at"])
        ids[one["id"]] = ts = f"{int(at.timestamp())}.{number:06d}"
        members = {"user": people[one["author"]], "text": _markup(one["text"], people)}
        if one.get("reactions"):
            members["reactions"] = [
                {"name": short[it["emoji"]], "count": len(it["by"]), "users": [people[by] for by in it["by"]]}
                for it in one["reactions"]
            ]
        if one.get("attachments"):
            members["files"] = [
                {"id": it["id"], "name": it["name"], "mimetype": it["mime"], "size": it["size"], "mode": "hosted"}
                for it in one["attachments"]
            ]
        if one.get("edited_at"):
            members["edited"] = {"user": members["user"], "ts": f"{int(at.timestamp()) + 60}.000000"}
        root = ids.get(one.get("thread"))
        slack.add("C0CORPUS01", at=ts, root=root if root != ts else None, **members)
        lines.append(f"{slack.users[members['user']]['profile']['real_name']}: {one['text']}")
    return slack, "\n".join(lines)


def _markup(text, people):
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for known, id_ in people.items():
        text = text.replace(f"&lt;@{known}&gt;", f"<@{id_}>")
    return text
