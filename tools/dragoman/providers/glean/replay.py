"""A Glean in small: two recorded channels of Slack, and an assistant with one recorded answer."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from dragoman.core.times import parse_time, to_ms
from dragoman.providers.replay import Record, recording
from dragoman.providers.replay.fake_http_service import Reply, Request, absent, http_replay

_PACKAGE: Final = __package__ or ""
_NEW: Final = "chat_71d204"
_PAGE: Final = 20
_LINES: Final = "text/plain; charset=utf-8"


class Glean:
    """The content of the tenant, in Glean's own form."""

    def __init__(self) -> None:
        held = recording(_PACKAGE)
        self._results: list[Record] = held["results"]
        self._chats: dict[str, Record] = {one["id"]: one for one in held["chats"]}
        self._answer: Record = held["answer"]

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - one for each endpoint
        """Answer as the service would; every endpoint is a POST."""
        match request.route:
            case ("POST", "rest", "api", "v1", "messages"):
                return Reply(self._messages(request.body))
            case ("POST", "rest", "api", "v1", "search"):
                return Reply(self._search(request.body))
            case ("POST", "rest", "api", "v1", "getdocuments"):
                return Reply(
                    {"documents": {self._wanted(one): self._document(one) for one in request.body["documentSpecs"]}}
                )
            case ("POST", "rest", "api", "v1", "listchats"):
                return Reply({"chatResults": [{"trackingToken": "t", "chat": _head(one)} for one in self._recent()]})
            case ("POST", "rest", "api", "v1", "getchat") if request.body["id"] in self._chats:
                return Reply({"chatResult": {"trackingToken": "t", "chat": self._chats[request.body["id"]]}})
            case ("POST", "rest", "api", "v1", "chat"):
                return self._ask(request.body)
            case _:
                return absent("what was asked for")

    def _messages(self, body: Record) -> Record:
        """A page of a channel or thread, newest first, before or after a moment."""
        found = sorted((one for one in self._results if _inside(one, body)), key=_when, reverse=True)
        reference, newer = body.get("timestampMillis"), body.get("direction") == "NEWER"
        if reference is not None:
            found = [one for one in found if (_when(one) > reference if newer else _when(one) < reference)]
        page = found[-_PAGE:] if newer else found[:_PAGE]
        answer = {"hasMore": len(page) < len(found), "searchResponse": {"requestID": "req-1", "results": page}}
        root = next((one for one in self._results if _facts(one)["datasourceId"] == body["id"]), None)
        return {**answer, "rootMessage": root} if root and body.get("includeRootMessage") else answer

    def _search(self, body: Record) -> Record:
        options: Record = body["requestOptions"]
        if "responseHints" in options:
            return {"results": [], "facetResults": [{"sourceName": "channel", "buckets": self._buckets()}]}
        wanted = [one["values"][0]["value"] for one in options.get("facetFilters", ()) if one["fieldName"] == "channel"]
        words = body["query"].casefold().split()
        found = [one for one in self._results if all(word in _said(one) for word in words)]
        found = [one for one in found if not wanted or _facts(one)["container"] in wanted]
        return {"requestID": "req-2", "hasMoreResults": False, "results": found[: body["pageSize"]]}

    def _buckets(self) -> list[Record]:
        channels = Counter(str(_facts(one)["container"]) for one in self._results)
        return [{"count": count, "value": {"stringValue": name}} for name, count in channels.items()]

    def _wanted(self, spec: Record) -> str:
        wanted: str = spec.get("id") or spec["url"]
        return wanted

    def _document(self, spec: Record) -> Record:
        wanted = self._wanted(spec)
        for one in self._results:
            if wanted in {one["document"]["id"], one["url"]}:
                return {**one["document"], "content": {"fullTextList": one["fullTextList"]}}
        return {"error": "Document not found or user does not have access"}

    def _recent(self) -> list[Record]:
        return sorted(self._chats.values(), key=lambda one: one["updateTime"], reverse=True)

    def _ask(self, body: Record) -> Reply:
        """Keep a question with its answer; line by line where that is asked for."""
        chat = self._chats.setdefault(
            body.get("chatId", _NEW), {"id": _NEW, "name": self._answer["prompt"], "messages": []}
        )
        now = datetime.now(UTC)
        chat.setdefault("createTime", int(now.timestamp()))
        chat["updateTime"] = int(now.timestamp())
        question, said = body["messages"][0], len(chat["messages"])
        stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        known = _text(question) == self._answer["prompt"]
        reply: Record = {
            "author": "GLEAN_AI",
            "messageType": "CONTENT",
            "messageId": f"a-{said}",
            "ts": stamp,
            "hasMoreFragments": False,
            "fragments": self._answer["fragments"] if known else [{"text": "This replay has no answer to that."}],
        }
        chat["messages"] += [{**question, "messageId": f"q-{said}", "ts": stamp}, reply]
        return _told(chat["id"], self._answer["steps"] if known else [], reply, streamed=bool(body.get("stream")))


def _told(chat: str, steps: list[str], reply: Record, *, streamed: bool) -> Reply:
    updates: list[Record] = [
        {"author": "GLEAN_AI", "messageType": "UPDATE", "fragments": [{"text": text}]} for text in steps
    ]
    if not streamed:
        return Reply({"chatId": chat, "messages": [*updates, reply]})
    lines = [json.dumps({"chatId": chat, "messages": [one]}, ensure_ascii=False) for one in (*updates, reply)]
    return Reply("\n".join([*lines, ""]), HTTPStatus.OK, _LINES)


def _head(chat: Record) -> Record:
    return {name: value for name, value in chat.items() if name != "messages"}


def _facts(result: Record) -> Record:
    facts: Record = result["document"]["metadata"]
    return facts


def _when(result: Record) -> int:
    at = parse_time(_facts(result)["createTime"])
    return to_ms(at) if at else 0


def _said(result: Record) -> str:
    return "\n".join(result["fullTextList"]).casefold()


def _text(message: Record) -> str:
    return "".join(part.get("text", "") for part in message["fragments"])


def _inside(result: Record, body: Record) -> bool:
    if body["idType"] == "THREAD_ID":
        return f"thread_ts={body['id']}&" in str(result["url"])
    facts = _facts(result)
    return body["id"] in {facts["container"], str(facts["containerId"]).removeprefix("SLACK_CHANNEL_")}


REPLAY: Final = http_replay(_PACKAGE, lambda: Glean().answer)
