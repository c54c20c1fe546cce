"""Slack's messages as messages of the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dragoman.core.json_fields import JsonObject, count_of, record_of, text_of
from dragoman.core.model import Attachment, Author, AuthorKind, Message
from dragoman.core.slack.extras import files_of, reactions_of
from dragoman.core.slack.message_text import SlackText
from dragoman.core.slack.references import author_of
from dragoman.core.times import parse_time
from dragoman.providers.kit.members import KnownNames
from dragoman.providers.slack.api import Identity
from dragoman.providers.slack.people import SLACKBOT
from dragoman.providers.slack.wire import root_of, ts_of

_EVENT: Final = re.compile(
    r"(?:channel|group)_(?:join|leave|topic|purpose|name|archive|unarchive|convert_to_private|convert_to_public"
    r"|posting_permissions|canvas_updated)|(?:un)?pinned_item|bot_(?:add|remove|enable|disable)|app_conversation_\w+"
    r"|joiner_notification\w*|tabbed_canvas_updated|huddle_thread|sh_room_\w+|slackbot_response|reminder_add"
    r"|ekm_access_denied"
)
_GONE: Final = {
    "tombstone": "deleted file",
    "hidden_by_limit": "file beyond the limit of the plan",
    "file_access": "file of another organisation",
}
BROADCAST: Final = "thread_broadcast"


@dataclass(frozen=True, slots=True)
class MessageMapping:
    """Maps the messages of one conversation.

    Attributes:
        us: Whom the account speaks for; ``None`` when that cannot be found out.
    """

    conversation: str
    names: KnownNames
    us: Identity | None

    def message(self, raw: JsonObject) -> Message | None:
        """The message, or ``None`` where nothing tells its id."""
        ts, root = ts_of(raw.get("ts")), root_of(raw)
        sent_at = parse_time(ts) if ts else None
        if sent_at is None:
            return None
        subtype = text_of(raw, "subtype")
        is_gone = subtype == "tombstone"
        return Message(
            id=ts,
            conversation=self.conversation,
            author=self.author(raw),
            sent_at=sent_at,
            text="" if is_gone else SlackText(self.names, markdown=True).of_message(raw),
            reply_to=root,
            replies=count_of(raw, "reply_count") or 0,
            edited_at=parse_time(text_of(record_of(raw, "edited"), "ts")),
            deleted_at=sent_at if is_gone else None,
            url=self.us.permalink(self.conversation, ts, root) if self.us else None,
            reactions=tuple(reactions_of(raw, self.names.name_of)),
            attachments=tuple(_attachment(file) for file in files_of(raw)),
            extra={"subtype": subtype} if subtype else {},
        )

    def author(self, raw: JsonObject) -> Author:
        """Who wrote it."""
        id_, bot_id = author_of(raw), text_of(raw, "bot_id")
        own = self.us is not None and bool((id_ and id_ == self.us.id) or (bot_id and bot_id == self.us.bot_id))
        if id_ == SLACKBOT:
            return Author(name="Slackbot", id=id_, kind=AuthorKind.SYSTEM)
        user = self.names.users.get(id_)
        called = text_of(raw, "username") or text_of(record_of(raw, "bot_profile"), "name")
        is_bot = user.is_bot if user else bool(bot_id or called or text_of(raw, "subtype") == "bot_message")
        kind = AuthorKind.BOT if is_bot else AuthorKind.PERSON
        if _EVENT.fullmatch(text_of(raw, "subtype")):
            kind = AuthorKind.SYSTEM
        name = user.name if user else text_of(record_of(raw, "user_profile"), "real_name", "display_name", "name")
        if is_bot:
            name = text_of(raw, "username") or name or called or self.names.bots.get(bot_id, "")
        return Author(
            name=name.strip() or id_ or bot_id or ("bot" if is_bot else "user"),
            id=id_ or bot_id,
            kind=kind,
            email=(user.email or None) if user else None,
            own=own,
        )


def _attachment(file: JsonObject) -> Attachment:
    mode, id_ = text_of(file, "mode"), text_of(file, "id")
    if text_of(file, "file_access") == "check_file_info":
        mode = "file_access"
    is_titled = mode in ("quip", "canvas", "list") or not text_of(file, "name")
    name = text_of(file, "title", "name") if is_titled else text_of(file, "name")
    url = text_of(file, "external_url", "permalink") if mode not in _GONE else ""
    return Attachment(
        name=name or _GONE.get(mode) or id_ or "file",
        id=id_,
        media_type=text_of(file, "mimetype") or None,
        size=count_of(file, "size") or None,
        url=url if url.startswith(("https://", "http://")) else None,
    )
