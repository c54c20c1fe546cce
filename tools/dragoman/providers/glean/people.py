"""Names of people who are only known by an id, asked for in batches and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from dragoman.core.errors import PermissionDenied, Unauthenticated
from dragoman.core.model import Author, Message
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import PersonCache
from dragoman.providers.glean.mapping.mapping import to_author
from dragoman.providers.glean.mapping.wire import PeopleAnswer
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.wire import or_empty

_BATCH: Final = 100


async def with_names(api: Api, cache: PersonCache, messages: Sequence[Message]) -> list[Message]:
    """Replace ids by names, and mark messages of the person that the account acts for.

    A message never fails for want of a name.
    """
    nameless = {one.author.id for one in messages if _is_nameless(one.author)}
    if not nameless:
        return with_own(api, messages)
    if cache.people is None:
        # After a failure ids are shown, and the next page asks again.
        cache.people = Lookup(partial(_people, api, cache), batch=_BATCH, size=5000, retry_after=0.0)
    known = await cache.people.get_all(sorted(nameless))
    return with_own(api, [replace(one, author=_named(one.author, known)) for one in messages])


def with_own(api: Api, messages: Sequence[Message]) -> list[Message]:
    """Mark the messages of the person that calls are made for; the token's own user is not told."""
    person = api.person.casefold()
    return [
        replace(one, author=replace(one.author, own=True)) if person and _address(one) == person else one
        for one in messages
    ]


def _address(message: Message) -> str:
    return (message.author.email or "").casefold()


def _is_nameless(author: Author) -> bool:
    return bool(author.id) and author.name == author.id


def _named(author: Author, people: Mapping[str, Author]) -> Author:
    known = people.get(author.id) if _is_nameless(author) else None
    return replace(known, kind=author.kind if known.kind.value == "person" else known.kind) if known else author


async def _people(api: Api, cache: PersonCache, ids: Sequence[str]) -> dict[str, Author]:
    if cache.people_refused:
        return {}
    # Without this the service would answer an unknown id with the token's own user.
    body = {"fallbackToAuthenticatedIdentity": False, "obfuscatedIds": list(ids)}
    try:
        answer, _ = await api.read("people", body, PeopleAnswer, family="people")
    # A token without the scope stays so, and each page would ask in vain.
    except (PermissionDenied, Unauthenticated):
        cache.people_refused = True
        return {}
    found = [person for person in or_empty(answer.results) if person.name and person.obfuscated_id]
    return {person.obfuscated_id or "": to_author(person) for person in found}
