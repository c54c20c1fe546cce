"""Names of people who are only known by an id, asked for in batches and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from dragoman.core.errors import DragomanError, PermissionDenied, Unauthenticated
from dragoman.core.model import Author, Message
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import Memory
from dragoman.providers.glean.mapping.lenient_models import each
from dragoman.providers.glean.mapping.mapping import to_author
from dragoman.providers.glean.mapping.wire import PeopleAnswer

_BATCH: Final = 100


async def with_names(api: Api, memory: Memory, messages: Sequence[Message]) -> list[Message]:
    """Put names where there are only ids. A message never fails for want of a name."""
    nameless = {one.author.id for one in messages if _is_nameless(one.author)}
    if not nameless:
        return list(messages)
    await _ask(api, memory, [one for one in sorted(nameless) if one not in memory.people])
    return [replace(one, author=_named(one.author, memory)) for one in messages]


def _is_nameless(author: Author) -> bool:
    return bool(author.id) and author.name == author.id


def _named(author: Author, memory: Memory) -> Author:
    known = memory.people.get(author.id) if _is_nameless(author) else None
    return replace(known, kind=author.kind if known.kind.value == "person" else known.kind) if known else author


async def _ask(api: Api, memory: Memory, unknown: Sequence[str]) -> None:
    if memory.people_refused:
        return
    try:
        for start in range(0, len(unknown), _BATCH):
            _keep(memory, unknown[start : start + _BATCH], await _people(api, unknown[start : start + _BATCH]))
    except (PermissionDenied, Unauthenticated):
        memory.people_refused = True
    except DragomanError:
        # Ids are shown this time; the next page asks again.
        return


async def _people(api: Api, ids: Sequence[str]) -> Iterable[Author]:
    body = {"fallbackToAuthenticatedIdentity": False, "obfuscatedIds": list(ids)}
    answer, _ = await api.read("people", body, PeopleAnswer, family="people")
    return [to_author(person) for person in each(answer.results) if person.name and person.obfuscated_id]


def _keep(memory: Memory, asked: Sequence[str], found: Iterable[Author]) -> None:
    by_id = {author.id: author for author in found}
    for one in asked:
        memory.people.put(one, by_id.get(one))
