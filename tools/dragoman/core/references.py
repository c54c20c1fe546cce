"""The reference grammar: ``account:conversation`` and ``account:conversation/message``.

Ids are the provider's own. In a reference, ``%``, ``/``, white space, control, format and surrogate
characters of an id are percent-encoded (UTF-8); everything else stays readable. So a reference is one
word, has one spelling, and shows nothing invisible.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.sanitize import clean

ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_BAD_ESCAPE: Final = lazy_pattern(r"%(?![0-9A-Fa-f]{2})")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Reference:
    """The full address of a conversation, or of a message in it."""

    account: str
    conversation: str
    message: str | None = None

    def __str__(self) -> str:
        """The one spelling of this reference."""
        text = f"{self.account}:{encode(self.conversation)}"
        return text if self.message is None else f"{text}/{encode(self.message)}"


def encode(identifier: str) -> str:
    """Write an id as a part of a reference."""
    if identifier.isalnum() and identifier.isascii():
        return identifier
    readable = "".join(_escape(c) if _must_escape(c) else c for c in identifier)
    if readable.isascii() or clean(readable) == readable:
        return readable
    # What would not be shown as it is could not be copied from what is shown.
    return "".join(c if c.isascii() or _is_letter(c) else _escape(c) for c in readable)


def decode(part: str) -> str:
    """Read an id back from a part of a reference.

    Raises:
        InvalidArgument: A percent sign that encodes nothing, or bytes that are no UTF-8.
    """
    if "%" not in part:
        return part
    if _BAD_ESCAPE.search(part):
        raise _bad()
    if "%" not in part:
        return part
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  # takes time, and most ids are plain

    try:
        return unquote_to_bytes(part.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise _bad() from None


def parse(text: str) -> Reference | None:
    """Read a reference; ``None`` when the text does not have the form of one.

    Raises:
        InvalidArgument: It has the form, and its percent-encoding is broken.
    """
    account, colon, rest = text.partition(":")
    if not colon or not ACCOUNT_NAME.fullmatch(account):
        return None
    conversation, slash, message = rest.partition("/")
    # White space ends a reference where it is copied from a sentence.
    if not conversation or (slash and not message) or "/" in message or any(c.isspace() for c in rest):
        return None
    if "%" not in rest:
        return Reference(account, conversation, message or None)
    return Reference(account, decode(conversation), decode(message) if slash else None)


def _must_escape(char: str) -> bool:
    return char in "%/" or unicodedata.category(char) in _HIDDEN


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNP" and clean(f"a{char}a") == f"a{char}a"


def _escape(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _bad() -> InvalidArgument:
    return InvalidArgument(
        "The reference has a % that encodes nothing.", hint="Copy references as the tools show them."
    )
