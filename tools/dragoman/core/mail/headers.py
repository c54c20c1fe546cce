"""The head of a mail: decoded texts, addresses, message ids and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, KeysView
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Generic, TypeVar
from urllib.parse import unquote_to_bytes

from dragoman.core.mail.charset import decode
from dragoman.core.mail.dates import parse_date
from dragoman.core.mail.encoded_words import WORD, decode_words

M = TypeVar("M")
T = TypeVar("T")

_TOKEN: Final = re.compile(
    r'(?P<local>"(?:[^"\\\r\n]|\\.)*"@[^\s,;<>()"]+)|(?P<quoted>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<comment>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)?)|(?P<word>" + WORD.pattern + r")"
    r"|(?P<angle><[^<>]*>?)|(?P<sign>[,;:])|(?P<other>[^\"(<,;:=]+|.)",
    re.DOTALL,
)
_TOKENS: Final = ("local", "quoted", "comment", "word", "angle", "sign")
_QUOTED_LOCAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"@')
_FIELD: Final = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)
_ID: Final = re.compile(r"<([^<>]+)>")
_ONE_ID: Final = re.compile(r"<[^<>\s]+>")
_BARE_ID: Final = re.compile(
    r"(?<![^\s<>\"(),;])[^\s<>\"(),;]+@[^\s<>\"(),;]+"
)  # from the start of a run: else quadratic
_BLANKS: Final = re.compile(r"\s+")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_SIGN: Final = re.compile(r"\\([^A-Za-z0-9.])", re.DOTALL)  # nobody escapes letters: they follow in paths
_ADDRESS: Final = re.compile(r"(?<![^\s@<>\"',;])[^\s@<>\"',;]+@[^\s@<>\"',;]+")  # likewise
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_USUAL_ADDRESS: Final = re.compile(
    r"\s*+(?:(?:\"([\w .,-]*)\"|([\w .-]*+))\s*+<([\w.+=-]+@[\w.-]+)>|([\w.+-]+@[\w.-]+))\s*"
)
MOST_ADDRESSES: Final = 1000
"""Addresses of a field that are read."""
_LONGEST: Final = 100_000
_ESCAPE: Final = b"\x1b"


@dataclass(frozen=True, slots=True)
class Address:
    """A person or list; ``name`` is empty where only the address is told."""

    name: str
    email: str


class Cached(Generic[M, T]):
    """A property that is computed once. That of the standard library takes a lock each time before Python 3.12."""

    def __init__(self, compute: Callable[[M], T]) -> None:
        self._compute = compute
        self._name = compute.__name__

    def __get__(self, owner: M, kind: type[M]) -> T:
        """The value."""
        value = self._compute(owner)
        vars(owner)[self._name] = value  # which is found before this from then on
        return value


class Headers:
    """The header fields of a mail or of one of its parts, which are told apart when the first one is asked for.

    Args:
        data: Its lines as they are. What is no field is passed over.
        charset: That of the text behind it, which mailers take for their headers as well.
    """

    def __init__(self, data: bytes, charset: str = "") -> None:
        self.charset = charset
        self._data = data
        self._raw: dict[str, str] = {}

    @property
    def names(self) -> KeysView[str]:
        """The names of all fields, in small letters."""
        return self._fields.keys()

    @property
    def is_read(self) -> bool:
        """Fields were asked for."""
        return "_fields" in vars(self)

    def may_have(self, name: str) -> bool:
        """False where there is certainly no field of that name. It costs less than to look the field up."""
        return name in self._fields if self.is_read else name.encode() in self._data.lower()

    @Cached
    def _fields(self) -> dict[str, list[bytes]]:
        fields: dict[str, list[bytes]] = {}
        for written, value in self._found:
            fields.setdefault(_name(written), []).append(value)
        return fields

    @Cached
    def _found(self) -> list[tuple[bytes, bytes]]:
        data, self._data = self._data, b""
        return _FIELD.findall(data)

    def raw(self, name: str) -> str:
        """The first field of that name, not decoded; empty when there is none."""
        values = self._fields.get(name)
        if values is None:
            return ""
        known = self._raw.get(name)
        if known is None:
            known = self._raw[name] = self._decoded(values[0])
        return known

    def _decoded(self, value: bytes) -> str:
        data = value.strip() if b"\n" not in value else b" ".join(line.strip() for line in value.split(b"\n"))
        data = data[:_LONGEST]
        if not self.charset or (data.isascii() and _ESCAPE not in data):
            return decode(data)
        try:
            return decode(data, self.charset) if _ESCAPE in data else data.decode()
        except UnicodeDecodeError:
            return decode(data, self.charset)

    def all(self, name: str) -> list[str]:
        """All fields of that name, not decoded."""
        values = self._fields.get(name)
        if values is None:
            return []
        first = self.raw(name)
        return [first] if len(values) == 1 else [first, *(self._decoded(value) for value in values[1:])]

    def above_second(self, name: str, mark: str) -> list[str]:
        """The fields of a name that stand above the second field called ``mark``, not decoded."""
        if name not in self._fields:
            return []
        names = [_name(written) for written, _ in self._found]
        marks = [place for place, one in enumerate(names) if one == mark]
        top = names[: marks[1]] if len(marks) > 1 else names
        return self.all(name)[: top.count(name)]

    def text(self, name: str) -> str:
        """The first field of that name as people read it."""
        return _BLANKS.sub(" ", decode_words(self.raw(name))).strip()

    def addresses(self, name: str) -> list[Address]:
        """All addresses of the fields of that name."""
        return [address for value in self.all(name) for address in _known_addresses(value)]

    def ids(self, name: str) -> list[str]:
        """The message ids of the fields of that name, without brackets."""
        return [id_ for value in self.all(name) for id_ in parse_ids(value)]

    def date(self, name: str = "date") -> datetime | None:
        """The time of the first field of that name."""
        return parse_date(self.raw(name))

    def parameters(self, name: str) -> tuple[str, dict[str, str]]:
        """The value of a field in small letters, and its parameters."""
        return parse_parameters(self.raw(name))


@lru_cache(maxsize=1024)
def _name(written: bytes) -> str:
    return written.decode("ascii").lower()


def parse_ids(value: str) -> list[str]:
    """The message ids of a header value, without brackets and white space."""
    if _ONE_ID.fullmatch(value):
        return [value[1:-1]]
    found = [_BLANKS.sub("", id_) for id_ in _ID.findall(value)]
    return [id_ for id_ in found if id_] or _BARE_ID.findall(value)


@lru_cache(maxsize=4096)
def _known_addresses(value: str) -> tuple[Address, ...]:
    """The addresses of a value; the same values stand in many mails."""
    return tuple(parse_addresses(value))


def parse_addresses(value: str) -> list[Address]:
    """The addresses of a header value. It is split before its names are decoded: they may hold commas."""
    usual = _USUAL_ADDRESS.fullmatch(value)
    if usual is not None:
        name, email = (usual[1] or usual[2] or "").strip(), usual[3] or usual[4]
        return [Address("" if name.lower() == email.lower() else name, email)]
    found: list[Address] = []
    pieces = _Pieces()
    for token in _TOKEN.finditer(f"{value},"):
        kind, text = _kind_of(token), token[0]
        if kind != "sign" or text not in ",;":
            pieces.add(kind, text)
            continue
        address = _address(pieces.name + (pieces.local if pieces.angle else ""), pieces.comment, pieces.place)
        if address is not None:
            found.append(address)
        if len(found) >= MOST_ADDRESSES:
            break
        pieces = _Pieces()
    return found


@dataclass(slots=True)
class _Pieces:
    """What was read of an address until the comma behind it.

    Attributes:
        angle: What stands in angle brackets.
        local: An address whose part before the at sign is quoted, outside of brackets.
    """

    name: str = ""
    comment: str = ""
    angle: str = ""
    local: str = ""

    @property
    def place(self) -> str:
        """The address, where it is written as one."""
        return self.angle or self.local

    def add(self, kind: str, text: str) -> None:
        """Take a token."""
        if kind == "comment":
            self.comment = text.removeprefix("(").removesuffix(")")
        elif kind == "angle":
            self.angle = text.strip("<>").strip()
        elif kind == "local":
            self.local = self.local or text
        elif kind == "quoted":
            self.name += _ESCAPED.sub(r"\1", text.removeprefix('"').removesuffix('"'))
        elif text == ":" and not self.angle and "@" not in self.name:
            self.name = ""  # the name of a group
        else:
            self.name += text


def _kind_of(token: re.Match[str]) -> str:
    return next((group for group in _TOKENS if token[group]), "other")


def _address(name: str, comment: str, angle: str) -> Address | None:
    """An address of its parts; ``None`` when there is none."""
    plain = _BLANKS.sub(" ", decode_words(name)).strip().strip("'\"").strip()
    email = angle
    if not email:
        found = _ADDRESS.search(name)
        if found is None:
            return Address(plain, "") if plain else None
        email = found[0]
        plain = _BLANKS.sub(" ", decode_words(comment)).strip()
    if not _QUOTED_LOCAL.match(email):
        email = decode_words(email.rpartition(":")[2]).replace(" ", "")
    return Address("" if plain.lower() == email.lower() else plain, email)


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """A value in small letters and its parameters, with continuations and charsets of RFC 2231."""
    main, found = _known_parameters(value)
    return main, dict(found)


@lru_cache(maxsize=1024)
def _known_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The parameters of a value; the same values stand in many mails."""
    main, semicolon, rest = value.partition(";")
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    plain: dict[str, str] = {}
    for name, written in _PARAMETER.findall(f"{semicolon}{rest}"):
        text = written.strip()
        if text.startswith('"'):
            text = _ESCAPED_SIGN.sub(r"\1", text.removeprefix('"').removesuffix('"'))
        base, star, number = name.lower().partition("*")
        if not star:
            plain.setdefault(base, decode_words(text))
            continue
        digits = number.removesuffix("*")
        place = int(digits) if digits.isdigit() and len(digits) < 4 else 0  # noqa: PLR2004 - no more pieces are real
        pieces.setdefault(base, {})[place] = text, number.endswith("*") or not number
    return main.strip().lower(), plain | {name: _extended(found) for name, found in pieces.items()}


def _extended(pieces: dict[int, tuple[str, bool]]) -> str:
    """A parameter that came in pieces, of which some are percent-encoded."""
    charset, data = "", b""
    for place in sorted(pieces):
        text, encoded = pieces[place]
        if encoded and text.count("'") >= 2 and place == min(pieces):  # noqa: PLR2004 - charset'language'text
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogateescape")
    return decode(data, charset)
