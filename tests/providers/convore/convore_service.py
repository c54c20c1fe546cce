"""A Convore in memory that is strict about everything it gets and keeps a journal."""

import html
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote
from zlib import crc32

import httpx
from convore_contract import parameters_of, wrong_with
from http_loopback import Request

from dragoman.providers.convore import ConvoreProvider, ConvoreSettings
from dragoman.providers.convore.api import Api, client_of

KEY = "ck_test_key"
URL = "https://convore.example"
CHANNEL = "chnnl_1"
BEGINNING = datetime(2024, 3, 5, 9, tzinfo=UTC)
HEADERS = {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
HEADERS |= {"user-agent"}
OWN = {"type": "email", "value": "support@acme.example"}
ANN = {"handle": {"type": "email", "value": "ann@example.com"}, "name": "Ann Lee"}


@dataclass
class Convore:
    order: str = "newest"  # newest, oldest, recorded (when Convore made its record), shuffled
    cursors: str = "offset"  # offset, anchor
    last: str = "absent"  # how the last page says so: absent, null
    gaps: bool = False  # pages may be empty and go on
    largest: int = 100
    counts: bool = True
    channel: dict = field(default_factory=lambda: channel("convore_mail", OWN))
    conversations: dict = field(default_factory=dict)
    messages: list = field(default_factory=list)
    events: list = field(default_factory=list)
    journal: list = field(default_factory=list)
    written: list = field(default_factory=list)
    before: object = None  # takes a request; what it returns or raises comes instead of an answer
    after: object = None  # takes a request and its answer; what it returns or raises comes instead of that

    # what a test puts in

    def open(self, identifier, subject=None, **members):
        made = {"id": identifier, "channel_id": CHANNEL, "status": "open", "priority": "no_priority", "labels": []}
        made |= {"participants": [], "created_at": iso(BEGINNING)} | ({"subject": subject} if subject else {})
        self.conversations.setdefault(identifier, made | members)
        return self.conversations[identifier]

    def add(self, conversation, body="", *, sender=ANN, identifier=None, date=None, to=None, **members):
        room = self.open(conversation)
        number = len(self.messages) + 1
        message = {
            "id": identifier or f"msg_{number:05}", "channel_id": room["channel_id"], "conversation_id": conversation,
            "direction": "outbound" if sender["handle"] == own(self) else "inbound",
            "date": iso(date or BEGINNING + timedelta(minutes=number)), "sender": {**sender, "role": "from"},
            "recipients": to if to is not None else [{"handle": own(self), "role": "to", "name": "Acme Support"}],
            "created_at": iso(BEGINNING + timedelta(days=1, seconds=number)), "format": "full",
            "body": body, "text_body": shown(body), "raw_body": body, "attachments": [],
        }  # fmt: skip
        message |= members
        self.messages.append({name: value for name, value in message.items() if value is not None})
        known = {one["handle"]["value"] for one in room["participants"]}
        people = [message["sender"], *message["recipients"]]
        room["participants"] += [one for one in people if one["handle"]["value"] not in known]
        room["last_message_date"] = max(room.get("last_message_date", ""), message["date"])
        room["message_count"] = room.get("message_count", 0) + 1
        self.happen("outbound_sent" if message["direction"] == "outbound" else "inbound_received", self.messages[-1])
        return self.messages[-1]

    def happen(self, what, message, late=0):
        at = datetime.now(UTC) - timedelta(seconds=late)
        self.events.append(
            {"id": f"event_{len(self.events):05}", "type": f"message_{what}", "object_type": "message",
             "object_id": message["id"], "message_id": message["id"], "conversation_id": message["conversation_id"],
             "created_at": iso(at)}
        )  # fmt: skip

    def talk(self, conversation, count):
        return [self.add(conversation, f"number {number}")["id"] for number in range(count)]

    def calls(self, operation):
        return [one for one in self.journal if one.operation == operation]

    # how it answers

    async def handle(self, raw):
        request = read(raw, await raw.aread())
        self.journal.append(request)
        answer = self.before(request) if self.before else None
        if answer is None:
            check(request)
            answer = self._answer(request)
            answer = (self.after(request, answer) if self.after else None) or answer
        return answer

    def _answer(self, request):  # noqa: C901, PLR0911 - one for each operation
        parts = [unquote(part, errors="strict") for part in request.path.strip("/").split("/")[1:]]
        query = dict(request.query)
        match request.method, parts:
            case ["GET", ["channels"]]:
                return ok({"data": [self.channel]})
            case ["GET", ["channels", identifier]] if identifier == self.channel["id"]:
                return ok(self.channel)
            case ["GET", ["conversations"]]:
                return self._page([one for one in self.conversations.values() if wanted(one, query)], query, recency)
            case ["GET", ["conversations", identifier]] if identifier in self.conversations:
                return ok(self.conversations[identifier])
            case ["GET", ["messages"]]:
                rooms = {query.get("conversation_id", one["conversation_id"]) for one in self.messages}
                found = [one for one in self.messages if one["conversation_id"] in rooms]
                return self._page([in_form(one, query["format"]) for one in found], query, lambda one: one["date"])
            case ["GET", ["events"]]:
                wanted_types = {value for name, value in request.query if name == "types"}
                after = datetime.fromisoformat(query["created_at_after"])
                found = [one for one in self.events if datetime.fromisoformat(one["created_at"]) > after]
                return self._page([one for one in found if one["type"] in wanted_types], query, lambda one: one["id"])
            case ["GET", ["messages", identifier]]:
                found = [one for one in self.messages if one["id"] == identifier]
                return ok(found[0]) if found else refused(404, f"message {identifier} is not found")
            case ["PATCH", ["messages", identifier]]:
                return self._update(identifier, request.body)
            case ["POST", ["messages"]]:
                return self._send(request.body)
            case ["POST", ["messages", "import"]]:
                return self._import(request.body)
        return refused(404, "not found")

    def _page(self, entries, query, key):
        entries = list(entries)
        if self.order in {"newest", "oldest"}:
            entries.sort(key=key, reverse=self.order == "newest")
        elif self.order == "shuffled":
            entries.sort(key=lambda one: hash_of(one["id"]))
        limit, cursor, ids = min(int(query["limit"]), self.largest), query.get("cursor"), [one["id"] for one in entries]
        start = 0
        if cursor is not None:
            kind, _, place = cursor.partition(":")
            start = ids.index(place) + 1 if kind == "after" else int(place)
        gap = self.gaps and start and not (cursor or "").startswith("again")
        end = start if gap else start + limit
        page = {"data": entries[start:end]} | ({"total_count": len(entries)} if self.counts else {})
        if gap:
            return ok(page | {"next_cursor": f"again:{start}"})
        if end < len(entries):
            page["next_cursor"] = f"after:{ids[end - 1]}" if self.cursors == "anchor" else f"offset:{end}"
        elif self.last == "null":
            page["next_cursor"] = None
        return ok(page)

    def _send(self, body):
        answered = [one for one in self.messages if one["id"] == body.get("reply_to_message_id")]
        if "reply_to_message_id" in body and not answered:
            return refused(422, "reply_to_message_id is not known")
        if answered:
            last = answered[0]
            room, to = last["conversation_id"], [last["sender"] | {"role": "to"}]
            if last["direction"] == "outbound":
                to = last["recipients"]
        else:
            room = body.get("conversation_id") or self.open(f"conv_new_{len(self.conversations)}")["id"]
            to = [{"handle": {"type": "email", "value": one}, "role": "to"} for one in body.get("to", ())]
            to += body.get("recipients", [])
        self.written.append(body["body"])
        reply = {"reply_to_message_id": body["reply_to_message_id"], "reply_type": "reply"} if answered else {}
        sender = {"handle": own(self), "name": "Acme Support"}
        date = max(self._now(), BEGINNING + timedelta(days=2))
        return ok(self.add(room, body["body"], sender=sender, to=to, date=date, subject=body.get("subject"), **reply))

    def _import(self, body):
        self.written.append(body.get("body"))
        room = body.get("conversation_id") or self.open(f"conv_new_{len(self.conversations)}")["id"]
        if room not in self.conversations:
            return refused(404, "conversation not found")
        sender, date = {"name": None} | body["sender"], datetime.fromisoformat(body["date"])
        sender = {name: value for name, value in sender.items() if value is not None}
        members = {name: body.get(name) for name in ("subject", "reply_to_message_id", "direction") if name in body}
        return ok(self.add(room, body.get("body", ""), sender=sender, to=body["recipients"], date=date, **members))

    def _update(self, identifier, body):
        found = [one for one in self.messages if one["id"] == identifier]
        if not found:
            return refused(404, "message not found")
        self.written.append(body.get("body"))
        change = dict(body)
        if "body" in body:
            change |= {"text_body": shown(body["body"]), "raw_body": body["body"]}
        found[0].update(change)
        return ok(found[0])

    def _now(self):
        stamps = [datetime.fromisoformat(one["date"]) for one in self.messages]
        return max(stamps, default=BEGINNING) + timedelta(seconds=1)


def check(request):
    headers, method = request.headers, request.method
    assert headers.keys() <= HEADERS, headers.keys() - HEADERS
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept"] == "application/json"
    assert (headers.get("content-type") == "application/json") == (method in {"POST", "PATCH"})
    assert (request.body is not None) == (method in {"POST", "PATCH"})
    parts = request.path.split("/")
    template = f"/v1/{parts[2]}/{{{parts[2][:-1]}_id}}" if len(parts) == 4 and parts[3] != "import" else request.path
    known = parameters_of(method, template)
    for name, value in request.query:
        assert name in known, f"unknown parameter {name} of {request.operation}"
        assert known[name].get("type") != "integer" or 1 <= int(value) <= known[name]["maximum"]
    if request.operation == "GET /v1/messages":
        assert dict(request.query)["format"] in {"minimal", "full"}
    schema = {"POST /v1/messages": "SendMessageRequest", "POST /v1/messages/import": "ImportMessageRequest"}
    name = "UpdateMessageRequest" if method == "PATCH" else schema.get(request.operation)
    assert not (name and wrong_with(name, request.body)), wrong_with(name, request.body)


def channel(provider, *handles, status="active"):
    addresses = [{"handle": one, "name": "Acme Support", "is_primary": one is handles[0]} for one in handles]
    made = {"id": CHANNEL, "connector_id": "conntr_1", "provider": provider, "name": "Acme Support"}
    return made | {"addresses": addresses, "status": status, "created_at": iso(BEGINNING)}


def own(service):
    return service.channel["addresses"][0]["handle"]


def read(raw, content):
    path, _, query = raw.url.raw_path.decode().partition("?")
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    headers = {name.lower(): value for name, value in raw.headers.items()}
    return Request(raw.method, path, pairs, headers, json.loads(content) if content else None)


def wanted(conversation, query):
    kind, _, value = query.get("contact_handle_tokens", ":").partition(":")
    handles = [(one["handle"]["type"].upper(), one["handle"]["value"]) for one in conversation["participants"]]
    return not value or (kind, value) in handles


def recency(conversation):
    return conversation.get("last_message_date", "")


def in_form(message, form):
    left_out = {"body", "text_body", "raw_body", "attachments"} if form == "minimal" else set()
    return {name: value for name, value in message.items() if name not in left_out} | {"format": form}


def hash_of(identifier):
    return crc32(identifier.encode())


def shown(body):
    return html.unescape(re.sub(r"<[^<>]*>", "", re.sub(r"<br>", "\n", body)))


def iso(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ok(body):
    return httpx.Response(200, json=body)


def refused(status, message, **headers):
    body = {"timestamp": iso(BEGINNING), "status": status, "error": "Refused", "message": message, "path": "/v1"}
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


@asynccontextmanager
async def opened(service, **settings):
    own_settings = ConvoreSettings(token=KEY, base_url=URL, **settings)
    async with client_of(own_settings, transport=httpx.MockTransport(service.handle)) as client:
        yield ConvoreProvider(own_settings, Api(client))
