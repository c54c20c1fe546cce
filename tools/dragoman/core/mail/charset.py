"""Bytes of mails to text, whatever charset they name."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

_ALIASES: Final = {
    "shift-jis": "cp932", "mac-japanese": "cp932", "ms-cp932": "cp932", "mac-korean": "cp949", "ks_c_5601": "cp949",
    "ks_c_5601-1989": "cp949", "windows-949": "cp949", "kr": "cp949", "ksc56011987": "cp949",
    "windows-936": "gb18030", "gb_2312-80": "gb18030", "gb-18030": "gb18030", "mac-chinesesimp": "gb18030",
    "windows-950": "big5hkscs", "cn-big5": "big5hkscs", "big5-eten": "big5hkscs", "x-big5": "big5hkscs",
    "mac-chinesetrad": "big5hkscs",
    "windows-874": "cp874", "windows874": "cp874", "mac-thai": "cp874", "mac-hebrew": "cp1255",
    "iso-8859-8-i": "cp1255", "iso-8859-8-e": "cp1255", "iso-8859-6-i": "iso-8859-6", "iso-8859-6-e": "iso-8859-6",
    "iso-2022-jp-ms": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext", "windows-iso2022jp": "iso2022_jp_ext", "eucjp-ms": "euc_jp", "cp51932": "euc_jp",
    "cp-850": "cp850", "8859_1": "cp1252", "ansi": "cp1252", "koi8-ru": "koi8-u", "koi": "koi8-r",
    "utf-8mb4": "utf-8", "utf8mb4": "utf-8", "utf-8-mac": "utf-8", "unicode20utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8", "unicode-1-1-utf-7": "utf-7", "unicode11utf7": "utf-7",
    "macintosh": "mac-roman", "mac-ce": "mac-latin2", "mac-centraleurroman": "mac-latin2",
    "mac-icelandic": "mac-iceland", "mac-ukrainian": "mac-cyrillic", "mac-croatian": "mac-croatian",
    "unicode": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16", "ucs-4": "utf-32",
    "unknown": "", "unknown-8bit": "", "binary": "", "default": "", "user-defined": "",
}  # fmt: skip
"""Names that Python does not know."""

_SUPERSETS: Final = {
    "ascii": "", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-8": "cp1255", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932",
    "big5": "big5hkscs", "cp950": "big5hkscs", "iso2022_jp": "iso2022_jp_ext", "iso2022_jp_1": "iso2022_jp_ext",
}  # fmt: skip
"""Codecs as browsers read them: mailers declare the smaller charset and write the larger one."""

_ALSO: Final = {"big5hkscs": "cp950", "euc_jp": "euc_jis_2004"}
"""What else is written under the name of a codec."""

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# HTML wants the charset within these bytes.
_META_WITHIN: Final = 1024
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_OF_SEVERAL_BYTES: Final = ("iso2022", "cp932", "cp949", "gb18030", "big5", "euc_j", "utf-16", "utf-32")
_PLAIN: Final = frozenset({"", "utf-8", "cp1252", "iso8859-15", "iso8859-2", "cp1251", "koi8-r", "gb18030"})
"""Codecs in which ASCII is ASCII."""

_SEVEN_BITS: Final = "iso2022_jp"
_RARE: Final = 10
"""One in so many signs beyond ASCII may be none of the declared charset."""

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
    text = data.decode(declared or "cp1252", "replace")
    is_meant = declared.startswith(_OF_SEVERAL_BYTES) or _has_few_wrong(text)
    return _plain(text if is_meant else data.decode("cp1252", "replace"))


def _has_few_wrong(text: str) -> bool:
    """Whether nearly all signs beyond ASCII are characters of the charset in which a text was read."""
    return text.count("\ufffd") * _RARE <= len(text) - len(text.encode("ascii", "ignore"))


def html_charset(data: bytes) -> str:
    """The charset that an HTML text names at its beginning; empty when it names none."""
    found = _META.search(data[:_META_WITHIN])
    return found[1].decode("ascii") if found else ""


@cache
def codec_of(charset: str) -> str:
    """Python's codec for a charset; empty when there is none or it says nothing."""
    name = charset.strip().strip("\"'").lower()
    for one in (name, name.removeprefix("x-"), name.removeprefix("cs")):
        codec = _lookup(_ALIASES.get(one, one))
        if codec:
            return _SUPERSETS.get(codec, codec)
    return ""


def _lookup(name: str) -> str:
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
        if not (encoding.startswith(_SEVEN_BITS) and b"\x0e" in data):  # which codecs take for a character
            return data.decode(encoding) if complete else codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except (UnicodeError, LookupError):
        pass
    return _attempt_more(data, encoding, complete=complete)


def _attempt_more(data: bytes, encoding: str, *, complete: bool) -> str | None:
    """What mailers write that the codec does not have."""
    from dragoman.core.mail.japanese import from_euc_jp, from_iso_2022_jp  # noqa: PLC0415  # few mails need it

    # Seven bits are valid UTF-8 as well, which would show the escapes.
    if encoding.startswith("iso2022") and (b"\x1b" in data or b"\x0e" in data):
        return from_iso_2022_jp(data) if encoding.startswith(_SEVEN_BITS) else data.decode(encoding, "replace")
    text = from_euc_jp(data, complete=complete) if encoding == "euc_jp" else None
    if text is not None or encoding not in _ALSO:
        return text
    return _attempt(data, _ALSO[encoding], complete=complete)


def _plain(text: str) -> str:
    return _without_nul(text if text.isascii() else _SURROGATE.sub("\ufffd", text))


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
