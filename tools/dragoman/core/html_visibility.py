"""Whether a reader of HTML sees the text of an element, by the styles that stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_STYLE: Final = re.compile(r"(?<![a-z-])([a-z-]++)\s*+:\s*+([^;]*)")  # from the start of a run: else quadratic
_ZERO: Final = re.compile(r"0*(?:\.0*)?(?:px|pt|em|rem|%|ex|ch)?")
_AWAY: Final = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%)?")
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})")
_HEX: Final = re.compile(r"#(?:([0-9a-f]{3})|([0-9a-f]{6}))(?:[0-9a-f]{2})?")
_NAMED: Final = {"white": "ffffff", "black": "000000", "transparent": ""}
_WHITE: Final = "ffffff"
_DEEPEST: Final = 100_000


class Visibility:
    """Follows the elements of a document, opened and closed in order."""

    def __init__(self) -> None:
        self._levels: list[tuple[bool, str, str]] = []

    @property
    def hidden(self) -> bool:
        """Whether text would not be seen here."""
        if not self._levels:
            return False
        hidden, colour, background = self._levels[-1]
        return hidden or (colour != "" and colour == background)

    def start(self, attributes: Mapping[str, str]) -> None:
        """An element opens."""
        if len(self._levels) > _DEEPEST:
            return
        hidden, colour, background = self._levels[-1] if self._levels else (False, "", _WHITE)
        style = dict(_STYLE.findall((attributes.get("style") or "").lower())) if attributes else {}
        if attributes:
            hidden = hidden or "hidden" in attributes or _hides(style)
            colour = _colour(style.get("color") or attributes.get("color") or "") or colour
            painted = style.get("background-color") or style.get("background") or attributes.get("bgcolor") or ""
            background = _colour(painted) or background
            if "url(" in painted or "gradient" in painted or attributes.get("background"):
                background = "picture"
        self._levels.append((hidden, colour, background))

    def end(self) -> None:
        """The innermost element closes."""
        if self._levels:
            self._levels.pop()


def _hides(style: Mapping[str, str]) -> bool:
    value = {name: text.replace("!important", "").strip() for name, text in style.items()}
    if value.get("display") == "none" or value.get("visibility") in ("hidden", "collapse"):
        return True
    if any(name in value and _ZERO.fullmatch(value[name]) for name in ("font-size", "opacity")):
        return True
    clipped = value.get("overflow") == "hidden" or "overflow-y" in value
    if clipped and any(
        name in value and _ZERO.fullmatch(value[name]) for name in ("height", "max-height", "width", "max-width")
    ):
        return True
    away = any(name in value and _AWAY.fullmatch(value[name]) for name in ("left", "top", "right", "bottom"))
    if away and value.get("position") in ("absolute", "fixed"):
        return True
    return "text-indent" in value and _AWAY.fullmatch(value["text-indent"]) is not None


def _colour(text: str) -> str:
    """A colour as six hexadecimal digits; empty when it is not known."""
    plain = text.replace("!important", "").strip().lower()
    if plain in _NAMED:
        return _NAMED[plain]
    found = _HEX.search(plain)
    if found is not None:
        return found[2] or "".join(digit * 2 for digit in found[1])
    numbers = _RGB.search(plain)
    if numbers is not None:
        return "".join(f"{min(int(number), 255):02x}" for number in numbers.groups())
    return ""
