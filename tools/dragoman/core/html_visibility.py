"""Whether a reader of HTML sees the text of an element, by the styles that hold for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from colorsys import hls_to_rgb
from typing import Final, NamedTuple

from dragoman.core.html_styles import Element, StyleSheet, inline_style

_SIZE: Final = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|%|ex|ch|vw|vh|in|cm|mm)?")
_FONT: Final = re.compile(r"(?:^|\s)(\d*\.?\d+(?:px|pt|em|rem|%)?)(?=/|\s)")
_SMALLEST: Final = {"px": 2.0, "pt": 1.5, "em": 0.12, "rem": 0.12, "%": 12.0}
_FAINT: Final = 0.1
# Nobody can scroll to what lies left of a page or above it.
_FAR: Final = -500.0
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*([\d.]+%?))?")
_HSL: Final = re.compile(r"hsla?\(\s*([\d.]+)(?:deg)?\s*[, ]\s*([\d.]+)%\s*[, ]\s*([\d.]+)%\s*(?:[,/]\s*([\d.]+%?))?")
_HEX: Final = re.compile(r"#(?:([0-9a-f]{3})([0-9a-f])?|([0-9a-f]{6})([0-9a-f]{2})?)(?![0-9a-f])")
_NAMED: Final = {
    "white": "ffffff", "black": "000000", "snow": "fffafa", "ivory": "fffff0", "ghostwhite": "f8f8ff",
    "floralwhite": "fffaf0", "whitesmoke": "f5f5f5", "azure": "f0ffff", "mintcream": "f5fffa",
}  # fmt: skip
_CLIPPED: Final = re.compile(
    r"(?:inset\(\s*(?:5\d|[6-9]\d|100)%|circle\(\s*0|polygon\(\s*\))|rect\(\s*[01](?:px)?[, ]+[01](?:px)?[, ]"
)
_SHRUNK: Final = re.compile(r"scale(?:3d|x|y)?\(\s*0*(?:\.0\d*)?\s*[,)]|translate(?:x|y|3d)?\(\s*-\d{3,}")
_NO_OPACITY: Final = re.compile(r"opacity\(\s*(0*(?:\.0\d*)?|\d(?:\.\d+)?%)\s*\)")
_INVISIBLE: Final = "invisible"
_PICTURE: Final = "picture"
_WHITE: Final = "ffffff"
_ALIKE: Final = 12  # of 255: nobody sees letters in a colour so near to that of the background
_DEEPEST: Final = 100_000


class _Level(NamedTuple):
    hidden: bool
    colour: str
    background: str
    is_unseen: bool


_TOP: Final = _Level(hidden=False, colour="", background=_WHITE, is_unseen=False)


class Visibility:
    """Follows the elements of a document, opened and closed in order.

    Args:
        sheet: The style sheets of the document.
    """

    def __init__(self, sheet: StyleSheet) -> None:
        self._sheet = sheet
        self._has_rules = sheet.has_rules
        self._levels: list[_Level] = []
        self._elements: list[Element] = []

    @property
    def hidden(self) -> bool:
        """Whether text would not be seen here."""
        return bool(self._levels) and self._levels[-1].is_unseen

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element opens."""
        # Endless nesting would fill the memory; its text is taken for seen, so nothing gets lost.
        if len(self._levels) > _DEEPEST:
            return
        above = self._levels[-1] if self._levels else _TOP
        style = self._style(tag, attributes) if attributes or self._has_rules else None
        self._levels.append(_level(above, tag, attributes, style) if attributes or style else above)

    def end(self) -> None:
        """The innermost element closes."""
        if self._levels:
            self._levels.pop()
            if self._has_rules:
                self._elements.pop()

    def _style(self, tag: str, attributes: Mapping[str, str]) -> dict[str, str]:
        inline = attributes.get("style") or ""
        if not self._has_rules:
            return inline_style(inline)
        classes = frozenset((attributes.get("class") or "").lower().split())
        element = Element(tag, (attributes.get("id") or "").lower(), classes, attributes)
        style = self._sheet.style_of(element, self._elements, inline)
        self._elements.append(element)
        return style


