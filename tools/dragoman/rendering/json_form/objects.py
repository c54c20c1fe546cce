"""Model objects as JSON objects; every string is cleaned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from operator import attrgetter
from typing import Final, cast

from dragoman.core.model import Attachment, AuthorKind, Citation, Conversation, Edit, Message, Reaction
from dragoman.core.names import hidden_address
from dragoman.core.references import Reference
from dragoman.core.sanitize import NOBODY, clean
from dragoman.core.times import iso
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import clip, measure, one_line, take
from dragoman.rendering.content.message_facts import Extra, Label, MessageFact

JsonObject = dict[str, object]

_NAME: Final = 200
_URL: Final = 2000
_ID: Final = 4000
_DEPTH: Final = 4
_OFTEN_EMPTY: Final = attrgetter("reactions", "attachments", "labels")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: object) -> str:
    """Compact JSON, readable in every script."""
    return _ENCODER.encode(value)


def message_object(message: Message, zone: tzinfo, shares: TokenShares, start: int = 0) -> tuple[JsonObject, int]:
    """A message as it stands in a list, and where the shown part of its text ends."""
    text, end, _ = cut_text(message.text, start, shares.text)
    # A number costs a token or two, a reference a dozen; with the conversation's it leads to the same.
    item: JsonObject = {"ref": message_ref(message, shares)} if message.number is None else {"number": message.number}
    if message.sent_at is not None:
        item["sent_at"] = iso(message.sent_at, zone)
    address = hidden_address(message.author)
    name = f"{message.author.name} ({address})" if address else message.author.name
    item["author"] = one_line(name, _NAME, shares.part) or NOBODY
    item["text"] = text
    _add_author_and_thread(item, message, zone, shares)
    if any(_OFTEN_EMPTY(message)):
        item |= _lists(message, shares)
    if message.subject or message.status:
        item |= present(
            subject=one_line(message.subject or "", _URL, shares.part * 2),
            status=one_line(message.status or "", _NAME, shares.part),
        )
    if message.partial:
        item["partial"] = True
    if len(message.text) != end:
        item["cut"] = len(message.text) - end
    return item, end


def _add_author_and_thread(item: JsonObject, message: Message, zone: tzinfo, shares: TokenShares) -> None:
    """Add what most messages do not have, each by a look of its own: a page has many messages."""
    if message.author.kind is AuthorKind.BOT:
        item["bot"] = True
    if message.author.own:
        item["own"] = True
    if message.reply_to is not None or message.reply_to_number is not None:
        item |= present(reply_to=_parent(message, shares))
    if message.replies > 0:
        item["replies"] = message.replies
    if message.edited_at is not None:
        item["edited_at"] = iso(message.edited_at, zone)


def full_object(message: Message, zone: tzinfo, shares: TokenShares, start: int) -> tuple[JsonObject, int]:
    """A message with what is known of it but for lists, and where the shown part of its text ends."""
    # Lists are added entry by entry, as far as there is room for them.
    alone = replace(message, reactions=(), attachments=(), labels=())
    item, end = message_object(alone, zone, shares, start)
    author = {
        "id": one_line(message.author.id, _ID, shares.part),
        "name": item["author"],
        "kind": str(message.author.kind),
        "email": one_line(message.author.email or "", _NAME, shares.part),
    }
    item = {"ref": message_ref(message, shares), **item, "author": present(**author)}
    return item | present(url=one_line(message.url or "", _URL, shares.part * 2)), end


def add_fact(item: JsonObject, fact: MessageFact, zone: tzinfo, shares: TokenShares) -> tuple[str, object] | None:
    """Add a fact to the list it belongs to.

    Returns:
        What was added, with its name, or nothing when the object has it already.
    """
    if isinstance(fact, Reaction | Extra):
        return _add_member(item, fact, shares)
    if isinstance(fact, Attachment):
        name, value = "attachments", cast("object", _attachment(fact, shares))
    elif isinstance(fact, Label):
        name, value = "labels", one_line(fact.name, _NAME, shares.part)
    elif isinstance(fact, Citation):
        name, value = "citations", _citation(fact, shares)
    elif isinstance(fact, Edit):
        name, value = "history", _edit(fact, zone, shares)
    else:
        return None
    cast("list[object]", item.setdefault(name, [])).append(value)
    return name, value


def _add_member(item: JsonObject, fact: Reaction | Extra, shares: TokenShares) -> tuple[str, object]:
    if isinstance(fact, Reaction):
        reactions = cast("JsonObject", item.setdefault("reactions", {}))
        # Counts of emoji that look alike after cleaning are added up.
        name = one_line(fact.emoji, _NAME, shares.part)
        reactions[name] = cast("int", reactions.get(name, 0)) + fact.count
        return name, fact.count
    extra = cast("JsonObject", item.setdefault("extra", {}))
    key = one_line(fact.key, _NAME, shares.part)
    # Two keys can be the same once they are cleaned and cut, and neither may hide the other.
    while key in extra:
        key += "'"
    extra[key] = _anything(fact.value, shares)
    return key, extra[key]


def conversation_object(one: Conversation, zone: tzinfo, shares: TokenShares) -> JsonObject:
    """A conversation as it stands in a list."""
    return {
        "ref": conversation_ref(one.account, one.id, shares),
        "title": one_line(one.title, _NAME, shares.part),
        "kind": str(one.kind),
        **present(
            last_message_at=one.last_message_at and iso(one.last_message_at, zone),
            participants=[one_line(name, _NAME, shares.part) for name in one.participants[: shares.entries]],
            left_out=max(0, len(one.participants) - shares.entries),
            messages=one.messages,
            unread=one.unread,
            status=one_line(one.status or "", _NAME, shares.part),
            url=one_line(one.url or "", _URL, shares.part * 2),
        ),
    }


def message_ref(message: Message, shares: TokenShares) -> str:
    """The reference of a message; when it is enormous its number, where there is one, which works as well."""
    whole = Reference(message.account, message.conversation[:_ID], message.id[:_ID])
    shown = _ref(whole, shares)
    # A cut reference leads nowhere, so the number stands for it.
    cut = shown != str(whole) or len(message.conversation) > _ID or len(message.id) > _ID
    return str(message.number) if cut and message.number is not None else shown


def conversation_ref(account: str, conversation: str, shares: TokenShares) -> str:
    """The reference of a conversation; an enormous one ends with ``…`` and is understood so."""
    shown = _ref(Reference(account, conversation[:_ID]), shares)
    return shown if len(conversation) <= _ID or shown.endswith("…") else f"{shown}…"


def cut_text(text: str, start: int, tokens: float) -> tuple[str, int, float]:
    """As much of a text as has room: cleaned, where it ends, what it costs within quotes."""
    piece, end, cost = take(text, start, tokens, _escaped)
    # The cut is made in the escaped form, because that is what costs; it never ends within an escape.
    return cast("str", json.loads(f'"{piece}"')) if "\\" in piece else piece, end, cost


def present(**members: object) -> JsonObject:
    """The members that say something: no nulls, no defaults."""
    return {name: value for name, value in members.items() if value}


def _escaped(text: str) -> str:
    return dumps(text)[1:-1]


def _ref(reference: Reference, shares: TokenShares) -> str:
    return clip(one_line(str(reference), _ID * 3, shares.reference), shares.reference)


def _parent(message: Message, shares: TokenShares) -> int | str | None:
    """The number of what this message answers, else its reference."""
    if message.reply_to is None or message.reply_to_number is not None:
        return message.reply_to_number
    return _ref(Reference(message.account, message.conversation[:_ID], message.reply_to[:_ID]), shares)


def _lists(message: Message, shares: TokenShares) -> JsonObject:
    most = shares.entries
    return present(
        reactions=_reactions(message, shares),
        attachments=[_attachment(one, shares) for one in message.attachments[:most]],
        labels=[one_line(label, _NAME, shares.part) for label in message.labels[:most]],
        # One number for all lists: which of them goes on is seen in get_message.
        left_out=sum(max(0, len(one) - most) for one in (message.reactions, message.attachments, message.labels)),
    )


def _reactions(message: Message, shares: TokenShares) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in message.reactions[: shares.entries]:
        emoji = one_line(one.emoji, _NAME, shares.part)
        counts[emoji] = counts.get(emoji, 0) + one.count
    return counts


def _attachment(one: Attachment, shares: TokenShares) -> JsonObject:
    return {
        "name": one_line(one.name, _NAME, shares.part) or "unnamed",
        **present(
            media_type=one_line(one.media_type or "", _NAME, shares.part),
            size=one.size,
            url=one_line(one.url or "", _URL, shares.part * 2),
        ),
    }


def _citation(one: Citation, shares: TokenShares) -> JsonObject:
    url = one_line(one.url or "", _URL, shares.part * 2)
    return {"title": one_line(one.title, _NAME, shares.part), **present(url=url), **_passage(one.text or "", shares)}


def _edit(one: Edit, zone: tzinfo, shares: TokenShares) -> JsonObject:
    return {"text": "", **_passage(one.text, shares), **present(at=one.at and iso(one.at, zone))}


def _passage(text: str, shares: TokenShares) -> JsonObject:
    """A text beside the message's own, and how many characters of it are not shown."""
    shown, end, _ = cut_text(text, 0, shares.part * 2)
    return present(text=shown, cut=len(text) - end)


def _anything(value: object, shares: TokenShares) -> object:
    """A service's own member: as it is, or the beginning of its JSON where it has no room."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _beginning(value, shares)
    plain = _plain(value, _DEPTH)
    text = dumps(plain)
    return plain if measure(text) <= shares.part * 2 else _beginning(text, shares)


def _beginning(text: str, shares: TokenShares) -> str:
    shown, end, _ = cut_text(text, 0, shares.part * 2)
    return shown if end == len(text) else f"{shown} ... (+{len(text) - end:,} chars, larger max_tokens)"


def _plain(value: object, depth: int) -> object:
    anything = value
    if value is None or isinstance(value, bool | int | float):
        return value
    # Members of a service may nest without end; below some depth they are shown as text.
    if isinstance(value, Mapping) and depth:
        items = cast("Mapping[object, object]", value).items()
        return {clean(str(key)): _plain(item, depth - 1) for key, item in items}
    if isinstance(value, list | tuple) and depth:
        return [_plain(item, depth - 1) for item in cast("Sequence[object]", value)]
    return clean(str(anything))
