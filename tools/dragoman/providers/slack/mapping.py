"""Slack's messages as messages of the model."""

from __future__ import annotations

from typing import Final

from dragoman.core.json_fields import JsonObject, count_of, list_of, record_of, text_of
from dragoman.core.model import Attachment, Author, AuthorKind, Message
from dragoman.core.slack.extras import files_of, is_event, reactions_of
from dragoman.core.slack.message_text import SlackText
from dragoman.core.slack.references import author_of
from dragoman.core.times import parse_time
from dragoman.providers.kit.members import KnownNames
from dragoman.providers.slack.api import Account
from dragoman.providers.slack.people import SLACKBOT
from dragoman.providers.slack.wire import root_of, ts_of

_GONE: Final = {
    "tombstone": "deleted file",
    "hidden_by_limit": "file beyond the limit of the plan",
    "check_file_info": "file of another organisation",
}
BROADCAST: Final = "thread_broadcast"


def to_message(raw: JsonObject, conversation: str, names: KnownNames, us: Account | None) -> Message | None:
    """The message, or ``None`` where nothing tells its id; a hit of a search tells its conversation itself."""
    ts, subtype, channel = ts_of(raw.get("ts")), text_of(raw, "subtype"), record_of(raw, "channel")
    place, root = conversation or text_of(channel, "id"), root_of(raw)
    sent_at, is_gone = parse_time(ts), subtype == "tombstone"
    if sent_at is None or not place:
        return None
    return Message(
        id=ts,
        conversation=place,
        author=_author(raw, names, us),
        sent_at=sent_at,
        text="" if is_gone else SlackText(names, markdown=True).of_message(raw),
        reply_to=root or None,
        replies=count_of(raw, "reply_count") or 0,
        edited_at=parse_time(text_of(record_of(raw, "edited"), "ts")),
        deleted_at=sent_at if is_gone else None,
        url=us.permalink(place, ts, root) if us else None,
        reactions=tuple(reactions_of(raw, names.name_of)),
        attachments=tuple(_attachment(file) for file in files_of(raw)),
        partial=bool(channel) and not (text_of(raw, "text") and list_of(raw, "blocks")),
        extra={"subtype": subtype} if subtype else {},
    )


def _author(raw: JsonObject, names: KnownNames, us: Account | None) -> Author:
    id_, bot_id, subtype = author_of(raw), text_of(raw, "bot_id"), text_of(raw, "subtype")
    if id_ == SLACKBOT or subtype == "slackbot_response":
        return Author(name="Slackbot", id=SLACKBOT, kind=AuthorKind.SYSTEM)
    user, called = names.users.get(id_), text_of(raw, "username")
    program = called or text_of(record_of(raw, "bot_profile"), "name")
    is_bot = user.is_bot if user else bool(bot_id or program or subtype == "bot_message")
    name = user.name if user else text_of(record_of(raw, "user_profile"), "real_name", "display_name", "name")
    if is_bot:
        name = called or name or program or names.bots.get(bot_id, "")
    kind = AuthorKind.BOT if is_bot else AuthorKind.PERSON
    return Author(
        name=name.strip() or id_ or bot_id or ("bot" if is_bot else "user"),
        id=id_ or bot_id,
        kind=AuthorKind.SYSTEM if is_event(subtype) else kind,
        email=(user.email or None) if user else None,
        own=us is not None and us.wrote(id_, bot_id),
        aliases=user.aliases if user else (),
    )


def _attachment(file: JsonObject) -> Attachment:
    mode, id_ = text_of(file, "mode"), text_of(file, "id")
    gone = _GONE.get(text_of(file, "file_access")) or _GONE.get(mode)
    is_titled = mode in ("quip", "canvas", "list") or not text_of(file, "name")
    name = text_of(file, "title", "name") if is_titled else text_of(file, "name")
    url = "" if gone else text_of(file, "external_url", "permalink")
    return Attachment(
        name=name or gone or id_ or "file",
        id=id_,
        media_type=text_of(file, "mimetype") or None,
        size=count_of(file, "size") or None,
        url=url if url.startswith(("https://", "http://")) else None,
    )
