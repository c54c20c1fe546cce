"""From a search result, or a document, to a message. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from dragoman.core.emoji_names import emoji_of
from dragoman.core.model import Attachment, Author, AuthorKind, Message, Reaction
from dragoman.core.times import parse_time
from dragoman.providers.glean.mapping.results import text_of
from dragoman.providers.glean.mapping.wire import Document, Interactions, Metadata, Person, Result
from dragoman.providers.kit.wire import or_empty

NOBODY: Final = "user"
_EDITED: Final = timedelta(seconds=1)  # the two times of one moment may have different precision
_TEAMS: Final = {
    "like": "+1",
    "laugh": "laughing",
    "party": "partying_face",
    "sad": "cry",
    "surprised": "open_mouth",
}
_NO_METADATA: Final = Metadata()
_NO_INTERACTIONS: Final = Interactions()
_NO_DOCUMENT: Final = Document()


def to_message(result: Result, conversation: str) -> Message:
    """Map a result to a message of this conversation."""
    facts = metadata_of(result)
    text, partial = text_of(result)
    interactions = facts.interactions or _NO_INTERACTIONS
    created, updated = parse_time(facts.create_time), parse_time(facts.update_time)
    return Message(
        id=message_id(result),
        conversation=conversation,
        author=author_of(facts, result.document),
        sent_at=created,
        text=text,
        reply_to=parent_of(result),
        replies=max(0, interactions.num_comments or 0),
        edited_at=updated if created and updated and updated - created >= _EDITED else None,
        partial=partial,
        status=facts.status or None,
        url=link_of(result),
        reactions=tuple(_reactions(interactions)),
        attachments=tuple(to_attachment(one) for one in or_empty(result.attachments)),
        labels=tuple(label for label in or_empty(facts.labels) if label),
        extra=_extra(result, facts),
    )


def metadata_of(result: Result) -> Metadata:
    """The metadata from both places where deployments put it, the newer one first."""
    here, there = result.document.metadata if result.document else None, result.metadata
    if here is None or there is None:
        return here or there or _NO_METADATA
    # Deployments fill either place, or each with a part.
    missing = {name: value for name, value in there if getattr(here, name) is None}
    return here.model_copy(update=missing)


def message_id(result: Result) -> str:
    """The opaque id: of the document, else the link, else a digest of everything that there is."""
    document = result.document or _NO_DOCUMENT
    found = document.id or metadata_of(result).document_id or link_of(result)
    # The same result has to get the same id each time, or it would be a new message in every list.
    return found or "none-" + hashlib.sha256(result.model_dump_json().encode()).hexdigest()[:24]


def link_of(result: Result) -> str | None:
    """The permalink."""
    return result.url or (result.document and result.document.url) or None


def parent_of(result: Result) -> str | None:
    """The id of the message that this one answers."""
    facts = metadata_of(result)
    parent = facts.parent_id
    # Some connectors name the channel, or the message itself, as its parent.
    containers = {message_id(result), facts.container_id, facts.super_container_id}
    return None if not parent or parent in containers else parent


def author_of(facts: Metadata, document: Document | None = None) -> Author:
    """The author. Without a name the id stands for it, until people were asked."""
    named = [one for one in (facts.author, facts.owner) if one and (one.name or one.obfuscated_id)]
    if not named:
        return Author(name=NOBODY)
    kinds = {(facts.object_type or "").lower(), ((document and document.doc_type) or "").lower()}
    return to_author(named[0], is_bot="bot message" in kinds)


def to_author(person: Person, *, is_bot: bool = False) -> Author:
    """A person as an author."""
    more = person.metadata
    is_bot = is_bot or (more is not None and more.type == "NON_EMPLOYEE")
    return Author(
        id=person.obfuscated_id or "",
        name=(person.name or "").strip() or person.obfuscated_id or NOBODY,
        kind=AuthorKind.BOT if is_bot else AuthorKind.PERSON,
        email=(more and more.email) or None,
    )


def to_attachment(result: Result) -> Attachment:
    """A file; it comes as a result of its own."""
    document, url = result.document or _NO_DOCUMENT, link_of(result)
    name = result.title or document.title or _last_part(url) or document.id or "file"
    return Attachment(name=name, id=document.id or "", media_type=metadata_of(result).mime_type, url=url)


def _reactions(interactions: Interactions) -> Iterator[Reaction]:
    for one in or_empty(interactions.reacts):
        names = tuple(person.name for person in or_empty(one.reactors) if person.name)
        count = len(names) if one.count is None else one.count
        if one.type and count > 0:
            yield Reaction(emoji=emoji(one.type), count=count, by=names)
    # Older deployments give names of reactions only, one for each person.
    if interactions.reacts is None:
        old = Counter(emoji(name) for name in or_empty(interactions.reactions) if name.strip())
        yield from (Reaction(emoji=name, count=count) for name, count in old.items())


def emoji(name: str) -> str:
    """The emoji of a name of Slack or Teams; an unknown name stays as ``:name:``, and an emoji as it is."""
    plain = name.strip().strip(":")
    if not plain.isascii():
        return name.strip()
    known = emoji_of(_TEAMS.get(plain.lower(), plain.lower()))
    return f":{plain}:" if known.startswith(":") else known


def _last_part(url: str | None) -> str:
    try:
        return unquote(urlsplit(url or "").path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return ""


def _extra(result: Result, facts: Metadata) -> Mapping[str, object]:
    interactions = facts.interactions or _NO_INTERACTIONS
    reacted = sum(one.count or 0 for one in or_empty(interactions.reacts))
    mentioned = [person.name for person in or_empty(facts.mentioned_people) if person.name]
    known = {
        "channel": facts.container,
        "workspace": facts.super_container_id,
        "instance": facts.datasource_instance,
        "source_id": facts.datasource_id,
        "visibility": facts.visibility,
        "app_link": result.native_app_url,
        "mentions": mentioned,
        "attachments": _more(result.attachment_count, len(or_empty(result.attachments))),
        "reactions": _more(interactions.num_reactions, reacted),
    }
    return {name: value for name, value in known.items() if value}


def _more(total: int | None, listed: int) -> int | None:
    """A total that is larger than what is listed."""
    return total if total is not None and total > listed else None
