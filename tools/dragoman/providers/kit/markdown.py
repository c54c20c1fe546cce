"""Markdown and the markup of services: :func:`parse_markdown` reads it, :func:`write_markup` writes either.

What people and assistants write is Markdown. A service with marks of its own is described by a :class:`Markup`; a
service that takes HTML is given :func:`markdown_to_html`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from dragoman.core import markdown
from dragoman.core.markdown import Style

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Kind: TypeAlias = Literal["text", "heading", "code", "rule"]

LONGEST: Final = 100_000
"""Characters of a text that is read as Markdown; longer ones are plain."""

_HINTS: Final = re.compile(r"[*_`#\[|~\\]|^\s{0,3}(?:[-+>]|\d{1,9}[.)])", re.MULTILINE)
_PLAIN: Final = frozenset({"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak"})
_LINKS: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_MARKS: Final = {"strong": "bold", "em": "italic", "s": "strike"}


class Span(NamedTuple):
    """A piece of text in one style; with ``url`` it is a link."""

    text: str
    style: Style = Style()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a block of code or a rule.

    Attributes:
        spans: Its text; with line breaks in it.
        quote: How many quotes it stands in.
        depth: How many lists it stands in.
        marker: What begins it as an item of a list: ``-``, or a number with its dot; empty for what follows.
        language: Of a block of code.
        level: Of a heading, from 1.
    """

    kind: Kind
    spans: tuple[Span, ...] = ()
    quote: int = 0
    depth: int = 0
    marker: str = ""
    language: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """The marks of a service for what Markdown can say.

    Attributes:
        escape: Makes plain text stand for itself.
        styled: Puts a piece, escaped unless it is code, into a style.
        link: Makes a link of an address and a label that is marked up already.
        code_block: Makes a block of code and its language.
        heading: Makes a heading of a level.
        bullet: Begins an item of a list without numbers.
        rule: Separates parts of a text.
    """

    escape: Callable[[str], str]
    styled: Callable[[str, Style], str]
    link: Callable[[str, str], str]
    code_block: Callable[[str, str], str] = markdown.code_block
    heading: Callable[[str, int], str] = lambda text, _: text
    bullet: str = "-"
    rule: str = "---"


MARKDOWN: Final = Markup(
    escape=markdown.escape,
    styled=markdown.styled,
    link=markdown.link,
    heading=lambda text, level: f"{'#' * level} {text}",
)
"""Markdown itself, for services that take it."""


def parse_markdown(text: str) -> list[Block]:
    """The blocks of a text. HTML and images in it are text, and so is a link that is neither web nor mail."""
    if len(text) > LONGEST or not _HINTS.search(text):
        return [Block("text", (Span(one),)) for one in re.split(r"\n\s*\n", text.strip("\n")) if one.strip()]
    return list(_Reader().blocks(_parser(tables=False).parse(text)))


def write_markup(blocks: Sequence[Block], markup: Markup) -> str:
    """Blocks in the markup of a service."""
    written: list[str] = []
    before: Block | None = None
    for block in blocks:
        # Items of a list stand close together; everything else is apart.
        close = before is not None and block.depth and before.depth and block.marker
        separator = "\n" if close else "\n\n"
        # The blank line between two blocks of a quote must not end it.
        quotes = "> " * min(block.quote, before.quote if before else 0)
        written.append((separator.replace("\n\n", f"\n{quotes.rstrip()}\n") if before else "") + _block(block, markup))
        before = block
    return "".join(written)


def markdown_to_html(text: str) -> str:
    """The HTML of a text; empty when the text uses no Markdown, and would only say the same."""
    if len(text) > LONGEST or not _HINTS.search(text):
        return ""
    parser = _parser(tables=True)
    tokens = parser.parse(text)
    made: str = parser.renderer.render(tokens, parser.options, {}) if _uses_markdown(tokens) else ""
    return made


def _parser(*, tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # only for texts that may use Markdown

    # HTML in a text is shown and not obeyed; a line break of people is one.
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False, "breaks": True})
    parser.disable(["image", "code", "lheading", "reference"])  # indented lines of people are no code
    if not tables:
        parser.disable("table")
    # A link of another scheme, such as `javascript:`, stays text.
    parser.validateLink = _is_link  # type: ignore[method-assign]
    return parser


def _is_link(url: str) -> bool:
    return _LINKS.match(url) is not None


def _uses_markdown(tokens: Sequence[Token]) -> bool:
    return any(token.type not in _PLAIN or _uses_markdown(token.children or ()) for token in tokens)


@dataclass(slots=True)
class _Reader:
    """Turns the parser's tokens into blocks."""

    quote: int = 0
    lists: list[bool] = field(default_factory=list[bool])
    marker: str = ""
    level: int = 0

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Block]:
        for token in tokens:
            if token.type == "inline":
                kind: Kind = "heading" if self.level else "text"
                yield self._block(kind, tuple(_spans(token.children or ())), level=self.level)
            elif token.type == "fence":
                yield self._block("code", (Span(token.content.removesuffix("\n")),), language=token.info.strip())
            elif token.type == "hr":
                yield self._block("rule")
            else:
                self._enter(token)

    def _block(self, kind: Kind, spans: tuple[Span, ...] = (), *, language: str = "", level: int = 0) -> Block:
        marker, self.marker = self.marker, ""
        return Block(kind, spans, self.quote, len(self.lists), marker, language, level)

    def _enter(self, token: Token) -> None:
        if token.type == "list_item_open":
            self.marker = f"{token.info}." if self.lists[-1] else "-"
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self.lists.append(token.type == "ordered_list_open")
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
        elif token.tag == "blockquote":
            self.quote += token.nesting
        elif token.type in ("heading_open", "heading_close"):
            self.level = int(token.tag[1:]) if token.nesting == 1 else 0


def _spans(tokens: Sequence[Token]) -> list[Span]:
    style, url = Style(), ""
    spans: list[Span] = []
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            url = str(token.attrs.get("href", "")) if token.nesting == 1 else ""
        elif token.tag in _MARKS:
            style = style._replace(**{_MARKS[token.tag]: token.nesting == 1})
        elif token.type in ("softbreak", "hardbreak"):
            _add(spans, Span("\n", style, url))
        elif token.content:
            _add(spans, Span(token.content, style._replace(code=token.type == "code_inline"), url))
    return spans


def _add(spans: list[Span], span: Span) -> None:
    """Add a piece to one before it of the same style."""
    # Marks of services are written once around a piece, not between its parts.
    if spans and spans[-1][1:] == span[1:]:
        span = span._replace(text=spans.pop().text + span.text)
    spans.append(span)


def _block(block: Block, markup: Markup) -> str:
    if block.kind == "rule":
        text = markup.rule
    elif block.kind == "code":
        text = markup.code_block("".join(span.text for span in block.spans), block.language)
    else:
        text = "".join(_span(span, markup) for span in block.spans)
        text = markup.heading(text, block.level) if block.kind == "heading" else text
    lines = text.split("\n")
    if block.depth:
        marker = markup.bullet if block.marker == "-" else block.marker
        indent = " " * (4 * (block.depth - 1))
        first = f"{indent}{marker} " if marker else f"{indent}    "
        lines = [first + lines[0], *(f"{indent}    {line}" if line else line for line in lines[1:])]
    return "\n".join("> " * block.quote + line for line in lines)


def _span(span: Span, markup: Markup) -> str:
    written = span.text if span.style.code else markup.escape(span.text)
    # Most services end a style at the end of a line.
    marked = "\n".join(markup.styled(line, span.style) if any(span.style) else line for line in written.split("\n"))
    return markup.link(span.url, marked) if span.url else marked
