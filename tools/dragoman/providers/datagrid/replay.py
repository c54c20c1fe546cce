"""A Datagrid in small: two recorded conversations with agents, and one recorded answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Final

from dragoman.providers.replay import Record, recording
from dragoman.providers.replay.fake_http_service import Reply, Request, absent, http_replay

_PACKAGE: Final = __package__ or ""
_EVENTS: Final = "text/event-stream; charset=utf-8"
_PIECES: Final = 3


class Datagrid:
    """What the teamspace holds, in Datagrid's own form."""

    def __init__(self) -> None:
        held = recording(_PACKAGE)
        self._identity: Record = held["identity"]
        self._named: dict[str, Record] = {one["id"]: one for one in (*held["agents"], *held["files"])}
        self._conversations: dict[str, Record] = {one["id"]: one for one in held["conversations"]}
        self._messages: list[Record] = held["messages"]
        self._answer: Record = held["answer"]
        self._numbers = count(1)

    def answer(self, request: Request) -> Reply:
        """Answer as the service would."""
        match request.route:
            case ("GET", "v1", "identity"):
                return Reply(self._identity)
            case ("GET", "v1", "agents" | "files", one) if one in self._named:
                return Reply(self._named[one])
            case ("GET", "v1", "conversations"):
                recent = sorted(self._conversations.values(), key=lambda one: str(one["updated_at"]), reverse=True)
                return _page(recent, request.query)
            case ("GET", "v1", "conversations", conversation, *rest) if conversation in self._conversations:
                return self._inside(conversation, rest, request.query)
            case ("POST", "v1", "converse") if request.body.get("conversation_id") in self._conversations:
                return self._converse(request.body)
            case _:
                return absent("what was asked for")

    def _inside(self, conversation: str, rest: Sequence[str], query: Mapping[str, str]) -> Reply:
        messages = [one for one in self._messages if one["conversation_id"] == conversation]
        match rest:
            case []:
                return Reply(self._conversations[conversation])
            case ["messages"]:
                return _page(messages, query)
            case ["messages", message]:
                found = next((one for one in messages if one["id"] == message), None)
                return Reply(found) if found else absent(message)
            case _:
                return absent("what was asked for")

    def _converse(self, body: Record) -> Reply:
        """Keep what is said with the agent's answer, which comes in events where that is asked for."""
        known = body["prompt"] == self._answer["prompt"]
        text = self._answer["text"] if known else "This replay has no answer to that."
        self._add(body, "user", body["prompt"], None)
        reply = self._add(body, "agent", text, self._answer["citations"] if known else None)
        if body.get("stream"):
            steps = [*self._answer["steps"], *self._answer["tools"]] if known else []
            return Reply(_events(reply, steps, text), HTTPStatus.OK, _EVENTS)
        more = {"credits": {"consumed": 1.75}, "tool_calls": self._answer["tools"], "chat_mode": "full_agent"}
        return Reply(reply | more, HTTPStatus.CREATED)

    def _add(self, body: Record, role: str, text: str, citations: object) -> Record:
        conversation = self._conversations[body["conversation_id"]]
        message: Record = {
            "object": "conversation.message",
            "id": f"msg_n{next(self._numbers)}",
            "agent_id": conversation["agent_ids"][0],
            "role": role,
            "content": [{"type": "text", "text": text}],
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "conversation_id": conversation["id"],
            "credits": None,
            "citations": citations,
        }
        self._messages.append(message)
        conversation["updated_at"] = message["created_at"]
        return message


def _page(entries: Sequence[Record], query: Mapping[str, str]) -> Reply:
    """Entries after or before another one; ``has_more`` speaks of what comes after the page."""
    ids, limit = [one["id"] for one in entries], int(query.get("limit", "20"))
    if not {query.get("after"), query.get("before")} <= {None, *ids}:
        return Reply({"message": "unknown cursor"}, HTTPStatus.BAD_REQUEST)
    start, end = 0, limit
    if "after" in query:
        start = ids.index(query["after"]) + 1
        end = start + limit
    elif "before" in query:
        end = ids.index(query["before"])
        start = max(0, end - limit)
    return Reply({"object": "list", "data": entries[start:end], "has_more": end < len(ids)})


def _events(reply: Record, steps: Sequence[Record], text: str) -> str:
    here = {"agent_id": reply["agent_id"], "conversation_id": reply["conversation_id"]}
    size = -(-len(text) // _PIECES)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    told: list[tuple[str, Record]] = [
        ("start", {**here, "status": "start"}),
        *((str(one["type"]), one) for one in steps),
        *(("delta", {"delta": {"type": "text", "text": piece}}) for piece in pieces),
        ("end", {**here, "status": "end", "chat_mode": "full_agent"}),
    ]
    return "".join(f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n" for name, data in told)


REPLAY: Final = http_replay(_PACKAGE, lambda: Datagrid().answer, path="/v1")
