"""Archives that are recognised only to say what to do with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from dragoman.archives.format import LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.sources import Folder, Source
from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.safe_text import Sentence, sentence, unquoted

_AS_LINES: Final = "JSON Lines can be written from it; docs/archives.md describes them."
_PLAIN_SIGNAL: Final = (
    "It is encrypted. Export the chats in Signal with Settings > Chats > Export, and import that folder."
)
_LONGEST_HEADER: Final = 200
_LINE: Final = lazy_pattern(r"\[LINE\]|.{0,60}(?:のトーク履歴|的聊天记录|的聊天記錄)")
_KAKAO: Final = lazy_pattern(r".{0,60}(?:님과 카카오톡 대화|KakaoTalk Chats with)|.{0,60}카카오톡 대화")
_IMAZING: Final = lazy_pattern(r"Chat Session,Message Date,")
_CRYPT: Final = lazy_pattern(r"\.crypt\d{1,2}$")
_KAKAO_CSV: Final = lazy_pattern(r"Date,User,Message\s*$")


class UnreadableFormat(ArchiveFormat):
    """A format without a reader.

    Args:
        name: Short name.
        title: What people call it.
        advice: What to do about it, a sentence.
        matches: Whether a file that begins so is of this format.
        beside: Names of files that have to lie in the same folder.
    """

    readable = False

    def __init__(
        self,
        name: str,
        title: str,
        advice: Sentence,
        matches: Callable[[Head], bool],
        beside: AbstractSet[str] = frozenset(),
    ) -> None:
        self.name = name
        self.title = title
        self._advice: Sentence = advice
        self._matches = matches
        self._beside = beside

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it is this format; others that can be read come first."""
        return LIKELY if head.data and self._matches(head) and self._beside <= names.names else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Say what to do.

        Raises:
            InvalidArgument: Always.
        """
        del options
        article = "an" if self.title[0] in "AEIOaeio" else "a"
        where = next((file.label for file in source.files()), "This")
        raise InvalidArgument(
            sentence("{} is {} {}, which cannot be read yet.", where, unquoted(article), unquoted(self.title)),
            hint=self._advice,
        )


def _begins(*marks: bytes) -> Callable[[Head], bool]:
    return lambda head: head.data.startswith(marks)


def _holds(*words: bytes) -> Callable[[Head], bool]:
    return lambda head: head.data.lstrip()[:1] == b"<" and any(word in head.data for word in words)


def _is_sqlite_with(table: bytes) -> Callable[[Head], bool]:
    # SQLite keeps its schema in the first page.
    return lambda head: head.data.startswith(b"SQLite format 3\x00") and b"CREATE TABLE " + table in head.data


def _first_line(pattern: re.Pattern[str]) -> Callable[[Head], bool]:
    return lambda head: bool(head.lines) and pattern.match(head.lines[0].strip()) is not None


def _is_signal_backup(head: Head) -> bool:
    """Whether it begins with the length of a header, and with the header's first member."""
    length = int.from_bytes(head.data[:4], "big")
    return head.name.endswith(".backup") and 0 < length <= _LONGEST_HEADER and head.data[4:5] == b"\x0a"


def _has_members(*names: str) -> Callable[[Head], bool]:
    return lambda head: set(names) <= head.members


def _is_slackdump(head: Head) -> bool:
    """Whether it is a file of slackdump's own: a saved channel, or pieces of one with a number for their kind."""
    members = head.members
    return {"channel_id", "messages[].ts"} <= members or (
        {"t", "ts"} <= members and not members.isdisjoint({"m", "m[].ts", "ci", "u", "f", "w", "c"})
    )


def _is_encrypted_whatsapp(head: Head) -> bool:
    return _CRYPT.search(head.name) is not None and not head.data.isascii()


def _is_binary(name: str) -> Callable[[Head], bool]:
    known = b"SQLite format 3\x00"
    return lambda head: head.name == name and not head.data.startswith(known) and b"\x00" in head.data


UNREADABLE: Final = (
    UnreadableFormat(
        "pst",
        "Outlook data file (PST)",
        "Export the mail as mbox or .eml, for example with readpst, and import that.",
        _begins(b"!BDN"),
    ),
    UnreadableFormat(
        "msg",
        "file of Microsoft Outlook or Office",
        "Save the mail as .eml and import that.",
        _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
    UnreadableFormat(
        "zstd", "file compressed with zstd", "Unpack it first with `unzstd`.", _begins(b"\x28\xb5\x2f\xfd")
    ),
    UnreadableFormat("7z", "7z archive", "Unpack it first and import the folder.", _begins(b"7z\xbc\xaf\x27\x1c")),
    UnreadableFormat("rar", "RAR archive", "Unpack it first and import the folder.", _begins(b"Rar!\x1a\x07")),
    UnreadableFormat(
        "whatsapp-database",
        "WhatsApp database",
        "Export the chat in WhatsApp with Export chat, and import that text or zip file.",
        _is_sqlite_with(b"jid"),
    ),
    UnreadableFormat(
        "whatsapp-backup",
        "encrypted backup of WhatsApp",
        "Export the chat in WhatsApp with Export chat, and import that text or zip file.",
        _is_encrypted_whatsapp,
    ),
    UnreadableFormat(
        "telegram-html",
        "Telegram export in HTML",
        "Export again in Telegram Desktop with the format Machine-readable JSON.",
        _holds(b'<div class="page_header', b'class="page_body chat_page"'),
    ),
    UnreadableFormat(
        "facebook-html",
        "Facebook or Instagram export in HTML",
        "Request the download again with the format JSON.",
        _holds(b'class="_3-95 _2pim', b'class="pam _3-95', b'class="_a706"', b"_3-95 _a6-", b"messages/inbox"),
    ),
    UnreadableFormat(
        "line",
        "LINE chat history",
        _AS_LINES,
        _first_line(_LINE),
    ),
    UnreadableFormat(
        "kakaotalk",
        "KakaoTalk export",
        _AS_LINES,
        lambda head: _first_line(_KAKAO)(head) or _first_line(_KAKAO_CSV)(head),
    ),
    UnreadableFormat(
        "sms-backup",
        "backup of SMS Backup & Restore",
        _AS_LINES,
        _holds(b"<smses "),
    ),
    UnreadableFormat(
        "slackdump-database",
        "database of slackdump",
        "Convert it with `slackdump convert -f export`, and import that.",
        _is_sqlite_with(b"CHUNK"),
    ),
    UnreadableFormat(
        "slackdump",
        "file of slackdump",
        "Convert it with `slackdump convert -f export`, and import that.",
        _is_slackdump,
    ),
    UnreadableFormat("rocketchat", "Rocket.Chat export", _AS_LINES, _has_members("msg", "ts", "username")),
    UnreadableFormat("rocketchat", "Rocket.Chat export", _AS_LINES, _has_members("messages[].msg", "messages[].ts")),
    UnreadableFormat("imazing", "export of iMazing", _AS_LINES, _first_line(_IMAZING)),
    UnreadableFormat("google-voice", "Google Voice export in HTML", _AS_LINES, _holds(b'class="hChatLog')),
    UnreadableFormat("signal-backup", "Signal backup", _PLAIN_SIGNAL, _is_signal_backup),
    UnreadableFormat("signal-backup", "Signal backup", _PLAIN_SIGNAL, _is_binary("main"), {"metadata", "files"}),
    UnreadableFormat("signal-desktop", "database of Signal Desktop", _PLAIN_SIGNAL, _is_binary("db.sqlite")),
)
"""All of them."""
