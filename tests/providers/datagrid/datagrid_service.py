"""A Datagrid in memory that is strict about everything it gets and keeps a journal."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote

import httpx
from http_loopback import Request

from dragoman.providers.datagrid import DatagridProvider, DatagridSettings
from dragoman.providers.datagrid.api import LONGEST_ANSWER, Api, client_of

KEY = "dg_test_key"
URL = "http://127.0.0.1/v1"
BEGINNING = datetime(2026, 5, 4, 14, tzinfo=UTC)
HEADERS = {
    "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host",
    "user-agent", "datagrid-teamspace",
}  # fmt: skip
PAGING = {"limit", "after", "before"}
CONVERSE = {"prompt": str, "conversation_id": str, "agent_id": str, "generate_citations": bool}
CONVERSE |= {"generate_title": bool, "stream": bool}


@dataclass
class Datagrid:
    newest_first: bool = False
    tells_more: bool = True
    teamspace: str | None = None
    conversations: dict = field(default_factory=dict)
    messages: dict = field(default_factory=dict)
    agents: dict = field(default_factory=lambda: {"agent_1": "Harbor Tower"})
    files: dict = field(default_factory=dict)
    journal: list = field(default_factory=list)
    before: object = None  # takes a request; what it returns or raises comes instead of an answer
    after: object = None  # takes a request and its answer; what it returns or raises comes instead of that
    ids: int = 0

    # what a test puts in

    def converse_about(self, conversation, texts, *, at=None, roles=("user", "agent")):
        self.open(conversation)
        for number, text in enumerate(texts):
            stamp = at or BEGINNING + timedelta(minutes=len(self.messages[conversation]))
            self.add(conversation, roles[number % len(roles)], [{"type": "text", "text": text}], stamp)
        return [one["id"] for one in self.messages[conversation]]

    def open(self, conversation, name=None):
        if conversation not in self.conversations:
            self.messages[conversation] = []
            self.conversations[conversation] = {
                "object": "conversation", "id": conversation, "created_at": iso(BEGINNING),
                "updated_at": iso(BEGINNING + timedelta(seconds=len(self.conversations))), "agent_ids": ["agent_1"],
            }  # fmt: skip
            if name is not None:
                self.conversations[conversation]["name"] = name
        return self.conversations[conversation]

    def add(self, conversation, role, content, stamp=None, identifier=None, agent="agent_1"):
        self.ids += 1
        stamp = stamp or self._now(conversation)
        message = {
            "object": "conversation.message", "id": identifier or f"msg_{self.ids:05}", "agent_id": agent, "role": role,
            "content": content, "created_at": iso(stamp), "conversation_id": conversation, "credits": None,
            "citations": None,
        }  # fmt: skip
        self.messages[conversation].append(message)
        self.conversations[conversation]["updated_at"] = iso(stamp)
        return message

    def calls(self, operation):
        return [one for one in self.journal if one.operation == operation]

    def prompts(self):
        return [one.body["prompt"] for one in self.calls("POST /converse")]

    # how it answers

    async def handle(self, raw):
        request = read(raw, await raw.aread())
        self.journal.append(request)
        answer = self.before(request) if self.before else None
        if answer is None:
            self._check(request)
            answer = self._answer(request)
            answer = (self.after(request, answer) if self.after else None) or answer
        return answer

    def _check(self, request):
        headers = request.headers
        assert headers.keys() <= HEADERS, headers.keys() - HEADERS
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["accept"] == "application/json"
        assert headers.get("datagrid-teamspace") == self.teamspace
        assert (headers.get("content-type") == "application/json") == (request.method == "POST")
        assert (request.body is not None) == (request.method == "POST")
        allowed = PAGING | {"sort", "direction"} if request.path == "/conversations" else PAGING
        listing = request.path == "/conversations" or request.path.endswith("/messages")
        assert request.query.keys() <= (allowed if listing and request.method == "GET" else set())
        assert not {"after", "before"} <= request.query.keys()
        assert "limit" not in request.query or 1 <= int(request.query["limit"]) <= 100
        if request.operation == "GET /conversations":
            assert (request.query["sort"], request.query["direction"]) == ("updated_at", "desc")

    def _answer(self, request):  # noqa: PLR0911 - one for each operation
        parts = [unquote(part, errors="strict") for part in request.path.strip("/").split("/")]
        match request.method, parts:
            case ["GET", ["identity"]]:
                spaces = [{"teamspace_id": "ts_88", "permissions": {"role": "admin", "agent_ids": None}}]
                return ok(
                    {"object": "identity", "user_id": "user_5", "current_teamspace_id": "ts_88", "teamspaces": spaces}
                )
            case ["GET", ["agents", agent]] if agent in self.agents:
                return ok({"object": "agent", "id": agent, "name": self.agents[agent]})
            case ["GET", ["files", file]] if file in self.files:
                return ok({"object": "file", "id": file, **self.files[file]})
            case ["GET", ["conversations"]]:
                recent = sorted(self.conversations.values(), key=lambda one: one["updated_at"], reverse=True)
                return self._page(recent, request.query)
            case ["POST", ["conversations"]]:
                assert request.body.keys() <= {"name"}
                return ok(self.open(f"conv_made_{len(self.conversations)}", request.body.get("name")), 201)
            case ["GET", ["conversations", conversation]] if conversation in self.conversations:
                return ok(self.conversations[conversation])
            case ["GET", ["conversations", conversation, "messages"]] if conversation in self.conversations:
                messages = self.messages[conversation]
                return self._page(messages[::-1] if self.newest_first else messages, request.query)
            case ["GET", ["conversations", conversation, "messages", message]]:
                found = [one for one in self.messages.get(conversation, ()) if one["id"] == message]
                return ok(found[0]) if found else refused(404, "Message not found")
            case ["POST", ["converse"]]:
                return self._converse(request.body)
        return refused(404, "Not found")

    def _page(self, entries, query):
        ids, limit = [one["id"] for one in entries], int(query.get("limit", 20))
        start, end = 0, limit
        for anchor in (query.get("after"), query.get("before")):
            if anchor is not None and anchor not in ids:
                return refused(400, "Unknown cursor")
        if "after" in query:
            start = ids.index(query["after"]) + 1
            end = start + limit
        if "before" in query:
            end = ids.index(query["before"])
            start = max(0, end - limit)
        page = {"object": "list", "data": entries[start:end]}
        # What has_more means before an element is not documented: here it keeps speaking of what comes after.
        return ok(page | {"has_more": end < len(ids)} if self.tells_more else page)

    def _converse(self, body):
        assert all(isinstance(value, CONVERSE[name]) for name, value in body.items())
        conversation = body.get("conversation_id")
        if conversation is None:
            conversation = self.open(f"conv_made_{len(self.conversations)}")["id"]
        if conversation not in self.conversations:
            return refused(404, "Conversation not found")
        self.add(conversation, "user", [{"type": "text", "text": body["prompt"]}])
        text = f"You said: {body['prompt']}"
        reply = self.add(conversation, "agent", [{"type": "text", "text": text}])
        if body.get("stream"):
            return streamed(events_of(reply, text))
        return ok(reply | {"credits": {"consumed": 1.5}, "tool_calls": None, "chat_mode": "full_agent"}, 201)

    def _now(self, conversation):
        stamps = [datetime.fromisoformat(one["created_at"]) for one in self.messages[conversation]]
        return max(stamps, default=BEGINNING) + timedelta(seconds=1)


def read(raw, content):
    path, _, query = raw.url.raw_path.decode().partition("?")
    assert path.startswith("/v1/")
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    assert len(dict(pairs)) == len(pairs), f"a query parameter comes twice: {query}"
    headers = {name.lower(): value for name, value in raw.headers.items()}
    return Request(raw.method, path.removeprefix("/v1"), dict(pairs), headers, json.loads(content) if content else None)


def iso(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ok(body, status=200):
    left = {"x-ratelimit-limit": "200", "x-ratelimit-remaining": "195", "x-ratelimit-reset": "1777903500"}
    return httpx.Response(status, json=body, headers=left)


def refused(status, message, **headers):
    body = {"status_code": status, "statusCode": status, "error": "some_error", "message": message, "retryable": False}
    return httpx.Response(status, json=body, headers=headers)


def events_of(reply, text):
    here = {"agent_id": reply["agent_id"], "conversation_id": reply["conversation_id"]}
    tool = {"object": "tool", "name": "semantic_search", "label": "Semantic search", "description": "Search."}
    yield ": keep-alive\n\n"
    yield event("start", here | {"status": "start"})
    yield event("reasoning", {"type": "reasoning", "id": "rs_1", "status": "in_progress", "task": "Look it up"})
    yield event("tool_call", {"type": "tool_call", "id": "tc_1", "status": "completed", "tool": tool})
    yield event("something_new", {"x": 1})
    half = len(text) // 2
    for piece in (text[:half], text[half:]):
        yield event("delta", {"delta": {"type": "text", "text": piece}})
    yield event("generated_title", here | {"generated_title": "A title"})
    yield event("end", here | {"status": "end", "chat_mode": "full_agent"})


def event(name, data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def streamed(pieces, *, failure=None, content_type="text/event-stream; charset=utf-8"):
    async def body():
        for piece in pieces:
            yield piece.encode()
        if failure is not None:
            raise failure

    return httpx.Response(200, content=body(), headers={"content-type": content_type})


def at(operation, act):
    """Let something happen at one operation."""
    return lambda request, *answer: act(*answer) if request.operation == operation else None


@asynccontextmanager
async def opened(service, *, patience=LONGEST_ANSWER, **settings):
    own = DatagridSettings(token=KEY, base_url=URL, **settings)
    async with client_of(own, transport=httpx.MockTransport(service.handle)) as client:
        yield DatagridProvider(own, Api(client, patience))
