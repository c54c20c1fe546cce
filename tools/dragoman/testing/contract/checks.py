"""The small checks that scenarios are made of; each failure is a sentence for the author of a provider."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pydantic import SecretStr

from dragoman.core.errors import DragomanError
from dragoman.core.model import Message, Page
from dragoman.providers.base.provider import AccountSettings, MessageQuery, Provider

T = TypeVar("T")

# A list that makes a new cursor each time would never end.
MOST_PAGES: Final = 1000
FEWEST_WORDS: Final = 3
MOST_CHARACTERS: Final = 600
_LINE: Final = 120
_CODE: Final = re.compile(
    r"(?i)\b(?:http(?:/[\d.]+)?|status|code|error)\W{0,3}[1-5]\d\d\b|StatusCode\.|<\s*(?:html|!doctype)"
)
_TRACE: Final = re.compile(r"Traceback \(most recent|\bFile \"|<\w[\w.]* object at 0x")


def require(condition: bool, sentence: str) -> None:  # noqa: FBT001  # reads as `assert` does
    """Fail with a sentence unless the condition holds.

    Raises:
        AssertionError: It does not.
    """
    if not condition:
        raise AssertionError(sentence)


async def walk(fetch: Callable[[str | None], Awaitable[Page[T]]], cursor: str | None = None) -> list[Page[T]]:
    """Follow the cursors to the end, which is ``None`` and nothing else."""
    pages: list[Page[T]] = []
    seen: set[str] = set()
    while len(pages) < MOST_PAGES:
        page = await fetch(cursor)
        pages.append(page)
        cursor = page.cursor
        if cursor is None:
            return pages
        require(cursor != "", "The end of a list is the cursor None; an empty string is none.")
        require(cursor not in seen, "The same cursor came twice, so the list would never end.")
        seen.add(cursor)
    raise AssertionError(f"The list did not end within {MOST_PAGES} pages.")


async def read(account: Provider, conversation: str, query: MessageQuery) -> list[Page[Message]]:
    """All pages of a conversation for a query, whose own cursor is where it starts."""

    async def fetch(cursor: str | None) -> Page[Message]:
        page = await account.list_messages(conversation, replace(query, cursor=cursor))
        for message in page.items:
            require_sound(message, conversation)
        return page

    return await walk(fetch, query.cursor)


def in_order(pages: Sequence[Page[Message]], *, latest: bool) -> list[str]:
    """The ids of all messages of some pages, oldest first."""
    ordered = reversed(pages) if latest else iter(pages)
    return [message.id for page in ordered for message in page.items]


def require_sound(message: Message, conversation: str) -> None:
    """Check what holds for every message that a provider returns."""
    require(message.id != "", "Every message has an id.")
    require(
        message.conversation == conversation, f"Message {message.id!r} names another conversation than the one asked."
    )
    require(message.author.name.strip() != "", f"The author of message {message.id!r} has no name.")
    # A time without a zone cannot be compared with one that has one.
    for moment in (message.sent_at, message.edited_at, message.deleted_at):
        aware = moment is None or moment.utcoffset() is not None
        require(aware, f"Message {message.id!r} has a time without a zone.")


def require_once(found: Sequence[str], expected: Sequence[str]) -> None:
    """Check that ids are exactly the expected ones, each once and in this order."""
    twice = sorted({each for each in found if found.count(each) > 1})
    require(not twice, f"These came twice: {twice}.")
    lost = [each for each in expected if each not in found]
    require(not lost, f"These were lost: {lost}.")
    strange = [each for each in found if each not in expected]
    require(not strange, f"These do not belong here: {strange}.")
    require(list(found) == list(expected), f"The order is {list(found)} instead of {list(expected)}.")


def require_same(found: Message, expected: Message) -> None:
    """Check that a message has everything that the service has of it."""
    for member in ("id", "conversation", "sent_at", "text", "reply_to", "subject", "edited_at"):
        _require_member(member, getattr(found, member), getattr(expected, member))
    _require_member("author.name", found.author.name, expected.author.name)
    _require_member("author.kind", found.author.kind, expected.author.kind)
    _require_member("labels", set(found.labels), set(expected.labels))
    reactions = ({r.emoji: r.count for r in each.reactions} for each in (found, expected))
    _require_member("reactions", *reactions)
    files = ([(a.name, a.media_type, a.size) for a in each.attachments] for each in (found, expected))
    _require_member("attachments", *files)


def _require_member(member: str, found: object, expected: object) -> None:
    require(found == expected, f"{member} is {_short(found)} instead of {_short(expected)}.")


async def expect(
    kinds: type[DragomanError] | tuple[type[DragomanError], ...], call: Awaitable[object]
) -> DragomanError:
    """Await a call that has to fail in one of these ways, and return its error.

    Raises:
        AssertionError: It did not fail, or in another way of the family. Foreign errors pass as they are.
    """
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    names = " or ".join(kind.__name__ for kind in wanted)
    try:
        answer = await call
    # First, because the wanted error is a DragomanError as well.
    except wanted as error:
        return error
    except DragomanError as error:
        raise AssertionError(f"{type(error).__name__} was raised instead of {names}: {error}") from error
    raise AssertionError(f"{names} was to be raised, but the call answered {_short(answer)}.")


def require_plain(error: DragomanError, settings: AccountSettings) -> None:
    """Check that an error reads as one or two sentences and gives nothing away."""
    said, kind = str(error), type(error).__name__
    sentence = len(error.message.split()) >= FEWEST_WORDS and error.message.rstrip().endswith((".", "!", "?"))
    require(sentence, f"{kind} is no sentence: {_short(said)}.")
    require("\n" not in said, f"{kind} has more than one line: {_short(said)}.")
    require(len(said) <= MOST_CHARACTERS, f"{kind} has {len(said)} characters; two sentences are enough.")
    require(not _CODE.search(said), f"{kind} shows a status code or the service's page: {_short(said)}.")
    require(not _TRACE.search(said), f"{kind} shows the inside of the program: {_short(said)}.")
    for secret in secrets_of(settings):
        require(secret not in said, f"{kind} shows a secret of the settings.")


def secrets_of(settings: AccountSettings) -> Iterator[str]:
    """The non-empty secrets of an account's settings."""
    for name in type(settings).model_fields:
        value: object = getattr(settings, name)
        # An empty one would be found in every text.
        if isinstance(value, SecretStr) and value.get_secret_value():
            yield value.get_secret_value()


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LINE else f"{text[:_LINE]}..."
