"""Skype's markup, which is seldom well-formed: pieces of it in order, and the text that people see."""

from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dragoman.archives.fields import is_list, is_object, text_of
from dragoman.archives.json_mending import parse
from dragoman.archives.text import clean
from dragoman.core.lazy_pattern import lazy_pattern

_PIECE: Final = lazy_pattern(r"<(/?)([A-Za-z_][\w.\-]*+)((?:[\s/][^<>]*+)?)>|([^<]++|<)")
_ATTRIBUTE: Final = lazy_pattern(r"""(?<![\w:.\-])([\w:.\-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
# Elements that hold data, or words for clients that cannot show them.
_HIDDEN: Final = frozenset({"legacyquote", "uriobject", "swift", "meta", "originalname", "filesize", "title", "e_m"})
_OBJECT: Final = "uriobject"
_CARD_TEXTS: Final = ("title", "subtitle", "text", "summary")
_DEEPEST: Final = 8
_MOST_OPEN: Final = 30
_LONGEST_CARD: Final = 1 << 20


class Piece(NamedTuple):
    """A tag, or text between tags.

    Attributes:
        tag: Its name in small letters; empty for text.
        is_end: Whether it closes.
        attributes: Of a tag that opens.
        text: Text with its entities decoded.
    """

    tag: str
    is_end: bool = False
    attributes: Mapping[str, str] = {}
    text: str = ""


class SharedFile(NamedTuple):
    """A file that a message shares; ``size`` in bytes, ``kind`` such as ``Picture.1``."""

    id: str
    kind: str
    name: str
    size: str


@dataclass
class Content:
    """What the markup of a message holds.

    Attributes:
        text: What people see.
        quoted: Id of the message that is quoted in front of it.
        quoted_in: The conversation of that message.
        quote: What is quoted, with its author.
        edited_at: When it was changed, in milliseconds since 1970.
        files: Files that it shares.
    """

    text: str = ""
    quoted: str = ""
    quoted_in: str = ""
    quote: str = ""
    edited_at: str = ""
    files: list[SharedFile] = field(default_factory=list[SharedFile])


def pieces_of(markup: str) -> Iterator[Piece]:
    """The tags and texts of a markup. A tag that closes itself is opened and closed."""
    for found in _PIECE.finditer(markup):
        slash, tag, inside, text = found.groups()
        if text is not None:
            yield Piece("", text=html.unescape(text))
            continue
        name = tag.lower()
        if slash:
            yield Piece(name, is_end=True)
            continue
        values = ((key.lower(), html.unescape(one or other)) for key, one, other in _ATTRIBUTE.findall(inside))
        yield Piece(name, attributes=dict(values))
        # `<a/>` would stay open for a reader that knows only pairs.
        if inside.rstrip().endswith("/"):
            yield Piece(name, is_end=True)


def read_content(markup: str) -> Content:
    """What a message's markup holds."""
    reader = _ContentReader()
    for piece in pieces_of(markup):
        if piece.is_end:
            reader.end(piece.tag)
        elif piece.tag:
            reader.start(piece.tag, piece.attributes)
        else:
            reader.text(piece.text)
    return reader.finish()


class _ContentReader:
    def __init__(self) -> None:
        self._content = Content()
        self._shown: list[str] = []
        self._quoted: list[str] = []
        self._in_quote = 0
        self._hidden: list[str] = []
        self._open: list[tuple[str, str, int]] = []  # tag, what closes it, where its text begins
        self._object: dict[str, str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) + len(self._hidden) > _MOST_OPEN:
            return  # nobody writes so; closing each would take its time
        if tag in _HIDDEN:
            self._hidden.append(tag)
            self._learn(tag, attributes)
        elif tag == "quote":
            self._in_quote += 1
            if self._in_quote == 1 and not self._content.quoted:
                self._content.quoted = attributes.get("messageid", "")
                self._content.quoted_in = attributes.get("conversation", "")
                self._quoted.append(f"{attributes.get('authorname') or attributes.get('author', '')}: ")
        elif tag == "br":
            self.text("\n")
        elif tag == "at":
            self._open.append((tag, "", len(self._shown)))
        elif tag == "a":
            self._open.append((tag, attributes.get("href", ""), len(self._shown)))
        else:
            # The signs that the sender typed for a style, such as * for bold.
            self.text(attributes.get("raw_pre", ""))
            self._open.append((tag, attributes.get("raw_post", ""), len(self._shown)))
            self._learn(tag, attributes)

    def end(self, tag: str) -> None:
        if tag in self._hidden:
            # Elements within that were never closed end with it.
            while self._hidden and self._hidden.pop() != tag:
                pass
            if tag == _OBJECT:
                self._finish_object()
        elif tag == "quote":
            self._in_quote = max(0, self._in_quote - 1)
        elif any(tag == one for one, _, _ in self._open):
            while self._open:
                open_tag, closing, place = self._open.pop()
                self._close(open_tag, closing, place)
                if open_tag == tag:
                    break

    def text(self, text: str) -> None:
        if not self._hidden:
            (self._quoted if self._in_quote else self._shown).append(text)

    def finish(self) -> Content:
        self._finish_object()
        content = self._content
        content.text = clean("".join(self._shown))
        content.quote = clean("".join(self._quoted)).removeprefix(": ")
        return content

    def _close(self, tag: str, closing: str, place: int) -> None:
        label = "".join(self._shown[place:])
        if tag == "at" and label and not label.startswith("@") and not self._in_quote:
            self._shown[place:] = [f"@{label}"]
        elif tag == "a":
            if closing and closing.rstrip("/") != label.strip().rstrip("/") and not self._in_quote:
                self.text(f" ({closing})" if label else closing)
        elif closing:
            self.text(closing)

    def _learn(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "e_m":
            self._content.edited_at = attributes.get("ts_ms", "")
        elif tag == _OBJECT:
            self._finish_object()
            self._object = dict(attributes)
        elif tag == "swift":
            self._shown.append("\n".join(_card_lines(attributes.get("b64", ""))))
        elif tag == "c" and attributes.get("t"):
            self._shown.append(f"Contact: {attributes.get('f') or attributes.get('s') or attributes.get('p', '')}\n")
        elif tag == "location":
            self._shown.append(f"Location: {attributes.get('address') or _place(attributes)}\n")
        elif self._object is not None:
            for member in ("v", "originalname"):
                if attributes.get(member):
                    self._object[tag] = attributes[member]

    def _finish_object(self) -> None:
        found, self._object = self._object, None
        # A card of a bot is no file: its texts were shown already.
        if found is not None and not found.get("type", "").casefold().startswith("swift"):
            name = found.get("originalname") or found.get("meta") or ""
            self._content.files.append(
                SharedFile(found.get("doc_id", ""), found.get("type", ""), name, found.get("filesize", ""))
            )


def _place(attributes: Mapping[str, str]) -> str:
    """Degrees, which Skype writes in millionths."""
    degrees = (attributes.get("latitude", ""), attributes.get("longitude", ""))
    return ", ".join(str(int(one) / 1_000_000) if one.lstrip("-").isdecimal() else one for one in degrees if one)


def _card_lines(encoded: str) -> Iterator[str]:
    """The texts of a card that a bot sent."""
    try:
        yield from card_texts(parse(base64.b64decode(encoded[:_LONGEST_CARD]).decode("utf-8", "replace")))
    except (ValueError, binascii.Error):
        return


def card_texts(value: object, depth: int = 0) -> Iterator[str]:
    """The texts that people see in the JSON of a card or a notice."""
    if depth > _DEEPEST:
        return
    if is_list(value):
        for item in value:
            yield from card_texts(item, depth + 1)
    elif is_object(value):
        for name in _CARD_TEXTS:
            text = clean(text_of(value, name))
            if text:
                yield text
        for item in value.values():
            if not isinstance(item, str):
                yield from card_texts(item, depth + 1)
