"""What happened in a conversation of Skype: calls, people who came and went, new titles."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from dragoman.archives.json_mending import parse
from dragoman.archives.skype.markup import card_texts, pieces_of
from dragoman.archives.text import clean
from dragoman.core.lazy_pattern import lazy_pattern

CALL: Final = "Event/Call"
THREAD: Final = "ThreadActivity/"
NOTICES: Final = frozenset({"Notice", "PopCard"})

_WORDS: Final = lazy_pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_RELATION: Final = "InviteFreeRelationshipChanged"


class Event(NamedTuple):
    """What happened, in a few words, and the id of who did it; empty when nobody is named."""

    text: str
    actor: str = ""


def is_event(kind: str) -> bool:
    """Whether messages of a type tell what happened."""
    return kind == CALL or kind in NOTICES or kind.startswith((THREAD, _RELATION))


def read_event(kind: str, content: str, name_of: Callable[[str], str]) -> Event:
    """The event that a message of such a type tells.

    Args:
        kind: The type.
        content: Its markup, or JSON.
        name_of: The name of the person with an id.
    """
    if kind == CALL:
        return Event(_call(content))
    if kind in NOTICES:
        return Event(_notice(content) or kind.lower())
    told = _members(content)
    actor = next(iter(told.get("initiator", [])), "")
    return Event(_activity(kind, told, actor, name_of), actor)


def _activity(kind: str, told: dict[str, list[str]], actor: str, name_of: Callable[[str], str]) -> str:
    targets = told.get("target", [])
    people = ", ".join(map(name_of, targets)) or "somebody"
    value = clean(next(iter(told.get("value", [])), ""))
    name = kind.partition("/")[2]
    known = {
        "AddMember": "joined" if targets == [actor] else f"added {people}",
        "DeleteMember": "left the conversation" if targets == [actor] else f"removed {people}",
        "TopicUpdate": f"named the conversation {value}" if value else "took the name of the conversation away",
        "PictureUpdate": "changed the picture",
    }
    return known.get(name) or _WORDS.sub(" ", name or kind).lower()


def call_names(content: str) -> dict[str, str]:
    """Names of the people in a call, by their ids."""
    names: dict[str, str] = {}
    identity = tag = ""
    # Each `part` has the id as an attribute, and the name in an element below it.
    for piece in pieces_of(content):
        identity = piece.attributes.get("identity", identity)
        tag = "" if piece.is_end else piece.tag or tag
        if tag == "name" and identity and piece.text.strip():
            names[identity] = clean(piece.text)
    return names


def _call(content: str) -> str:
    """How a call went, and how long it took."""
    state = next((piece.attributes.get("type", "") for piece in pieces_of(content) if piece.tag == "partlist"), "")
    # Each participant has a duration; the call took as long as who stayed longest.
    seconds = [float(text) for text in _members(content).get("duration", []) if re.fullmatch(r"\d{1,7}(\.\d+)?", text)]
    length = f", {max(seconds):.0f} s" if seconds and max(seconds) > 0 else ""
    return f"call {clean(state)}".strip() + length


def _members(content: str) -> dict[str, list[str]]:
    """The texts of a markup by the tag around them; ids within a target are the target's."""
    found: dict[str, list[str]] = {}
    around: list[str] = []
    for piece in pieces_of(content):
        if piece.is_end:
            around = around[:-1]
        elif piece.tag:
            around.append(piece.tag)
        elif around and piece.text.strip():
            tag = "target" if around[-2:] == ["target", "id"] else around[-1]
            found.setdefault(tag, []).append(piece.text.strip())
    return found


def _notice(content: str) -> str:
    try:
        return "\n".join(dict.fromkeys(card_texts(parse(content))))
    except ValueError:
        return clean("".join(piece.text for piece in pieces_of(content)))
