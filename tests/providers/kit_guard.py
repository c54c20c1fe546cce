"""Checks that no provider defines again what the kit has: run by ``./run check``.

``python tests/providers/kit_guard.py`` prints each place and what to use there, and fails when there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROVIDERS: Final = Path(__file__).parents[2] / "tools" / "dragoman" / "providers"
SHARED: Final = frozenset({"base", "kit", "replay"})
NAMES: Final = {
    "OrderedDict": "a cache is LruCache or TtlCache of the kit",
    "popitem": "a cache is LruCache or TtlCache of the kit",
    "fromisoformat": "times are read with parse_time of the kit",
    "strptime": "times are read with parse_time of the kit",
    "fromtimestamp": "times are read with parse_time of the kit",
    "utcfromtimestamp": "times are read with parse_time of the kit",
    "parsedate_to_datetime": "times are read with parse_time of the kit",
}
CLASSES: Final = {
    re.compile(r"(Pager|Walker|Paginator)$"): "pages come from Pager of the kit",
    re.compile(r"(Lru|LRU|Ttl|TTL)"): "a cache is LruCache or TtlCache of the kit",
    re.compile(r"Cursor"): "cursors are made with encode and decode of the kit",
}
FOREIGN_CURSOR: Final = re.compile(r"cursor (belongs|does not belong|is not one)")


def faults_in(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a module that do what the kit does, and what to use instead."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.alias):
            yield from _named(node.lineno, node.name)
        elif isinstance(node, ast.Attribute):
            yield from _named(node.lineno, node.attr)
        elif isinstance(node, ast.ClassDef):
            yield from ((node.lineno, advice) for form, advice in CLASSES.items() if form.search(node.name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and FOREIGN_CURSOR.search(node.value):
            yield node.lineno, "a cursor of another list is refused by decode of the kit"


def _named(line: int, name: str) -> Iterator[tuple[int, str]]:
    advice = NAMES.get(name.rpartition(".")[2])
    if advice:
        yield line, f"{name}: {advice}"


def main() -> int:
    """Look through all providers."""
    found = [
        f"{path.relative_to(PROVIDERS.parents[2])}:{line}: {advice}"
        for path in sorted(PROVIDERS.rglob("*.py"))
        if path.relative_to(PROVIDERS).parts[0] not in SHARED and "_proto" not in path.parts
        for line, advice in faults_in(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or "Every provider is built on the kit.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
