"""What Mailman leaves in the text of a mail in the place of its attachments."""

from __future__ import annotations

import re
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment

_MARK: Final = "-------------- next part --------------\n"
_BLOCK: Final = lazy_pattern(
    rf"\n*{_MARK}[^\n]{{1,100}} was scrubbed\.\.\.\n(?P<fields>(?:[A-Z][A-Za-z-]{{1,20}} ?:[^\n]*(?:\n|$))+)"
)
_FIELD: Final = lazy_pattern(r"^(Name|Type|Size|URL|Url) ?: *(.*)$", re.MULTILINE)
_UNKNOWN: Final = frozenset({"", "not available"})


def without_scrubbed(text: str) -> tuple[str, tuple[Attachment, ...]]:
    """A text without the descriptions of its attachments, and these."""
    if _MARK not in text:
        return text, ()
    found = tuple(_attachment(block["fields"]) for block in _BLOCK.finditer(text))
    return _BLOCK.sub("\n", text).strip(), found


def _attachment(fields: str) -> Attachment:
    about = {name.casefold(): value.strip() for name, value in _FIELD.findall(fields)}
    url = about.get("url", "").strip("<>")
    name = about.get("name", "")
    if name in _UNKNOWN:
        name = url.rpartition("/")[2] or "file"
    size = about.get("size", "").partition(" ")[0]
    return Attachment(
        name=name,
        media_type=about.get("type") or media_type_of(name),
        # More digits could be a number that no column holds.
        size=int(size) if size.isascii() and size.isdigit() and len(size) < len(str(2**63)) else None,
        url=url if url.startswith(("https://", "http://")) else None,
    )
