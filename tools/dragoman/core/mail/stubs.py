"""Plain texts that only say where the real text is: in the HTML beside them, or on a web page."""

from __future__ import annotations

import re
from typing import Final

_STUB: Final = 300
_STUB_WORDS: Final = re.compile(r"\bhtml\b|browser", re.IGNORECASE)


def may_be_stub(plain: str) -> bool:
    """Whether a plain text may be no more than that; only its HTML tells for certain."""
    return len(plain) < _STUB and ("://" in plain or _STUB_WORDS.search(plain) is not None)


def is_stub(plain: str, rich: str) -> bool:
    """Whether a short plain text only says where the real one is."""
    if not may_be_stub(plain):
        return False
    speaks_of_it = _STUB_WORDS.search(plain) is not None
    return (speaks_of_it and len(rich) > len(plain)) or ("://" in plain and len(rich) > 2 * len(plain))
