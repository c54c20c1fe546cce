"""Writes Markdown: styled pieces, links, code, quotes, and text in which nothing is markup."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SPECIAL: Final = re.compile(r"[\\`*_~\[\]<>&|]")
# What Markdown takes for lists, headings and the like.
_LINE_START: Final = re.compile(r"^([ \t]*)(?:([-+#=:])|(\d{1,9})([.)]))", re.MULTILINE)
_TICKS: Final = re.compile("`+")
_FENCE: Final = "```"


class Style(NamedTuple):
    """How a piece of text is set."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False


def escape(text: str) -> str:
    """Text whose signs stand for themselves, at the beginning of lines too."""
    escaped = _SPECIAL.sub(r"\\\g<0>", text)
    return _LINE_START.sub(lambda found: f"{found[1]}{found[3] or ''}\\{found[2] or found[4]}", escaped)


def styled(text: str, style: Style) -> str:
    """A piece of Markdown in a style. White space at its ends stays outside of the marks, which would not hold else."""
    inner = text.strip()
    if not inner or "\n" in inner:
        return text
    begin, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if style.code:
        inner = code(inner)
    for mark, wanted in (("_", style.italic), ("**", style.bold), ("~~", style.strike)):
        inner = f"{mark}{inner}{mark}" if wanted else inner
    return f"{begin}{inner}{end}"


def code(text: str) -> str:
    """Code within a line; its backticks are surrounded by more of them."""
    # Code ends at the first run of as many backticks as it began with.
    longest = max(map(len, _TICKS.findall(text)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {text} {ticks}" if longest else f"`{text}`"


def code_block(text: str, language: str = "") -> str:
    """Lines of code between fences, which the code cannot end."""
    fence = _FENCE
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def quoted(text: str) -> str:
    """Text in which every line begins as a quote."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


def link(url: str, label: str) -> str:
    """A link; brackets in its label cannot end it."""
    # Bare, such an address would end at its first bracket or blank.
    target = f"<{url}>" if re.search(r"[()\s]", url) else url
    return f"[{label if _is_closed(label) else label.replace('[', '(').replace(']', ')')}]({target})"


def _is_closed(label: str) -> bool:
    """Whether brackets in a label neither end it nor begin another link."""
    depth = 0
    for one in label:
        depth += (one == "[") - (one == "]")
        if depth < 0:
            return False
    return depth == 0 and "](" not in label
