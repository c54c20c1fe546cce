"""What a message of Slack has beside its text: its kind, reactions and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dragoman.core.emoji_names import emoji_of
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of, texts_of
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Reaction

_EVENT: Final = lazy_pattern(
    r"(?:channel|group|im|mpim|sh_room|reminder|app_conversation)_\w+|bot_(?!message)\w+|(?:un)?pinned_item"
    r"|huddle_thread|joiner_notification\w*|tabbed_canvas_updated|ekm_access_denied"
)


def files_of(message: JsonObject) -> list[JsonObject]:
    """The files of a message; older ones have a single one."""
    return records_of(message, "files") or [file for file in (record_of(message, "file"),) if file]


def is_event(subtype: str) -> bool:
    """Whether a message of this kind tells what happened to a conversation, and nobody wrote it."""
    return _EVENT.fullmatch(subtype) is not None


def reactions_of(message: JsonObject, name_of: Callable[[str], str]) -> Iterator[Reaction]:
    """The reactions to a message; of the people only some may be there, and those without a name are counted alone."""
    for reaction in records_of(message, "reactions"):
        users, name = texts_of(reaction, "users"), text_of(reaction, "name")
        count = max(count_of(reaction, "count") or 0, len(users))
        if name and count:
            by = tuple(named for one in users if (named := name_of(one)))
            yield Reaction(emoji=emoji_of(name), count=count, by=by)
