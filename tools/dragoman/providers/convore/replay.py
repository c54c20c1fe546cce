"""A Convore in small: one mailbox with a recorded conversation, which takes replies, changes and imports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Final

from dragoman.core.html_text import to_text
from dragoman.providers.replay import Record, recording
from dragoman.providers.replay.fake_http_service import Reply, Request, absent, http_replay

_PACKAGE: Final = __package__ or ""
_SNIPPET: Final = 80


class Convore:
    """What the mailbox holds, in Convore's own form."""

    def __init__(self) -> None:
        held = recording(_PACKAGE)
        self._channel: Record = held["channel"]
        self._conversations: dict[str, Record] = {one["id"]: one for one in held["conversations"]}
        self._messages: dict[str, Record] = {one["id"]: one for one in held["messages"]}
        self._numbers = count(1)

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - one for each operation
        """Answer as the service would."""
        match request.route:
            case ("GET", "v1", "channels"):
                return _page([self._channel])
            case ("GET", "v1", "channels", channel) if channel == self._channel["id"]:
                return Reply(self._channel)
            case ("GET", "v1", "conversations"):
                return _page(sorted(self._conversations.values(), key=_last, reverse=True))
            case ("GET", "v1", "conversations", conversation) if conversation in self._conversations:
                return Reply(self._conversations[conversation])
            case ("GET", "v1", "messages"):
                return self._list(request.query)
            case ("POST", "v1", "messages"):
                return self._send(request.body)
            case ("POST", "v1", "messages", "import"):
                return Reply(self._import(request.body))
            case ("GET", "v1", "messages", message) if message in self._messages:
                return Reply(self._messages[message])
            case ("PATCH", "v1", "messages", message) if message in self._messages:
                return Reply(self._update(self._messages[message], request.body))
            case _:
                return absent("what was asked for")

    def _list(self, query: Mapping[str, str]) -> Reply:
        wanted = query.get("conversation_id")
        found = [one for one in self._messages.values() if wanted in {None, one["conversation_id"]}]
        return _page(sorted(found, key=lambda one: one["date"], reverse=True))

    def _send(self, body: Record) -> Reply:
        answered = self._messages.get(body.get("reply_to_message_id", ""))
        if answered is None:
            return absent("the message that is answered")
        people = [answered["sender"], *answered["recipients"]]
        here = self._channel["addresses"][0]
        members = {
            "direction": "outbound",
            "date": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "sender": {"handle": here["handle"], "role": "from", "name": here["name"]},
            "recipients": [{**one, "role": "to"} for one in people if one["handle"] != here["handle"]],
            "reply_to_message_id": answered["id"],
            "reply_type": "reply",
        }
        return Reply(self._keep(answered["conversation_id"], body, members))

    def _import(self, body: Record) -> Record:
        members = {name: body[name] for name in ("direction", "date", "sender", "recipients")}
        return self._keep(body["conversation_id"], body, members)

    def _keep(self, conversation: str, body: Record, members: Record) -> Record:
        room = self._conversations[conversation]
        identifier = f"msg_01k0q2new{next(self._numbers):03}"
        said: str = body["body"]
        message: Record = {
            "id": identifier,
            "channel_id": room["channel_id"],
            "conversation_id": conversation,
            "subject": body.get("subject") or room["subject"],
            "created_at": members["date"],
            "format": "full",
            "attachments": [],
            **members,
            **_words(said),
        }
        self._messages[identifier] = message
        room["message_count"] += 1
        room["last_message_date"] = max(room["last_message_date"], message["date"])
        return message

    def _update(self, message: Record, body: Record) -> Record:
        message.update(body)
        if "body" in body:
            message.update(_words(body["body"]))
        return message


def _words(body: str) -> Record:
    text = to_text(body)
    return {"body": body, "raw_body": body, "text_body": text, "snippet": text[:_SNIPPET]}


def _last(conversation: Record) -> str:
    date: str = conversation["last_message_date"]
    return date


def _page(entries: list[Record]) -> Reply:
    return Reply({"data": entries, "total_count": len(entries)})


REPLAY: Final = http_replay(_PACKAGE, lambda: Convore().answer)
