"""What the demonstration looks like in a terminal: at most 100 columns, colour only where it is seen."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, TextIO

import click

from dragoman.rendering import estimate

_WIDEST: Final = 100
_MARGIN: Final = "  "
_LONGEST_ARGUMENT: Final = 60


class Encoding(Protocol):
    """What is needed of a tokenizer."""

    def encode(self, text: str, /) -> Sequence[int]:
        """The tokens of a text."""
        ...


@dataclass(frozen=True, slots=True)
class TerminalWriter:
    """Where to write, how wide, and whether in colour."""

    stream: TextIO
    width: int
    colour: bool

    @classmethod
    def on(cls, stream: TextIO) -> TerminalWriter:
        """Paper of the width of the terminal; ``NO_COLOR`` and a stream that is no terminal mean no colour."""
        width = max(40, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))
        # An empty NO_COLOR counts as unset (no-color.org).
        return cls(stream, width, colour=stream.isatty() and not os.environ.get("NO_COLOR"))

    def title(self, text: str) -> None:
        """A heading."""
        self._line("")
        self._line(text, bold=True)

    def say(self, text: str) -> None:
        """A paragraph."""
        for line in textwrap.wrap(text, self.width, break_long_words=False, break_on_hyphens=False):
            self._line(line)

    def call(self, why: str, tool: str, arguments: Mapping[str, object]) -> None:
        """A call as somebody would type it."""
        given = " ".join(f"{key}={_format_value(value)}" for key, value in arguments.items())
        self._line("")
        self._line(why, bold=True)
        for line in textwrap.wrap(f"> {tool} {given}".rstrip(), self.width, subsequent_indent="    "):
            self._line(line, fg="cyan")

    def answer(self, text: str, *, failed: bool, most: int | None = None) -> int:
        """What the assistant reads, with a margin; lines that are too long go on further in.

        Args:
            text: The answer.
            failed: It is an error.
            most: How many lines are shown at most; all by default.

        Returns:
            How many lines are left out.
        """
        lines = [part for line in text.splitlines() for part in self._wrapped(line)]
        for line in lines[:most]:
            self._line(line, fg="red" if failed else None)
        return len(lines) - len(lines[:most])

    def _wrapped(self, line: str) -> list[str]:
        parts = textwrap.wrap(
            line, self.width, initial_indent=_MARGIN, subsequent_indent=_MARGIN * 3, break_on_hyphens=False
        )
        # `wrap` gives nothing for an empty line, and empty lines separate the parts of an answer.
        return [part.rstrip() for part in parts] or [""]

    def rows(self, *rows: tuple[str, str]) -> None:
        """Numbers with what they mean, below one another."""
        widest = max(len(number) for number, _ in rows)
        for number, meaning in rows:
            self._line(f"{_MARGIN}{number:>{widest}}  {meaning}")

    def note(self, text: str) -> None:
        """A remark about the answer above."""
        for line in textwrap.wrap(f"({text})", self.width, initial_indent=_MARGIN, subsequent_indent=_MARGIN * 3):
            self._line(line, dim=True)

    def code(self, text: str) -> None:
        """Something to copy: never wrapped."""
        self._line(f"{_MARGIN}{text}", fg="cyan")

    def _line(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> None:
        styled = click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self.colour else text
        click.echo(styled, file=self.stream, color=self.colour)


def counter() -> tuple[Callable[[str], int], bool]:
    """How to count tokens, and whether that is exact: with a tokenizer where one is installed."""
    try:
        # By its name: the package is installed for development only.
        encoding: Encoding = import_module("rs_bpe.bpe").openai.o200k_base()
    except ImportError:
        return estimate, False
    return lambda text: len(encoding.encode(text)), True


def _format_value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    cut = text if len(text) <= _LONGEST_ARGUMENT else f"{text[: _LONGEST_ARGUMENT - 1]}…"
    return json.dumps(cut, ensure_ascii=False) if " " in cut else cut
