"""Sentences that are built from foreign pieces.

Errors, notes, reasons, hints and lines of commands name things that other people chose: titles, names, ids, files, the
words of a service. :func:`sentence` puts such a piece into a sentence of ours as SQL takes a parameter: it is cleaned,
it is cut, and it is quoted unless it is a single plain word. So no piece can end the sentence or begin another line.

A text that may be shown is a literal of our code or a :class:`SafeText`. Parameters that are shown have the type
:data:`Sentence`: a type checker refuses an f-string there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, LiteralString, TypeAlias

from dragoman.core.lazy_pattern import lazy_pattern

LIMIT: Final = 120
"""Characters of a piece, unless its place in the template says otherwise: ``{:40}``."""

MOST_JOINED: Final = 40
"""Pieces that are named one after the other."""

_LONGEST_PATH: Final = 400
_LONGEST_SENTENCE: Final = 2_000
_WORD: Final = lazy_pattern(  # one word; scripts without spaces could say a sentence in it
    r"(?:[!#-&(-_a-~\u2026]|[^\x00-\x7f\W\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\U0010ffff])++"
)
_DOUBLE: Final = lazy_pattern(r'[\\"\u201c-\u201f\u00ab\u00bb\uff02]')
_SINGLE: Final = lazy_pattern(r"[\\'\u2018-\u201b\uff07]")


class SafeText(str):
    """Text of one line that may be shown as it is: every foreign piece in it is cleaned, cut and marked."""

    __slots__ = ()


Sentence: TypeAlias = LiteralString | SafeText
"""Text that may be shown: our own words, around foreign pieces that were made safe."""


def sentence(template: LiteralString, *pieces: object) -> SafeText:
    """Build a sentence of ours around foreign pieces.

    Args:
        template: Our words. ``{}`` is the place of a piece, which is quoted unless it is one plain word; ``{!r}``
            quotes it in any case; ``{:40}`` cuts it to 40 characters. Numbers take the usual formats: ``{:,}``.
        *pieces: A :class:`SafeText` stands as it is. Everything else is foreign.
    """
    return SafeText(template.format(*map(_formattable, pieces)))


def join(pieces: Iterable[object], between: LiteralString = ", ", *, most: int = MOST_JOINED) -> SafeText:
    """Foreign pieces one after the other, each made safe on its own.

    Sentences that are empty are left out; of more than ``most`` pieces the rest is counted.
    """
    every = [piece for piece in pieces if piece or not isinstance(piece, SafeText)]
    shown = [str(sentence("{}", piece)) for piece in every[:most]]
    if len(every) > most:
        shown.append(f"and {len(every) - most:,} more")
    return SafeText(between.join(shown))


def quote(text: str, limit: int = LIMIT) -> SafeText:
    """Foreign words in double quotes that they cannot close, cut to ``limit`` characters."""
    return SafeText(f'"{_DOUBLE.sub(_escaped, _line(text, limit))}"')


def unquoted(text: str, limit: int = LIMIT) -> SafeText:
    """Words of this machine, such as the reason that the system gives for a failure: one clean line, no quotes."""
    return SafeText(_line(text, limit))


def shell_line(*words: object) -> SafeText:
    """A command to type into a shell, with each word quoted that could mean more than itself there."""
    import shlex  # noqa: PLC0415  # few sentences name a command

    return SafeText(_line(shlex.join(map(str, words)), _LONGEST_SENTENCE))


def safe(text: Sentence) -> SafeText:
    """Mark a literal sentence as safe, so that it can be a piece of others; anything else is cleaned."""
    return text if isinstance(text, SafeText) else SafeText(_line(text, _LONGEST_SENTENCE))


def _line(text: str, limit: int) -> str:
    # Nearly every piece is plain, and cleaning would import tables of characters.
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return " ".join(text.split())
    from dragoman.core.sanitize import clean_line  # noqa: PLC0415  # most pieces are plain; saves it at the start

    return clean_line(text, limit)


def _escaped(quote_mark: re.Match[str]) -> str:
    return f"\\{quote_mark[0]}"


def _formattable(piece: object) -> object:
    if isinstance(piece, SafeText | int | float):
        return piece
    return _Piece(str(piece), _LONGEST_PATH if hasattr(piece, "__fspath__") else LIMIT)


class _Piece:
    """A foreign piece at its place in a template."""

    def __init__(self, text: str, limit: int) -> None:
        self._text = text
        self._limit = limit

    def __format__(self, limit: str) -> str:
        """Bare when it is one word that can be nothing else."""
        line = _line(self._text, int(limit) if limit else self._limit)
        return line if _WORD.fullmatch(line) else _quoted(line)

    def __repr__(self) -> str:
        """Quoted in any case."""
        return _quoted(_line(self._text, self._limit))


def _quoted(line: str) -> str:
    """In single quotes, or in double ones when only an apostrophe is within; it can close neither."""
    # A name like O'Brien reads better in double quotes than with a sign before its apostrophe.
    if "'" in line and not _DOUBLE.search(line):
        return f'"{line}"'
    return f"'{_SINGLE.sub(_escaped, line)}'"
