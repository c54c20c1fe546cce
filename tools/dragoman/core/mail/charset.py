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


def _attempt(data: bytes, encoding: str, *, complete: bool) -> str | None:
    try:
        return data.decode(encoding) if complete else codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except (UnicodeError, LookupError):
        return None


def _plain(text: str) -> str:
    return _without_nul(text if text.isascii() else _SURROGATE.sub("\ufffd", text))


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
