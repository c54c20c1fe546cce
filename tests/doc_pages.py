"""The pages of the documentation and what stands on them, for the tests of it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
ACCEPT = bool(os.environ.get("DRAGOMAN_ACCEPT"))
_BLOCK = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block of code on a page; ``info`` is what follows the language."""

    page: str
    language: str
    info: str
    text: str


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages."""
    return [
        Block(file.relative_to(ROOT).as_posix(), language, info.strip(), text)
        for file in PAGES
        for _, language, info, text in _BLOCK.findall(file.read_text(encoding="utf-8"))
        if language in languages
    ]


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", text)


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return re.split(rf"^## {re.escape(title)}\n", text, flags=re.MULTILINE)[1].split("\n## ")[0]


def generated(name: str, mark: str, made: str) -> tuple[str, str]:
    """What stands between two marks of a page and what should; with DRAGOMAN_ACCEPT=1 it is written first."""
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    text = page(name)
    assert pattern.search(text), f"{name} has no marks for {mark}"
    if ACCEPT:
        text = pattern.sub(lambda match: match[1] + made + match[2], text)
        (ROOT / name).write_text(text, encoding="utf-8")
    found = pattern.search(text)
    return (found[0] if found else ""), f"<!-- {mark} -->\n{made}<!-- /{mark} -->"
