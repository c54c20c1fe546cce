"""Questions in a terminal.

No answer is ever repeated on the screen, because somebody may paste a credential into any of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import click

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import join, sentence
from dragoman.transport.credentials import register_for_redaction

T = TypeVar("T")

# Slack, GitHub, GitLab, a JWT (`{"` in base64), AWS and Yandex Cloud; `sk-` is used by several.
_PREFIXES: Final = (
    "sk-",
    "xox",
    "xapp-",
    "ghp_",
    "gho_",
    "glpat-",
    "github_pat_",
    "eyJ",
    "AKIA",
    "AQVN",
    "t1.",
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_\-.~+/=|]{24,}")
_WORDS: Final = re.compile(r"[A-Za-z]+|[0-9]+")
_MOST_RUNS: Final = 8  # a name or an address has fewer changes between letters and digits than a random token
_UP_AND_CLEAR: Final = "\x1b[1A\x1b[2K"


class GoBack(Exception):  # no error: somebody pressed Enter where there is no default
    """Somebody wants the question before this one again."""


def ask(
    text: str, parse: Callable[[str], T], *, default: str | None = None, hidden: bool = False, public: bool = False
) -> T:
    """Ask until the answer is right.

    Args:
        text: The question.
        parse: Makes a value of what was typed, or raises what is wrong with it.
        default: What Enter means.
        hidden: What is typed is not shown.
        public: What is asked for looks like a credential and is none.

    Raises:
        GoBack: Enter was pressed, and there is no default.
    """
    while True:
        typed = str(
            click.prompt(
                text, default=default or "", show_default=bool(default) and not hidden, hide_input=hidden, err=True
            )
        ).strip()
        if not typed:
            raise GoBack
        try:
            if not (hidden or public) and looks_like_credential(typed):
                register_for_redaction(typed)
                _clear_line()
                raise InvalidArgument("That looks like a credential.", hint="It is asked for by itself, unseen.")
            return parse(typed)
        except DragomanError as error:
            click.echo(f"  {error}", err=True)


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """Takes one of a few words and nothing else."""

    def parse(typed: str) -> str:
        if typed not in choices:
            raise InvalidArgument(sentence("The answers are {}.", join(choices)))
        return typed

    return parse


def looks_like_credential(text: str) -> bool:
    """Whether a text is more likely a token or key than a name, an address or a readable id."""
    if text.startswith(_PREFIXES) and len(text) > 12:  # noqa: PLR2004  # shorter ones are words
        return True
    # A slash near the beginning makes it a path.
    return bool(_TOKEN.fullmatch(text)) and len(_WORDS.findall(text)) >= _MOST_RUNS and "/" not in text[:8]


def _clear_line() -> None:
    """Take the line that was just typed off the screen."""
    if sys.stderr is not None and sys.stderr.isatty():
        # Enter has moved the cursor to the line below.
        click.echo(_UP_AND_CLEAR, nl=False, err=True)
