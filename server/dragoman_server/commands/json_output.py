"""JSON that commands print, for programs and for terminals alike."""

from __future__ import annotations

import json
import re
from typing import Final

# Controls, marks of direction, invisible characters, lone surrogates, variation selectors and tags.
# JSON itself escapes the controls below the space.
_UNSAFE: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff"
    "\ufff0-\uffff\U000e0000-\U000e0fff]"
)


def to_json(value: object, *, indent: int | None = None) -> str:
    """A value as JSON in Unicode; control characters and invisible ones are escaped, so nothing is lost."""
    return _UNSAFE.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=indent))


def _escaped(found: re.Match[str]) -> str:
    # JSON in ASCII writes characters beyond U+FFFF as two escapes, which every reader joins again.
    return json.dumps(found[0])[1:-1]
