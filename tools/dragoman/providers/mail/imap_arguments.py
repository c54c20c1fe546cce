"""Arguments of commands to a mail server, and answers that need care.

What could end a command and begin another is refused here.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeAlias, cast

from imapclient.imap_utf7 import decode as decode_utf7  # pyright: ignore[reportMissingTypeStubs] - it has none
from imapclient.imapclient import (  # pyright: ignore[reportMissingTypeStubs] - as above
    _quoted as Quoted,  # noqa: N812 # pyright: ignore[reportPrivateUsage] - it quotes every word, also `(` and `{1}`
)

from dragoman.core.errors import InvalidArgument
from dragoman.providers.mail.folder_state import FolderEntry

SearchKey: TypeAlias = "str | Word | date"
"""A keyword of IMAP, a word to look for, or a day. Keys follow each other as IMAP has them, without brackets."""

_CONTROL: Final = frozenset(map(chr, (*range(0x20), 0x7F)))
_FLAG_SIGNS: Final = frozenset('(){ %*"\\]')


class PuzzlingAnswerError(Exception):
    """The server answered what cannot be taken apart."""


class CharsetRefusedError(imaplib.IMAP4.error):
    """The server searches no words in UTF-8."""


class Word(str):
    """Text to look for; it is quoted on the wire, whatever is in it."""

    __slots__ = ()


def require_one_line(*values: str) -> None:
    """Refuse what could end a command and begin another.

    Raises:
        InvalidArgument: A value has a control character.
    """
    if any(not _CONTROL.isdisjoint(value) for value in values):
        raise InvalidArgument(
            "Mail servers take no line breaks and control characters in words, names and ids.",
            hint="Leave them out.",
        )


def require_flags(*flags: str) -> None:
    """Refuse what is no flag.

    Raises:
        InvalidArgument: A flag is empty, or has blanks, brackets, quotes, or letters beyond ASCII.
    """
    if not all(is_flag(flag.removeprefix("\\")) for flag in flags):
        raise InvalidArgument(
            "Labels of a mailbox are single words of plain letters, digits and signs such as - and _.",
            hint="Take another word for the label.",
        )


def is_flag(word: str) -> bool:
    """Whether a word can be a keyword of a mail server."""
    return bool(word) and word.isascii() and word.isprintable() and _FLAG_SIGNS.isdisjoint(word)


def search_arguments(keys: Sequence[SearchKey]) -> Iterator[bytes]:
    """The keys of a search as they go out.

    Raises:
        InvalidArgument: A word has a control character.
    """
    for key in keys:
        if isinstance(key, Word):
            require_one_line(key)
            yield _quote(key.encode("utf-8", "replace"))
        elif isinstance(key, str):
            yield key.encode("ascii")
        else:
            yield f"{key.day:02}-{_MONTHS[key.month - 1]}-{key.year:04}".encode("ascii")


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _quote(word: bytes) -> bytes:
    """A word in quotes; one beyond ASCII stays as it is, because it goes out with its length before it."""
    if not word.isascii():
        return word
    quoted = cast("Any", Quoted(b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'))
    quoted.original = word
    return cast("bytes", quoted)


def uid_ranges(uids: Sequence[int]) -> str:
    """Rising UIDs as IMAP writes them, neighbours together."""
    parts: list[list[int]] = []
    for uid in uids:
        if parts and parts[-1][1] == uid - 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(f"{low}:{high}" if high > low else f"{low}" for low, high in parts)


def read_folder_list(listed: Iterable[tuple[Iterable[bytes], bytes | None, Any]]) -> Iterator[FolderEntry]:
    """Folders as the server lists them. One whose name is not encoded as IMAP wants it cannot be opened."""
    for flags, separator, name in listed:
        try:
            decoded = str(decode_utf7(name))
        except UnicodeDecodeError:
            continue
        words = frozenset(one.decode("ascii", "replace").lower() for one in flags)
        yield FolderEntry(decoded, words, (separator or b"/").decode("ascii", "replace"))
