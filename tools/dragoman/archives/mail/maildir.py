"""Names of Maildir files and folders."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Final

from dragoman.archives.sources import Folder
from dragoman.archives.text import decode
from dragoman.archives.times import from_seconds
from dragoman.core.lazy_pattern import lazy_pattern

# Where names may have no colon, programs write another sign; U+F03A is what Cygwin and WSL make of a colon.
_FLAGS: Final = lazy_pattern("[:!;\uf03a]2,([A-Za-z]*)$")
_SECONDS: Final = lazy_pattern(r"(\d{9,11})\.")
_SHIFTED: Final = lazy_pattern(r"&([A-Za-z0-9+,]*)-")
_WORDS: Final = {"D": "draft", "F": "flagged", "T": "trashed"}
_KEYWORD: Final = lazy_pattern(r"(\d{1,2}) (\S+)")


def is_maildir(folder: Folder) -> bool:
    """Whether a folder is a Maildir; archives lose those of its folders that are empty."""
    names = folder.folder_names
    if "cur" not in names:
        return False
    return bool(names & {"new", "tmp"}) or any(_FLAGS.search(name) for name in folder.folder("cur").names)


def is_inner(folder: Folder) -> bool:
    """Whether a folder within a Maildir is one too."""
    return bool(folder.folder_names & {"cur", "new"}) and folder.name not in ("cur", "new", "tmp")


def label_of(path: str) -> str:
    """The name of a folder by its path below the outermost Maildir: levels with ``/``; that itself is the inbox."""
    plain = "/".join(step.removeprefix(".") for step in path.split("/"))
    # Maildir++ has one level of folders, `.A.B`; other layouts have folders within folders.
    name = plain.replace(".", "/") if path.startswith(".") else plain
    return decode_utf7(name) or "INBOX"


def labels_of(name: str, keywords: dict[int, str]) -> list[str]:
    """What the flags of a file name say."""
    found = _FLAGS.search(name)
    labels: list[str] = []
    for flag in found[1] if found else "":
        if flag in _WORDS:
            labels.append(_WORDS[flag])
        elif flag.islower():
            labels += [keywords[ord(flag) - ord("a")]] if ord(flag) - ord("a") in keywords else []
    return labels


def keywords_of(folder: Folder) -> dict[int, str]:
    """The words that Dovecot's small letters stand for in this folder."""
    file = folder.file("dovecot-keywords")
    if file is None:
        return {}
    with file.open() as content:
        text = decode(content.read(1 << 16))
    return {int(number): word for number, word in _KEYWORD.findall(text)}


def time_of(name: str) -> datetime | None:
    """When a file was delivered, by its name."""
    found = _SECONDS.match(name)
    return from_seconds(found[1]) if found else None


def decode_utf7(name: str) -> str:
    """A folder name in the modified UTF-7 of IMAP."""

    def shifted(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        try:
            # RFC 3501, 5.1.3: base64 with a comma for the slash, and without padding.
            data = found[1].replace(",", "/")
            return base64.b64decode(data + "=" * (-len(data) % 4)).decode("utf-16-be")
        except (ValueError, UnicodeDecodeError):
            return found[0]

    return _SHIFTED.sub(shifted, name)
