"""Links to mails."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

LONGEST_ID: Final = 500
"""Characters of a message id; a mail with a longer one gets another."""

_SCHEME = "mid:"
_PLAIN: Final = re.compile(r"[\w.~@-]+", re.ASCII)


def parse_mid(link: str) -> str | None:
    """The message id of a link that has one; ``None`` for others."""
    if link[:4].lower() != _SCHEME:
        return None
    message = unquote(link[4:].partition("/")[0]).strip().removeprefix("<").removesuffix(">")
    if not message or len(message) > LONGEST_ID or not message.isprintable():
        return None
    return message


def write_mid(message: str) -> str:
    """The link to a mail."""
    return _SCHEME + (message if _PLAIN.fullmatch(message) else quote(message, safe="@"))
