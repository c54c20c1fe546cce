"""Japanese text in which characters are that the standards of its encodings do not have.

Mailers in Japan write those of NEC and IBM, as in code page 932, and call that ISO-2022-JP or EUC-JP.
"""

from __future__ import annotations

import re
from typing import Final

_SHIFT: Final = re.compile(rb"\x1b(\([A-Z]|\$\(?[@-Z])|(\x0e|\x0f)")
"""Changes the set of characters (ISO 2022). ``(`` stands before sets of one byte, ``$`` before those of two."""

_KATAKANA: Final = (b"(I", b"\x0e")
_SUPPLEMENT: Final = b"$(D"
_SUPERSETS: Final = (b"$(O", b"$(P", b"$(Q")
"""JIS X 0213, of which the first plane is also that of JIS X 0208."""

_EUC: Final = re.compile(rb"([\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2})|([\xa1-\xfe]{2})")


def from_iso_2022_jp(data: bytes) -> str:
    """Text of seven bits. Never fails: what is no character is shown as such."""
    pieces = _SHIFT.split(data)
    sets = [b"(B", *(escape or shift for escape, shift in zip(pieces[1::3], pieces[2::3], strict=True))]
    return "".join(_in_set(one, characters) for one, characters in zip(sets, pieces[::3], strict=True))


def from_euc_jp(data: bytes, *, complete: bool) -> str | None:
    """Text of eight bits; ``None`` where it is none.

    Args:
        data: The bytes.
        complete: ``False`` when they may end within a character.
    """
    found, end = list[str](), 0
    for piece in _EUC.finditer(data):
        if piece.start() != end:
            return None
        found.append(piece[1].decode("euc_jp", "replace") if piece[1] else _of_code_page(piece[2][0], piece[2][1]))
        end = piece.end()
    left = len(data) - end
    text = "".join(found)
    return None if "\ufffd" in text or left > (0 if complete else 2) else text


def _in_set(name: bytes, characters: bytes) -> str:
    """Characters of a set of ISO-2022-JP. A line ends each of them, as the standard asks."""
    if name in _KATAKANA:
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
    return _of_code_page(row, cell)


def _of_code_page(row: int, cell: int) -> str:
    """The character at a place of JIS X 0208, of whose free rows code page 932 has what the makers added."""
    row, cell = row & 0x7F, cell & 0x7F
    # The same place in Shift JIS (JIS X 0208, annex 1).
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)  # noqa: PLR2004 - where Shift JIS leaves katakana out
    trail = cell + 0x7E if row % 2 == 0 else cell + 0x1F + (cell >= 0x60)  # noqa: PLR2004 - it leaves 7F out
    return bytes((lead, trail)).decode("cp932", "replace")
