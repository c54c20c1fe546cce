"""A Slack in small: one channel with a recorded conversation, which takes replies and changes."""

from __future__ import annotations

from itertools import count
from typing import Final

from dragoman.providers.replay import Record, recording
from dragoman.providers.replay.fake_http_service import Reply, Request, http_replay

_PACKAGE: Final = __package__ or ""
_YOU: Final = "U09YOU0001"


class Workspace:
    """What the workspace holds, in Slack's own form."""

    def __init__(self) -> None:
        held = recording(_PACKAGE)
        self._channel: Record = held["channel"]
        self._users: list[Record] = held["users"]
        self._messages: list[Record] = held["messages"]
        self._numbers = count(1)

    def answer(self, request: Request) -> Reply:
        """Answer as the service would."""
        method, body = request.route[-1], request.body
        answers: Record = {
            "auth.test": {
                "url": "https://ferries.slack.com/",
                "team": "Ferries",
                "team_id": "T01FERRY1",
                "user_id": _YOU,
            },
            "users.conversations": {"channels": [self._channel]},
            "conversations.list": {"channels": [self._channel]},
            "conversations.info": {"channel": self._channel},
            "conversations.members": {"members": [one["id"] for one in self._users]},
            "users.list": {"members": self._users},
            "users.info": {"user": next((one for one in self._users if one["id"] == body.get("user")), None)},
        }
        if method in answers:
            return Reply({"ok": True, **answers[method]})
        act = getattr(self, f"_{method.replace('.', '_').lower()}", None)
        return Reply({"ok": True, **act(body)} if act else {"ok": False, "error": "unknown_method"})

    def _conversations_history(self, body: Record) -> Record:
        found = [self._counted(one) for one in self._messages if one.get("thread_ts", one["ts"]) == one["ts"]]
        return {"messages": _between(found, body)[: int(body["limit"])], "has_more": False}

    def _conversations_replies(self, body: Record) -> Record:
        named = [one for one in self._messages if one["ts"] == body["ts"]]
        below = [one for one in self._messages if one.get("thread_ts") == body["ts"] != one["ts"]]
        return {"messages": _between([*map(self._counted, named), *below], body)[::-1], "has_more": False}

    def _search_messages(self, body: Record) -> Record:
        words = [word for word in body["query"].lower().split() if ":" not in word]
        place = {"channel": {"id": self._channel["id"], "name": self._channel["name"]}}
        found = [one | place for one in self._messages if all(word in one["text"].lower() for word in words)]
        return {"messages": {"matches": found, "total": len(found), "paging": {"page": 1, "pages": 1}}}

    def _chat_postmessage(self, body: Record) -> Record:
        last = max(one["ts"] for one in self._messages)
        message = {"type": "message", "user": _YOU, "ts": f"{int(last[:10]) + 60}.{next(self._numbers):06d}"}
        message |= {"thread_ts": body["thread_ts"]} if "thread_ts" in body else {}
        self._messages.append(message)
        return self._written(message, body)

    def _chat_update(self, body: Record) -> Record:
        message = next(one for one in self._messages if one["ts"] == body["ts"])
        message["edited"] = {"user": _YOU, "ts": f"{int(message['ts'][:10]) + 60}.000000"}
        return self._written(message, body)

    def _written(self, message: Record, body: Record) -> Record:
        text = body["markdown_text"]
        message |= {"text": text, "blocks": [{"type": "markdown", "text": text}]}
        return {"channel": self._channel["id"], "ts": message["ts"], "message": message}

    def _counted(self, message: Record) -> Record:
        replies = [one["ts"] for one in self._messages if one.get("thread_ts") == message["ts"]]
        return message | ({"reply_count": len(replies), "latest_reply": replies[-1]} if replies else {})


def _between(messages: list[Record], body: Record) -> list[Record]:
    """The messages within the bounds of a request, the newest first."""
    oldest, latest = body.get("oldest", ""), body.get("latest", "9")
    return [one for one in reversed(messages) if oldest <= one["ts"] <= latest]


REPLAY: Final = http_replay(_PACKAGE, lambda: Workspace().answer, path="/api")
