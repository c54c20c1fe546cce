"""People by what they are called: whom a name means, and mentions in a text that is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.folding import fold
from dragoman.core.safe_text import join, sentence

P = TypeVar("P")

_SHOWN: Final = 8
_CODE: Final = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_NAMED: Final = re.compile(r"(?<![\w<@/.\\])@([\w][\w.'\-]*(?: [\w][\w.'\-]*){0,3})")


def by_name(people: Iterable[P], names_of: Callable[[P], Iterable[str]]) -> dict[str, list[P]]:
    """People by each of their names, folded."""
    found: dict[str, list[P]] = {}
    for one in people:
        for name in {fold(name) for name in names_of(one) if name}:
            found.setdefault(name, []).append(one)
    return found


def only_person(called: str, people: Mapping[str, Sequence[P]], describe: Callable[[P], tuple[str, str]]) -> P:
    """The only person who is called so.

    Args:
        called: A name.
        people: From :func:`by_name`.
        describe: Id and name of a person, for the sentence that lists several.

    Raises:
        NotFound: There is none.
        InvalidArgument: There are several.
    """
    found = people.get(fold(called), ())
    if not found:
        raise NotFound(sentence("Nobody here is called {!r}.", called), hint="list_conversations finds people.")
    if len(found) > 1:
        listed = join([sentence("@{} ({:60})", *describe(one)) for one in found[:_SHOWN]])
        raise InvalidArgument(sentence("Several people are called so: {}.", listed), hint="Use one of the ids.")
    return found[0]


def write_mentions(
    text: str,
    people: Mapping[str, Sequence[P]],
    write: Callable[[P], str],
    missed: Callable[[str], object] = lambda _: None,
) -> str:
    """A text in which ``@name`` is a mention where exactly one person is called so; code stays as it is.

    Args:
        text: Markdown.
        people: Who can be meant, from :func:`by_name`.
        write: The mention of a person as the service wants it.
        missed: Is told each name that means several people, and the first word of one that means nobody.
    """

    def mention(found: re.Match[str]) -> str:
        called, named = _longest_name(found[1], people)
        if len(named) == 1:
            return f"{write(named[0])}{found[1][len(called) :]}"
        missed(called or found[1].split(" ")[0].rstrip(".'-"))
        return found[0]

    parts = _CODE.split(text)
    parts[::2] = [_NAMED.sub(mention, part) for part in parts[::2]]
    return "".join(parts)


def _longest_name(words: str, people: Mapping[str, Sequence[P]]) -> tuple[str, Sequence[P]]:
    """The longest beginning of some words that somebody is called, and who is; empty where nobody is."""
    parts = words.split(" ")
    for count in range(len(parts), 0, -1):
        name = " ".join(parts[:count]).rstrip(".'-")
        for called in (name, name.removesuffix("'s")):
            named = people.get(fold(called), ())
            if named:
                return called, named
    return "", ()
