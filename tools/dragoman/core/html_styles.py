"""The style sheets of an HTML text, as far as they tell what is hidden.

Rules by name, class, id and attribute count, with ancestors. Rules for other media than a usual screen count for
nothing, nor do selectors of other kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, NamedTuple

_STYLE: Final = re.compile(r"<style\b[^<>]{0,500}>([^<]*+(?:<(?!/style)[^<]*+)*+)", re.IGNORECASE)
_CONDITIONAL: Final = re.compile(r"<!--\[if[^<]*+(?:<(?!!\[endif)[^<]*+)*+", re.IGNORECASE)
_COMMENT: Final = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|<!--|-->")
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n]?")
_DECLARATION: Final = re.compile(r"(?<![a-z-])(-{0,2}[a-z][a-z-]*+)\s*+:\s*+([^;]*)")  # from the start of a run
_ANY_SCREEN: Final = re.compile(
    r"@media\s+(?:only\s+)?(?:all|screen)(?:\s*,\s*(?:all|screen))*|@layer\b[^;]*|@supports\b(?!\s*not\b).*"
    r"|@media\s+(?:(?:only\s+)?(?:all|screen)\s+and\s+)?\(\s*min-(?:device-)?width\s*:\s*(\d{1,9})(?:\.\d+)?(?:px)?\s*\)",
    re.DOTALL,
)
"""Rules that hold on a usual screen; the group is how wide it has to be."""

_USUAL_WIDTH: Final = 600
_ATTRIBUTE: Final = r"\[[\w-]+(?:[~|^$*]?=(?:\"[^\"\]]*\"|'[^'\]]*'|[^\"'\]]*))?\]"
_COMPOUND: Final = re.compile(rf"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+|{_ATTRIBUTE})*)")
_NAMES: Final = re.compile(r"([.#])([\w-]+)")
_ATTRIBUTES: Final = re.compile(r"\[([\w-]+)(?:([~|^$*]?)=[\"']?([^\"'\]]*)[\"']?)?\]")
_FITTING: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "": str.__eq__,
    "~": lambda found, wanted: wanted in found.split(),
    "|": lambda found, wanted: found == wanted or found.startswith(f"{wanted}-"),
    "^": lambda found, wanted: bool(wanted) and found.startswith(wanted),
    "$": lambda found, wanted: bool(wanted) and found.endswith(wanted),
    "*": lambda found, wanted: bool(wanted) and wanted in found,
}
"""How the value of an attribute fits, by the sign before ``=``."""

_IMPORTANT: Final = re.compile(r"!\s*important")
_ANY: Final = re.compile(r"<style\b", re.IGNORECASE)
_LONGEST: Final = 200_000
_MOST_CHECKS: Final = 300_000
_ANCESTORS: Final = 50
_MOST_RULES: Final = 500
_MOST_STEPS: Final = 8
_RELEVANT: Final = frozenset(
    {
        "display", "visibility", "opacity", "font-size", "font", "color", "background", "background-color", "overflow",
        "overflow-y", "height", "max-height", "width", "max-width", "position", "left", "top", "right", "bottom",
        "text-indent", "clip", "clip-path", "transform", "filter", "content-visibility", "letter-spacing",
        "margin-left", "margin-top", "-webkit-text-fill-color",
    }
)  # fmt: skip


class Element(NamedTuple):
    """What selectors ask for of an element."""

    tag: str
    id: str
    classes: frozenset[str]
    attributes: Mapping[str, str]


class _Attribute(NamedTuple):
    """What a selector asks for of an attribute; ``sign`` is ``None`` where it only has to be there."""

    name: str
    sign: str | None
    value: str

    def fits(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element has it."""
        found = attributes.get(self.name)
        return found is not None and (self.sign is None or _FITTING[self.sign](found.lower(), self.value))


@dataclass(frozen=True, slots=True)
class _Compound:
    """One step of a selector; ``child``: right below the step before it."""

    tag: str
    ids: frozenset[str]
    classes: frozenset[str]
    attributes: tuple[_Attribute, ...] = ()
    child: bool = False

    def fits(self, element: Element) -> bool:
        """Whether an element is what the step asks for."""
        if self.tag not in ("", "*", element.tag) or not self.ids <= {element.id}:
            return False
        return self.classes <= element.classes and all(one.fits(element.attributes) for one in self.attributes)


@dataclass(frozen=True, slots=True)
class _Rule:
    steps: tuple[_Compound, ...]
    weight: tuple[int, int, int, int]
    style: Mapping[str, str]

    @property
    def key(self) -> str:
        """What an element has to have for the rule to be looked at."""
        last = self.steps[-1]
        ids, classes = (f"#{name}" for name in last.ids), (f".{name}" for name in last.classes)
        return next(chain(ids, classes), last.tag or "*")


