"""A Slack in memory that is strict about everything it gets and keeps a journal."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
from slack_arguments import (
    ARGUMENTS,
    BEGINNING,
    BOT,
    SCOPES,
    URL,
    USER,
    WRITES,
    _inside,
    _stored,
    encoded,
    failed,
    user,
)
from slack_searches import Searches

from dragoman.providers.slack import SlackProvider, SlackSettings
from dragoman.providers.slack.api import Api, client_of


@dataclass
class Slack(Searches):
    """The workspace.

    largest: most entries of a part; short: parts may be empty, and go on; own_only: others' messages stay as they are.
    """

    largest: int = 999
    short: bool = False
    own_only: bool = True
    is_bot: bool = True
    users: dict = field(default_factory=dict)
    rooms: dict = field(default_factory=dict)
    messages: dict = field(default_factory=dict)
    journal: list = field(default_factory=list)
    written: list = field(default_factory=list)
    before: object = None
    after: object = None
    scopes: str = SCOPES

    def __post_init__(self):
        self.add_user(user("U0DRAGOMN", "Dragoman", "dragoman", is_bot=self.is_bot))
        self.add_user(user("U01MARIAK", "Maria Koch", "maria"))
        self.add_user(user("U02OLEGSI", "Oleg Sidorov", "oleg"))
        self.add_user(user("U03GUEST1", "Gus Guest", "gus", is_restricted=True))
        self.add_user(user("U10NOORAH", "Noor Haddad", "noor") | {"team_id": "T99OTHER1", "is_stranger": True})
        self._ticks = 0

    # what there is

    def add_user(self, raw):
        self.users[raw["id"]] = raw

    def open(self, id_, **members):
        room = {"id": id_, "name": id_.lower(), "is_channel": True, "is_private": False, "created": BEGINNING}
        self.rooms[id_] = room | members
        self.messages.setdefault(id_, [])
        self.rooms[id_].setdefault("people", ["U0DRAGOMN", "U01MARIAK", "U02OLEGSI"])
        return self.rooms[id_]

    def add(self, room, said="Hi", *, at=None, root=None, **members):
        self._ticks += 1
        ts = at or f"{BEGINNING + self._ticks * 60}.{self._ticks:06d}"
        message = {"type": "message", "ts": ts, "text": encoded(said), "user": "U01MARIAK", "team": "T01ACME9"}
        message |= members | ({"thread_ts": root} if root else {})
        self.messages[room].append(message)
        self.messages[room].sort(key=lambda one: one["ts"])
        return ts

    def talk(self, room, count):
        self.open(room)
        return [self.add(room, f"number {number}") for number in range(count)]

    def calls(self, method):
        return [arguments for name, arguments in self.journal if name == method]

    # how it answers

    async def handle(self, raw):
        assert raw.method == "POST"
        assert not raw.url.query
        assert raw.headers["authorization"] == f"Bearer {BOT if self.is_bot else USER}"
        method = raw.url.path.removeprefix("/api/")
        kind, content = raw.headers["content-type"], (await raw.aread()).decode()
        if method in WRITES:
            assert kind == "application/json; charset=utf-8"
            arguments = json.loads(content)
        else:
            assert kind == "application/x-www-form-urlencoded"
            arguments = dict(parse_qsl(content, strict_parsing=bool(content)))
        answer = self.before(method, arguments) if self.before else None
        if answer is None:
            body = self.call(method, arguments)
            answer = httpx.Response(200, json=body, headers={"x-oauth-scopes": self.scopes, "x-slack-req-id": "r-1"})
            answer = (self.after(method, arguments) if self.after else None) or answer
        return answer

    def call(self, method, arguments):
        self.journal.append((method, arguments))
        assert method in ARGUMENTS, method
        assert arguments.keys() <= ARGUMENTS[method], (method, arguments)
        assert "xox" not in str(arguments)
        if "channel" in arguments and arguments["channel"] not in self.rooms:
            return failed("channel_not_found")
        return {"ok": True} | getattr(self, method.replace(".", "_"))(**arguments)

    def auth_test(self):
        own = {"bot_id": "B0DRAGOMN"} if self.is_bot else {}
        return {
            "url": "https://acme.slack.com/", "team": "Acme", "team_id": "T01ACME9", "user": "dragoman",
            "user_id": "U0DRAGOMN", "is_enterprise_install": False, **own,
        }  # fmt: skip

    def users_conversations(self, types, limit, cursor=None, **_):
        there = [one for one in self.rooms.values() if "U0DRAGOMN" in one["people"] and self._kind(one) in types]
        return self._part("channels", [self._room(one) for one in there], limit, cursor)

    def conversations_list(self, types, limit, cursor=None, **_):
        there = [one for one in self.rooms.values() if self._kind(one) in types.split(",")]
        return self._part("channels", [self._room(one) for one in there], limit, cursor)

    def conversations_info(self, channel, include_num_members="false"):
        room = self.rooms[channel]
        counted = {"num_members": len(room["people"])} if include_num_members == "true" else {}
        return {"channel": self._room(room) | counted}

    def conversations_members(self, channel, limit, cursor=None):
        return self._part("members", self.rooms[channel]["people"], limit, cursor)

    def conversations_open(self, users, prevent_creation="false"):
        known = next((one for one in self.rooms.values() if one.get("user") == users), None)
        if known is None and prevent_creation == "true":
            return failed("channel_not_found")
        if known is None:
            known = self.open(f"D0{users}", is_im=True, is_channel=False, user=users, people=["U0DRAGOMN", users])
        return {"channel": {"id": known["id"]}, "no_op": True}

    def conversations_history(self, channel, limit, cursor=None, **bounds):
        there = [
            one for one in self.messages[channel]
            if one.get("thread_ts", one["ts"]) == one["ts"] or one.get("subtype") == "thread_broadcast"
        ]  # fmt: skip
        if cursor is not None:
            there = [one for one in there if one["ts"] < cursor.removeprefix("again:")]
        return self._bounded([self._counted(channel, one) for one in there], int(limit), bounds, cursor)

    def conversations_replies(self, channel, ts, limit, cursor=None, **bounds):
        named = [one for one in self.messages[channel] if one["ts"] == ts]
        if not named or named[0].get("subtype") in {"channel_join", "channel_leave"}:
            return failed("thread_not_found")
        if named[0].get("thread_ts", ts) != ts:
            return {"messages": [self._shown(named[0], bounds)], "has_more": False}
        there = [one for one in self.messages[channel] if one["ts"] == ts or one.get("thread_ts") == ts]
        there = [self._counted(channel, one) for one in there if _inside(one["ts"], bounds)]
        start, size = int(cursor or 0), min(int(limit), self.largest)
        part = there[start : start + size]
        root = there[:1] if start and self.short else []
        onward = str(start + size) if start + size < len(there) else ""
        messages = [self._shown(one, bounds) for one in (*root, *part)]
        return {"messages": messages, "has_more": bool(onward), "response_metadata": {"next_cursor": onward}}

    def users_info(self, user):
        return {"user": self.users[user]} if user in self.users else failed("user_not_found")

    def users_list(self, limit, cursor=None, **_):
        return self._part("members", list(self.users.values()), limit, cursor)

    def files_info(self, file):
        return {"file": {"id": file, "name": "theirs.pdf", "mode": "hosted", "size": 7}}

    def usergroups_list(self, **_):
        return {"usergroups": [{"id": "S01ONCALL", "handle": "oncall", "name": "On call"}]}

    def bots_info(self, bot, **_):
        return {"bot": {"id": bot, "name": "Grafana"}} if bot == "B02ALERT01" else failed("bot_not_found")

    def chat_postMessage(  # noqa: N802 - Slack's name
        self, channel, markdown_text, unfurl_links, unfurl_media, thread_ts=None, metadata=None
    ):
        assert (unfurl_links, unfurl_media) == (False, False)
        assert metadata is None or metadata["event_payload"].keys() == {"key"}
        if not markdown_text.strip():
            return failed("no_text")
        if len(markdown_text) > 12_000:
            return failed("msg_too_long")
        known = any(one["ts"] == thread_ts for one in self.messages[channel])
        last = max((one["ts"] for room in self.messages.values() for one in room), default=f"{BEGINNING}.000000")
        self._ticks += 1
        ts = f"{int(last[:10]) + 1}.{self._ticks:06d}"
        own = {"user": "U0DRAGOMN", "bot_id": "B0DRAGOMN"} if self.is_bot else {"user": "U0DRAGOMN"}
        members = own | _stored(markdown_text) | {"metadata": metadata}
        self.add(channel, at=ts, root=thread_ts if known else None, **members)
        self.written.append(markdown_text)
        message = next(one for one in self.messages[channel] if one["ts"] == ts)
        return {"channel": channel, "ts": ts, "message": self._shown(message, {})}

    def chat_update(self, channel, ts, markdown_text):
        found = [one for one in self.messages[channel] if one["ts"] == ts]
        if not found:
            return failed("message_not_found")
        if self.own_only and found[0]["user"] != "U0DRAGOMN":
            return failed("cant_update_message")
        self._ticks += 1
        found[0].update(_stored(markdown_text), edited={"user": "U0DRAGOMN", "ts": f"{BEGINNING + 10**6}.000000"})
        self.written.append(markdown_text)
        shown = {key: value for key, value in found[0].items() if key not in {"ts", "metadata"}}
        return {"channel": channel, "ts": ts, "text": found[0]["text"], "message": shown}

    def _kind(self, room):
        if room.get("is_im"):
            return "im"
        if room.get("is_mpim"):
            return "mpim"
        return "private_channel" if room["is_private"] else "public_channel"

    def _room(self, room):
        return {key: value for key, value in room.items() if key != "people"}

    def _part(self, name, entries, limit, cursor):
        assert 1 <= int(limit) <= 999
        if self.short and not cursor:
            return {name: [], "response_metadata": {"next_cursor": "at:0"}}
        start = int((cursor or "at:0").removeprefix("at:"))
        end = start + min(int(limit), self.largest)
        onward = f"at:{end}" if end < len(entries) else ""
        return {name: entries[start:end], "response_metadata": {"next_cursor": onward}}

    def _counted(self, room, one):
        replies = [it for it in self.messages[room] if it.get("thread_ts") == one["ts"] != it["ts"]]
        if not replies:
            return one
        return one | {"thread_ts": one["ts"], "reply_count": len(replies), "latest_reply": replies[-1]["ts"]}

    def _bounded(self, there, limit, bounds, cursor):
        there = [one for one in there if _inside(one["ts"], bounds)]
        if self.short and cursor is None and there and "latest" in bounds:
            last = f"{int(there[-1]['ts'][:10]) + 1}.000000"
            return {"messages": [], "has_more": True, "response_metadata": {"next_cursor": f"again:{last}"}}
        size = min(limit, self.largest)
        forward = "oldest" in bounds and "latest" not in bounds
        part = there[:size] if forward else there[-size:]
        more = len(part) < len(there)
        onward = part[0]["ts"] if more and not forward else ""
        messages = [self._shown(one, bounds) for one in reversed(part)]
        return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": onward}}

    def _shown(self, one, bounds):
        hidden = set() if bounds.get("include_all_metadata") == "true" else {"metadata"}
        return {key: value for key, value in one.items() if key not in hidden}


@asynccontextmanager
async def opened(service, **settings):
    own = SlackSettings(token=BOT if service.is_bot else USER, base_url=URL, **settings)
    async with client_of(own, transport=httpx.MockTransport(service.handle)) as client:
        yield SlackProvider(own, Api(client, own))
