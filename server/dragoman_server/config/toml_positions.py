"""TOML with the line of every key, and with all its syntax mistakes instead of the first.

``tomllib`` stops at the first mistake and forgets where things stood. Here a line that does not
parse is noted, left out, and the rest is read again; the lines of keys are found by scanning text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dragoman_server.config.key_paths import KeyPath
from dragoman_server.config.toml_reasons import explain, explain_end

_MOST_MISTAKES: Final = 20
# Each try parses all lines before it, so the time grows with the square.
_MOST_TRIED: Final = 300
# Before Python 3.14 tomllib tells the place in the words of its message only.
_WHERE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PATH: Final = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT: Final = re.compile(rf"[ \t]*(?:\[\[?[ \t]*(?P<table>{_PATH})[ \t]*\]|(?P<key>{_PATH})[ \t]*=)")
_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]"
    r"|[^\[\]{}\n\"'\#]+"
    r"|.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SyntaxMistake:
    """A line (from 1) that is no TOML, and why; the reason names keys but never a value."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """The readable part of a settings file.

    Attributes:
        whole: The lines left out cannot have moved the others into another table.
    """

    data: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    mistakes: tuple[SyntaxMistake, ...] = ()
    whole: bool = True

    def line_of(self, path: KeyPath) -> int | None:
        """The line of a key, or of the nearest thing around it that has one."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


@dataclass(slots=True)
class _Attempt:
    rows: list[str]
    mistakes: list[SyntaxMistake] = field(default_factory=list[SyntaxMistake])


def read(text: str) -> Document:
    """Read as much of a TOML text as has sense."""
    attempt = _Attempt(text.replace("\r\n", "\n").split("\n"))
    while len(attempt.mistakes) < _MOST_MISTAKES:
        source = "\n".join(attempt.rows)
        try:
            data = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            if not _leave_out(attempt, str(error)):
                break
        except RecursionError:
            attempt.mistakes.append(SyntaxMistake(1, "Brackets are nested too deep"))
            break
        else:
            return Document(data, key_lines(source), tuple(attempt.mistakes))
    return Document({}, {}, tuple(attempt.mistakes), whole=False)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key and table header of a valid TOML text; inside inline tables none."""
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    position, line = 0, 1
    while position < len(text):
        statement = _STATEMENT.match(text, position)
        if statement:
            if statement["table"]:
                table = path = _parts(statement["table"])
            else:
                path = table + _parts(statement["key"])
            for end in range(1, len(path) + 1):
                found.setdefault(path[:end], line)
            position = statement.end()
        end = _end_of_statement(text, position)
        line += text.count("\n", position, end)
        position = end
    return found


def _leave_out(attempt: _Attempt, error: str) -> bool:
    """Note the mistake and blank its line; ``False`` when going on would only invent mistakes."""
    where = _WHERE.search(error)
    reason = error[: where.start()] if where else error
    if not (where and where["line"]):
        first = _last_good(attempt.rows)
        attempt.mistakes.append(SyntaxMistake(first + 1, explain_end(reason, _key_of(attempt.rows[first]))))
        return False
    line = int(where["line"])
    row = attempt.rows[line - 1].lstrip()
    attempt.mistakes.append(SyntaxMistake(line, explain(reason, _key_of(row))))
    # Emptied, not taken out: the lines below keep their numbers.
    attempt.rows[line - 1] = ""
    # Keys below a lost header would land in the table above, and the rest of an open bracket is no statement.
    return not (row.startswith("[") or reason.startswith("Unclosed") or _opens(row))


def _key_of(row: str) -> str | None:
    """The key that a line begins with."""
    statement = _STATEMENT.match(row)
    return statement["key"] if statement else None


def _last_good(rows: list[str]) -> int:
    """How many lines there are before the one in which something begins that never ends."""
    for end in range(len(rows) - 1, max(0, len(rows) - _MOST_TRIED), -1):
        try:
            tomllib.loads("\n".join(rows[:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return 0


def _opens(row: str) -> bool:
    """Whether something begins in this line that ends in another."""
    return any(mark in row for mark in ('"""', "'''")) or row.count("[") + row.count("{") != row.count("]") + row.count(
        "}"
    )


def _end_of_statement(text: str, position: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, position):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)


def _parts(path: str) -> KeyPath:
    """The keys of a dotted path, unquoted."""
    return tuple(next(iter(tomllib.loads(f"{key} = 0"))) for key in re.findall(_KEY, path))
