"""Bytes of mails to text, whatever charset they name."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

# Supersets, as browsers read them: mailers declare the smaller charset and write the larger one.
_ALIASES: Final = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "euc-cn": "gb18030",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949", "windows-949": "cp949", "ms949": "cp949",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-big5": "big5hkscs", "windows-950": "big5hkscs",
    "windows-936": "gb18030", "euc-jp": "euc_jis_2004", "x-euc-jp": "euc_jis_2004",
    "iso-8859-9": "cp1254", "latin5": "cp1254",
    "tis-620": "cp874", "iso-8859-11": "cp874", "windows-874": "cp874", "x-windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6",
    "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "cp-850": "cp850",
    "utf8": "utf-8", "utf-8mb4": "utf-8", "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8", "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac-roman", "macintosh": "mac-roman", "x-mac-cyrillic": "mac-cyrillic", "x-mac-ce": "mac-latin2",
    "unicode": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16", "x-windows-1251": "cp1251",
    "x-unknown": "", "unknown-8bit": "", "binary": "",
    "us-ascii": "", "ascii": "", "ansi_x3.4-1968": "", "default": "", "x-user-defined": "",
}  # fmt: skip
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# HTML wants the charset within these bytes.
_META_WITHIN: Final = 1024
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_OF_SEVERAL_BYTES: Final = ("iso2022", "cp932", "cp949", "gb18030", "big5", "euc_ji", "utf-16", "utf-32")
_PLAIN: Final = frozenset({"", "utf-8", "cp1252", "iso8859-15", "iso8859-2", "cp1251", "koi8-r", "gb18030"})
"""Codecs in which ASCII is ASCII."""

_ESCAPE: Final = re.compile(rb"\x1b(\([A-Z]|\$\(?[@-Z])")
"""Changes the set of characters (ISO 2022). ``(`` stands before sets of one byte, ``$`` before those of two."""

_KATAKANA: Final = b"(I"
_SUPPLEMENT: Final = b"$(D"
_SUPERSETS: Final = (b"$(O", b"$(P", b"$(Q")
"""JIS X 0213, of which the first plane is also that of JIS X 0208."""

_NOT_TEXT: Final = frozenset({"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "idna", "punycode", "undefined"})


def decode(data: bytes, charset: str = "", *, complete: bool = True) -> str:
    """Decode the bytes: as the mark at their beginning says, as declared, as UTF-8, else as Windows-1252.

    Args:
        data: The bytes.
        charset: The declared charset; empty when none is.
        complete: ``False`` when they may end within a character.
    """
    declared = codec_of(charset) if charset else ""
    if declared in _PLAIN and data.isascii():
        return _without_nul(data.decode("ascii"))
    if declared == "utf-8" and not data.startswith(codecs.BOM_UTF8):
        text = _attempt(data, declared, complete=complete)
        if text is not None:
            return _without_nul(text)
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _plain(data[len(mark) :].decode(encoding, "replace"))
    encodings = (declared, "utf-8")
    if declared in ("utf-16", "utf-32"):
        declared = _with_order(data, declared)
        encodings = (declared, "utf-8") if 0 in data else ("utf-8", declared)  # mailers declare it for other texts
    for encoding in encodings:
        text = _attempt(data, encoding, complete=complete) if encoding else None
        if text is not None:
            return _plain(text)
    # Read as Windows-1252, one wrong byte would make nonsense of the whole text.
    if declared.startswith(_OF_SEVERAL_BYTES):
        return _plain(data.decode(declared, "replace"))
    return _plain(data.decode("cp1252", "replace"))


def html_charset(data: bytes) -> str:
    """The charset that an HTML text names at its beginning; empty when it names none."""
    found = _META.search(data[:_META_WITHIN])
    return found[1].decode("ascii") if found else ""


@cache
def codec_of(charset: str) -> str:
    """Python's codec for a charset; empty when there is none or it says nothing."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):
        return ""
    return "" if found in _NOT_TEXT or found.startswith("unicode_escape") or found == "raw-unicode-escape" else found


def _with_order(data: bytes, encoding: str) -> str:
    """An encoding with the order of bytes, which nothing tells before them: most characters have a zero byte."""
    return f"{encoding}-{'be' if data[::2].count(0) > data[1::2].count(0) else 'le'}"


def _from_iso_2022(data: bytes, encoding: str) -> str:
    """Text in which characters are that the standard does not have.

    Mailers in Japan write those of NEC and IBM, as in code page 932, and call that ISO-2022-JP (CP50220).
    """
    if not encoding.startswith("iso2022_jp"):
        return data.decode(encoding, "replace")
    pieces = _ESCAPE.split(data)
    sets = [b"(B", *pieces[1::2]]
    return "".join(_in_set(one, characters) for one, characters in zip(sets, pieces[::2], strict=True))


def _in_set(name: bytes, characters: bytes) -> str:
    """Characters of a set of ISO-2022-JP. A line ends each of them, as the standard asks."""
    if name == _KATAKANA:
        # Blanks and line breaks stay; each other byte lies in the upper half of Shift JIS.
        return bytes(one | 0x80 if chr(one).isprintable() and one != ord(" ") else one for one in characters).decode(
            "cp932", "replace"
        )
    if not name.startswith(b"$"):
        return characters.decode("cp932", "replace")  # some write katakana of one byte without any escape
    line, end, rest = characters.partition(b"\n")
    pairs = [line[at : at + 2] for at in range(0, len(line.rstrip(b"\r")), 2)]
    return "".join(_character(name, pair) for pair in pairs) + (end + rest).decode("cp932", "replace")


def _character(name: bytes, pair: bytes) -> str:
    if len(pair) < 2 or not all(0x20 < one < 0x7F for one in pair):  # noqa: PLR2004 - two bytes each
        return pair.decode("ascii", "replace")
    row, cell = pair
    high = bytes((row | 0x80, cell | 0x80))
    if name == _SUPPLEMENT:
        return (b"\x8f" + high).decode("euc_jp", "replace")
    if name in _SUPERSETS:
        return (b"\x8f" * (name == _SUPERSETS[1]) + high).decode("euc_jis_2004", "replace")
    # The same place in Shift JIS, whose code page 932 has what the makers added (JIS X 0208, annex 1).
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)  # noqa: PLR2004 - where Shift JIS leaves katakana out
    trail = cell + 0x7E if row % 2 == 0 else cell + 0x1F + (cell >= 0x60)  # noqa: PLR2004 - it leaves 7F out
    return bytes((lead, trail)).decode("cp932", "replace")


def _attempt(data: bytes, encoding: str, *, complete: bool) -> str | None:
    try:
        return data.decode(encoding) if complete else codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except (UnicodeError, LookupError):
        # Seven bits are valid UTF-8 as well, which would show the escapes.
        return _from_iso_2022(data, encoding) if encoding.startswith("iso2022") and b"\x1b" in data else None


def _plain(text: str) -> str:
    return _without_nul(text if text.isascii() else _SURROGATE.sub("\ufffd", text))


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