def _level(above: _Level, tag: str, attributes: Mapping[str, str], style: Mapping[str, str] | None) -> _Level:
    style = style or {}
    written = attributes.get("text" if tag == "body" else "color") or ""
    colour = _colour(style.get("-webkit-text-fill-color") or style.get("color") or written)
    painted = style.get("background-color") or style.get("background") or attributes.get("bgcolor") or ""
    background = _colour(painted)
    # Over a picture no colour can be told from its background.
    if "url(" in painted or "gradient" in painted or attributes.get("background"):
        background = _PICTURE
    hidden = above.hidden or "hidden" in attributes or _hides(style) or (tag == "img" and _is_tiny(attributes))
    colour = colour or above.colour
    # What is transparent or unknown shows what lies behind it.
    background = above.background if background in ("", _INVISIBLE) else background
    return _Level(hidden, colour, background, hidden or colour == _INVISIBLE or _are_alike(colour, background))


def _hides(style: Mapping[str, str]) -> bool:
    if not style:
        return False
    if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
        return True
    if style.get("content-visibility") == "hidden" or _NO_OPACITY.search(style.get("filter", "")):
        return True
    return _is_tiny_or_faint(style) or _is_clipped(style) or _is_away(style)


def _is_tiny_or_faint(style: Mapping[str, str]) -> bool:
    font = _FONT.search(style.get("font", ""))
    size = _SIZE.fullmatch(style.get("font-size") or (font[1] if font else ""))
    if size is not None and float(size[1]) <= _SMALLEST.get(size[2] or "", 0.0):
        return True
    # Nearly nothing is as good as nothing: 0.01 is a usual way to hide text from people only.
    opacity = _SIZE.fullmatch(style.get("opacity", ""))
    return opacity is not None and float(opacity[1]) < _FAINT * (100 if opacity[2] == "%" else 1)


def _is_clipped(style: Mapping[str, str]) -> bool:
    if _CLIPPED.search(f"{style.get('clip-path', '')} {style.get('clip', '')}"):
        return True
    # A box of no height shows its text where it may overflow.
    if style.get("overflow") != "hidden" and "overflow-y" not in style:
        return False
    sizes = (_SIZE.fullmatch(style.get(name, "")) for name in ("height", "max-height", "width", "max-width"))
    return any(size is not None and float(size[1]) <= 1 for size in sizes)


def _is_away(style: Mapping[str, str]) -> bool:
    names = ["text-indent", "letter-spacing", "margin-left", "margin-top"]
    if style.get("position") in ("absolute", "fixed", "relative"):
        names += ["left", "top", "right", "bottom"]
    sizes = (_SIZE.fullmatch(style.get(name, "")) for name in names)
    if any(size is not None and float(size[1]) <= _FAR for size in sizes):
        return True
    spacing = _SIZE.fullmatch(style.get("letter-spacing", ""))
    return (spacing is not None and float(spacing[1]) < -50) or bool(_SHRUNK.search(style.get("transform", "")))  # noqa: PLR2004 - wider than a letter


def _is_tiny(attributes: Mapping[str, str]) -> bool:
    """Whether a picture is a dot, whose words nobody is shown."""
    return any((attributes.get(name) or "").strip() in ("0", "1") for name in ("width", "height"))


def _are_alike(colour: str, background: str) -> bool:
    if not colour or background in ("", _PICTURE):
        return False
    pairs = ((int(colour[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (0, 2, 4))
    return all(abs(one - other) <= _ALIKE for one, other in pairs)


def _colour(text: str) -> str:
    """A colour as six hexadecimal digits, or that it cannot be seen; empty when it is not known."""
    plain = text.strip().lower()
    if plain == "transparent":
        return _INVISIBLE
    if plain in _NAMED:
        return _NAMED[plain]
    found = _HEX.search(plain)
    if found is not None:
        alpha = int((found[2] or "f") * 2, 16) if found[1] else int(found[4] or "ff", 16)
        return _unless_clear(found[3] or "".join(digit * 2 for digit in found[1]), alpha / 255)
    numbers = _RGB.search(plain)
    if numbers is not None:
        return _unless_clear(
            "".join(f"{min(int(number), 255):02x}" for number in numbers.groups()[:3]), _alpha(numbers[4])
        )
    numbers = _HSL.search(plain)
    if numbers is None:
        return ""
    hue, much, light = (min(float(number[:9]), 360.0) for number in numbers.groups()[:3])
    channels = hls_to_rgb(hue / 360, min(light, 100.0) / 100, min(much, 100.0) / 100)
    return _unless_clear("".join(f"{round(one * 255):02x}" for one in channels), _alpha(numbers[4]))


def _alpha(text: str | None) -> float:
    size = _SIZE.fullmatch(text or "")
    return 1.0 if size is None else float(size[1]) / (100 if size[2] == "%" else 1)


def _unless_clear(colour: str, alpha: float) -> str:
    return colour if alpha >= _FAINT else _INVISIBLE
