"""What is written into plain texts to carry something else: clear signatures, and files in the way of uuencode."""

from __future__ import annotations

import re
from typing import Final

ENCRYPTED: Final = "(encrypted message)"

_ENCRYPTED_BEGIN: Final = "-----BEGIN PGP MESSAGE-----"
_ENCRYPTED_END: Final = "-----END PGP MESSAGE-----"
_ARMOR: Final = re.compile(r"[A-Za-z0-9+/=]+")
_ARMOR_HEADER: Final = re.compile(r"[A-Za-z]+: ")

_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"
_END: Final = "-----END PGP SIGNATURE-----"
# Put before lines that begin with a dash (RFC 4880, 7.1).
_DASHED: Final = "- "
_BEGIN: Final = re.compile(r"begin (?:-base64 )?[0-7]{3,4} (\S.{0,199})")
_BREAKS: Final = re.compile(r"\n+")
_PARAMETERS: Final = re.compile(r"<param>[^<]*</param>", re.IGNORECASE)
_COMMAND: Final = re.compile(r"<<|</?[A-Za-z0-9-]{1,60}>")
_MOST_FILES: Final = 20


def without_commands(text: str) -> str:
    """A text of the kind ``text/enriched`` (RFC 1896) without its commands. One line break is a blank, two are one."""
    flowing = _BREAKS.sub(lambda found: found[0][1:] or " ", _PARAMETERS.sub("", text))
    return _COMMAND.sub(lambda found: "<" if found[0] == "<<" else "", flowing)


def without_encrypted(text: str) -> tuple[str, bool]:
    """A text with a mark where an encrypted one stands, and whether one does. What only speaks of one stays."""
    if _ENCRYPTED_BEGIN not in text:
        return text, False
    lines, found, place = text.split("\n"), list[str](), 0
    while place < len(lines):
        end = _end_of_encrypted(lines, place) if lines[place].strip() == _ENCRYPTED_BEGIN else 0
        found.append(ENCRYPTED if end else lines[place])
        place = end or place + 1
    return "\n".join(found), ENCRYPTED in found


def _end_of_encrypted(lines: list[str], start: int) -> int:
    """The line behind an encrypted text; 0 where what follows is none."""
    is_armored = False
    for place in range(start + 1, len(lines)):
        line = lines[place].strip()
        if line == _ENCRYPTED_END:
            return place + 1 if is_armored else 0
        if _ARMOR.fullmatch(line):
            is_armored = True
        elif line and (is_armored or not _ARMOR_HEADER.match(line)):
            return 0
    return len(lines) if is_armored else 0


def without_signature(text: str) -> tuple[str, bool]:
    """A text without what signs it in the clear, and whether it was signed so. Nothing is verified."""
    before, begin, rest = text.partition(f"{_SIGNED}\n")
    signed, end, armor = rest.partition(f"\n{_SIGNATURE}\n")
    if not begin or not end or (before and not before.endswith("\n")):
        return text, False
    _, _, content = signed.partition("\n\n")
    plain = "\n".join(line.removeprefix(_DASHED) for line in content.split("\n"))
    after = armor.partition(f"{_END}\n")[2]
    return f"{before}{plain}\n{after}".rstrip("\n"), True


def without_files(text: str) -> tuple[str, list[tuple[str, int]]]:
    """A text without the files that stand in it, and their names and sizes in bytes."""
    if "\nbegin " not in f"\n{text}":
        return text, []
    lines, kept, files, place = text.split("\n"), list[str](), list[tuple[str, int]](), 0
    while place < len(lines):
        begin = _BEGIN.fullmatch(lines[place]) if len(files) < _MOST_FILES else None
        end = _end_of_file(lines, place + 1) if begin is not None else 0
        if begin is not None and end:
            files.append((begin[1].strip(), sum(_bytes_in(line) for line in lines[place + 1 : end])))
            place = end + 1
        else:
            kept.append(lines[place])
            place += 1
    return "\n".join(kept), files


def _end_of_file(lines: list[str], start: int) -> int:
    """The line that ends a file; 0 where what follows is none."""
    for place in range(start, len(lines)):
        line = lines[place]
        if line == "end" and place > start:
            return place
        if _bytes_in(line) < 0:
            return 0
    return 0


def _bytes_in(line: str) -> int:
    """How many bytes a line carries; -1 when it is no line of a file."""
    if not line or not all(" " <= sign <= "`" for sign in line):
        return -1
    count = (ord(line[0]) - 32) & 63
    needed = -(-count // 3) * 4
    return count if len(line) - 1 >= needed - 3 and len(line) - 1 <= needed + 2 else -1
