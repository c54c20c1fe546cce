"""Checks of what goes over the wire: a text that is no UTF-8 is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.core.errors import InvalidArgument, NotFound


def require_id(identifier: str) -> str:
    """An id that can be asked for.

    Raises:
        NotFound: Nothing can have it.
    """
    if not identifier or not _encodable(identifier):
        raise NotFound("There is nothing with this id.", hint="Copy references as the tools show them.")
    return identifier


def require_text(text: str) -> str:
    """A text that can be sent.

    Raises:
        InvalidArgument: It has half a character in it.
    """
    if not _encodable(text):
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.")
    return text


def require_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that can be sent."""
    return {require_text(key): require_text(value) for key, value in labels.items()}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