class StyleSheet:
    """The rules of the style sheets in an HTML text. Finding them costs a bounded time.

    Args:
        markup: The whole text.
    """

    def __init__(self, markup: str) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        # Rules times elements would take minutes on a mail that was made for it.
        self._left = _MOST_CHECKS
        count = 0
        for sheet in _STYLE.findall(_CONDITIONAL.sub("", markup)) if _ANY.search(markup) else ():
            for rule in islice(_rules(plain_css(sheet[:_LONGEST]), count), _MOST_RULES - count):
                self._rules.setdefault(rule.key, []).append(rule)
                count += 1

    @property
    def has_rules(self) -> bool:
        """Whether anything but the own styles of elements counts."""
        return bool(self._rules)

    def style_of(self, element: Element, ancestors: Sequence[Element], inline: str) -> dict[str, str]:
        """What holds for an element: of several rules the one that counts most; its own style counts more."""
        if self._left <= 0:
            return inline_style(inline)
        styles = [rule.style for rule in self._rules_for(element, ancestors)]
        return _merged([*styles, declarations(plain_css(inline))]) if inline or styles else {}

    def _rules_for(self, element: Element, ancestors: Sequence[Element]) -> list[_Rule]:
        keys = ("*", element.tag, f"#{element.id}", *(f".{name}" for name in element.classes))
        found: list[_Rule] = []
        for rule in (rule for key in keys for rule in self._rules.get(key, ())):
            self._left -= len(rule.steps)
            # By the last step first: most rules fail there.
            if self._left > 0 and _matches(rule, element, ancestors[-_ANCESTORS:] if rule.steps[1:] else ()):
                found.append(rule)
        return sorted(found, key=lambda rule: rule.weight)


def inline_style(text: str) -> dict[str, str]:
    """The style that an element has by itself."""
    return _merged([declarations(plain_css(text))]) if text else {}


def _merged(styles: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Merge styles: later ones overrule earlier ones, but not what is marked as important."""
    merged = {name: value for style in styles for name, value in style.items()}
    for style in styles:
        merged |= {name: value for name, value in style.items() if "!" in value}
    return {name: _IMPORTANT.sub("", value).strip() if "!" in value else value for name, value in merged.items()}


def plain_css(text: str) -> str:
    """CSS in small letters, without comments and escapes."""
    plain = _COMMENT.sub("", text) if "/*" in text or "--" in text else text
    if "\\" in plain:
        # CSS allows six digits here, and Unicode ends before.
        plain = _ESCAPE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), plain)
    return plain.lower()


def declarations(text: str) -> dict[str, str]:
    """The declarations of a rule that can hide text."""
    return {name: value.strip() for name, value in _DECLARATION.findall(text) if name in _RELEVANT}


def _rules(css: str, before: int) -> Iterator[_Rule]:
    place, depth = 0, 0
    while (opening := css.find("{", place)) >= 0:
        prelude = css[place:opening].rpartition(";")[2].rpartition("}")[2].strip()
        screen = _ANY_SCREEN.fullmatch(prelude)
        if screen is not None and int(screen[1] or 0) <= _USUAL_WIDTH:
            place = opening + 1
            continue
        closing = css.find("}", opening)
        # Print, dark mode and narrow screens say nothing about what most readers see.
        if prelude.startswith("@"):
            place = _end_of_block(css, opening)
            continue
        style = declarations(css[opening + 1 : closing if closing >= 0 else None])
        for selector in prelude.split(",") if style else ():
            steps = _steps(selector)
            if steps:
                depth += 1
                yield _Rule(steps, (*_specificity(steps), before + depth), style)
        if closing < 0:
            return
        place = closing + 1


def _end_of_block(css: str, opening: int) -> int:
    depth = 0
    for found in re.finditer(r"[{}]", css[opening:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return opening + found.end()
    return len(css)


def _steps(selector: str) -> tuple[_Compound, ...]:
    """The steps of a selector; none where it asks for something else than names, classes, ids and some attributes."""
    steps: list[_Compound] = []
    child = False
    for word in selector.replace(">", " > ").split():
        if word == ">":
            child = True
            continue
        found = _COMPOUND.fullmatch(word)
        if found is None or len(steps) >= _MOST_STEPS:
            return ()
        names = _NAMES.findall(_ATTRIBUTES.sub("", found[2]))
        ids = frozenset(name for sign, name in names if sign == "#")
        classes = frozenset(name for sign, name in names if sign == ".")
        attributes = tuple(_attributes(found[2]))
        if len(attributes) > _MOST_STEPS:
            return ()
        steps.append(_Compound(found[1] or "", ids, classes, attributes, child))
        child = False
    return tuple(steps)


def _attributes(text: str) -> Iterator[_Attribute]:
    for found in _ATTRIBUTES.finditer(text):
        yield _Attribute(found[1], found[2], found[3] or "")


def _specificity(steps: Sequence[_Compound]) -> tuple[int, int, int]:
    return (
        sum(len(one.ids) for one in steps),
        sum(len(one.classes) + len(one.attributes) for one in steps),
        sum(one.tag not in ("", "*") for one in steps),
    )


def _matches(rule: _Rule, element: Element, ancestors: Sequence[Element]) -> bool:
    if not rule.steps[-1].fits(element):
        return False
    place = len(ancestors)
    for step, below in zip(reversed(rule.steps[:-1]), reversed(rule.steps), strict=False):
        lowest = max(0, place - (1 if below.child else len(ancestors)))
        place = next((at for at in range(place - 1, lowest - 1, -1) if step.fits(ancestors[at])), -1)
        if place < 0:
            return False
    return True
