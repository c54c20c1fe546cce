"""HTML to plain text and back. Pure, but for loading the parser at first use.

The parser reports tags one after the other and builds no tree, so that neither deep nesting nor broken
markup costs more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from dragoman.core.html_styles import StyleSheet
from dragoman.core.html_visibility import Visibility

LONGEST: Final = 2_000_000
"""Characters of HTML that are read; what follows is left out."""

_UNSHOWN: Final = frozenset(
    {
        "head", "script", "style", "template", "title", "noscript", "object", "svg", "iframe", "noframes", "audio",
        "video", "canvas",
    }
)  # fmt: skip
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer"}
    | {
        "form",
        "header",
        "li",
        "main",
        "nav",
        "section",
        "tr",
        "caption",
        "body",
        "details",
        "summary",
        "legend",
        "option",
    }
)
_SPACED: Final = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul", "menu", "dir"}
)
_LISTS: Final = frozenset({"ol", "ul", "menu", "dir"})
_QUOTING: Final = frozenset({"blockquote", "div"})
_QUOTED: Final = "yahoo_quoted"  # the class of quotations of a large host, which makes no blockquote
_CELLS: Final = frozenset({"td", "th"})
_WORDS_OF_LINK: Final = 20  # pieces of text that are looked at
_WEB: Final = ("http://", "https://")
_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")
_MANY_BREAKS: Final = re.compile(r"\n{3,}")
_LINE_ENDS: Final = re.compile(r"(?<![ \t])[ \t]+\n")  # from the start of a run: else quadratic
_BREAK: Final = re.compile(r"\r\n?|\n")
_QUOTE, _UNQUOTE = "\x01", "\x02"
_RESERVED: Final = re.compile("[\x00-\x02]")
_MARKS: Final = re.compile(f"[{_QUOTE}{_UNQUOTE}]")
_MOST_QUOTES: Final = 20
_DEEPEST_LIST: Final = 6
_START: Final = re.compile(r"[0-9]{1,6}")


def to_html(text: str) -> str:
    """Plain text as HTML: ``&``, ``<`` and ``>`` escaped, line breaks as ``<br>``."""
    return _BREAK.sub("<br>", escape(text, quote=False))


def to_text(markup: str, *, quote: str = "") -> str:
    """What HTML shows, as plain text: paragraphs, lists, addresses of links, words for pictures.

    What a reader does not see is left out: hidden elements, text of no size or in the colour of its background.

    Args:
        markup: The HTML.
        quote: What stands before each line of a quotation, such as ``"> "``.
    """
    return read_html(markup, quote=quote)[0]


def read_html(markup: str, *, quote: str = "") -> tuple[str, bool]:
    """What HTML shows as :func:`to_text` gives it, and whether it has words that nobody sees."""
    # Our own marks in foreign text would make quotations of it.
    markup = _RESERVED.sub("\ufffd", markup[:LONGEST])
    if "<" not in markup and "&" not in markup:
        return markup.strip(), False
    from lxml import etree  # noqa: PLC0415 - few messages come without their plain text

    writer = _Writer(quote, StyleSheet(markup))
    parser = etree.HTMLParser(
        encoding="utf-8",
        recover=True,
        target=writer,  # type: ignore[arg-type] # the stubs allow for bytes, which the parser never gives
    )
    try:
        parser.feed(markup.encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError:
        writer.close()  # what it made no sense of has no text, and what came before stays
    return writer.text(), writer.hides_words


class _Writer:
    """Writes down text as the parser reports it.

    Attributes:
        hides_words: There were words that nobody sees.
    """

    def __init__(self, quote: str, sheet: StyleSheet) -> None:
        self.hides_words = False
        self._quote = quote
        self._visibility = Visibility(sheet)
        self._pieces: list[str] = []
        # As behind a paragraph, so that the text begins without empty lines.
        self._tail = "\n\n"
        self._unshown = 0
        self._verbatim = 0
        self._links: list[tuple[str, int]] = []
        self._quotations: list[bool] = []
        self._lists: list[int | None] = []  # the number of the next item, where items have one
        self._at_item = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An opening tag."""
        self._unshown += tag in _UNSHOWN
        self._visibility.start(tag, attributes)
        self._separate(tag)
        if self._quote and tag in _QUOTING:
            self._quotations.append(tag == "blockquote" or _QUOTED in (attributes.get("class") or ""))
            self._write(_QUOTE if self._quotations[-1] else "")
        self._verbatim += tag == "pre"
        if tag in _LISTS:
            start = _START.fullmatch(attributes.get("start") or "1")
            self._lists.append(int(start[0] if start else 1) if tag == "ol" else None)
        elif tag == "br":
            self._write("\n")
        elif tag == "li":
            self._begin_item(attributes.get("value") or "")
        elif tag == "img":
            self._write(_picture(attributes.get("alt")))
        elif tag == "a":
            self._links.append((attributes.get("href") or "", len(self._pieces)))

    def end(self, tag: str) -> None:
        """A closing tag; the parser reports one for every opening tag."""
        self._unshown = max(0, self._unshown - (tag in _UNSHOWN))
        self._verbatim = max(0, self._verbatim - (tag == "pre"))
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        if tag in _LISTS and self._lists:
            self._lists.pop()
        if tag in _QUOTING and self._quotations:
            self._write(_UNQUOTE if self._quotations.pop() else "")
        self._separate(tag)
        self._visibility.end()

    def data(self, text: str) -> None:
        """Text between tags; white space in it is one blank, except in ``<pre>``."""
        if self._verbatim:
            self._write(text)
            return
        flowing = _BLANKS.sub(" ", text)
        self._write(flowing.lstrip(" ") if self._tail[-1] in " \n" else flowing)

    def comment(self, text: str) -> None:
        """A comment says nothing to a reader."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Neither does an instruction to a program."""

    def close(self) -> None:
        """The end of the input."""

    def text(self) -> str:
        """All that was written, with at most one empty line in a row."""
        text = "".join(self._pieces).replace("\xa0", " ")
        lines = "\n".join(self._quoted(text.split("\n"))) if self._quote else text
        return _MANY_BREAKS.sub("\n\n", _LINE_ENDS.sub("\n", lines)).strip()

    def _quoted(self, lines: list[str]) -> Iterator[str]:
        """The lines, those of quotations with their mark."""
        depth = 0
        for line in lines:
            before = depth + line.count(_QUOTE)
            plain = _MARKS.sub("", line)
            yield self._quote * min(before, _MOST_QUOTES) + plain if plain.strip() else ""
            depth = max(0, before - line.count(_UNQUOTE))

    def _write(self, text: str) -> None:
        if not text or self._unshown:
            return
        if self._visibility.hidden:
            self.hides_words = self.hides_words or any(map(str.isalnum, text))
            return
        self._pieces.append(text)
        self._tail = (self._tail + text)[-2:]
        self._at_item = False

    def _separate(self, tag: str) -> None:
        """Begin a new line or paragraph, unless there is one already, or the mark of an item."""
        if self._at_item and tag != "li" and tag not in _LISTS:
            return
        if tag in _CELLS:
            self._write("" if self._tail[-1] in " \n" else " ")
            return
        is_inner_list = tag in _LISTS and self._lists
        wanted = "\n" if tag in _BLOCKS or is_inner_list else "\n\n" if tag in _SPACED else ""
        there = len(self._tail) - len(self._tail.rstrip("\n"))
        self._write(wanted[there:])

    def _begin_item(self, value: str) -> None:
        """Write the mark of an item of a list: answers name items by their numbers."""
        number = self._lists[-1] if self._lists else None
        if number is not None:
            number = int(value) if _START.fullmatch(value) else number
            self._lists[-1] = number + 1
        indent = "  " * (min(len(self._lists), _DEEPEST_LIST) - 1)
        self._write(f"{indent}- " if number is None else f"{indent}{number}. ")
        self._at_item = True

    def _close_link(self, address: str, since: int) -> None:
        """Name where a link leads, unless its words are the address."""
        plain, inside = address.strip(), self._pieces[since : since + _WORDS_OF_LINK]
        words = "".join(inside).strip()
        if plain.lower().startswith(_WEB) and plain.rstrip("/") != words.rstrip("/"):
            self._write(f" ({plain})" if words else plain)


def _picture(words: str | None) -> str:
    said = _BLANKS.sub(" ", words or "").strip()
    return f"[{said}]" if said else ""
