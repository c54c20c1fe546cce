"""What of a mail is new, without the quoted mail and the signature at its end."""

from __future__ import annotations

import re
from typing import Final

_LINES: Final = 5000
_ATTRIBUTION_LINES: Final = 3
_ATTRIBUTION: Final = 300
_SIGNATURE: Final = "-- "
_SIGNATURE_LINES: Final = 15
_DATE_OR_ADDRESS: Final = re.compile(r"\d{1,4}[./:-]\d|\d{4}|[^\s@]+@[^\s@]+")
_RULE: Final = re.compile(r"\s*[-_=*]{5,}[^\n]{0,60}")
_BLOCK_WORDS: Final = tuple(
    frozenset(words.split("|"))
    for words in (
        "from|sent|date|to|cc|subject", "von|gesendet|datum|an|cc|betreff", "de|envoyé|date|à|cc|objet",
        "da|inviato|data|a|cc|oggetto", "de|enviado|enviado el|fecha|para|cc|asunto",
        "от|отправлено|дата|кому|копия|тема",
        "van|verzonden|datum|aan|cc|onderwerp", "fra|sendt|dato|til|cc|emne", "från|skickat|datum|till|kopia|ämne",
        "od|wysłano|data|do|dw|temat", "差出人|送信日時|宛先|cc|件名", "发件人|发送时间|日期|收件人|抄送|主题",
    )
)  # fmt: skip
_WIDE_COLON: Final = "\uff1a"
_BLOCK_NEEDED: Final = 3
_BLOCK_LINES: Final = 8


def without_quotes(text: str, *, is_answer: bool) -> tuple[str, int]:
    """The text without the quoted mail at its end, and how many characters that were.

    It cuts only where it is sure: a run of quoted lines after which nothing stands, a block of header lines of a mail
    that answers, a signature behind its mark.

    Args:
        text: The whole text.
        is_answer: The mail answers another one.
    """
    lines = text.split("\n")
    first = max(0, len(lines) - _LINES)
    end = _end_of_content(lines)
    end = _without_run(lines, first, end)
    if end == _end_of_content(lines) and is_answer:
        end = _without_block(lines, first, end)
    end = _without_signature(lines, first, end)
    new = "\n".join(lines[:end]).rstrip()
    if not new.strip():
        return text, 0
    return new, len(text) - len(new)


def _end_of_content(lines: list[str], end: int | None = None) -> int:
    end = len(lines) if end is None else end
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _without_run(lines: list[str], first: int, end: int) -> int:
    """Where a run of quoted lines at the end begins, with its attribution."""
    start = end
    while start > first and (lines[start - 1].startswith(">") or not lines[start - 1].strip()):
        start -= 1
    if not any(line.startswith(">") for line in lines[start:end]):
        return end
    if any(line.startswith(">") for line in lines[first:start]):
        return end  # answers stand between quotes
    return _without_attribution(lines, first, start)


def _without_attribution(lines: list[str], first: int, end: int) -> int:
    end = _end_of_content(lines, end)
    if not end or not lines[end - 1].rstrip().endswith((":", _WIDE_COLON)):
        return end
    for start in range(end - 1, max(first, end - _ATTRIBUTION_LINES) - 1, -1):
        words = " ".join(lines[start:end])
        if not lines[start].strip() or len(words) > _ATTRIBUTION:
            break
        if _DATE_OR_ADDRESS.search(words):
            return start
    return end


def _without_block(lines: list[str], first: int, end: int) -> int:
    """Where a block of header lines begins, behind which a mail without quote marks follows."""
    for start in range(first, end):
        before = lines[start - 1] if start else ""
        if before.strip() and not _RULE.fullmatch(before):
            continue
        if _is_block(lines[start : start + _BLOCK_LINES]):
            return start - 1 if start and _RULE.fullmatch(before) else start
    return end


def _is_block(lines: list[str]) -> bool:
    names: list[str] = []
    for line in lines:
        name, colon, _ = line.replace(_WIDE_COLON, ":").strip("*> \t").partition(":")
        if not colon:
            break
        names.append(name.strip("* ").casefold())
    return any(len(words & set(names)) >= _BLOCK_NEEDED for words in _BLOCK_WORDS)


def _without_signature(lines: list[str], first: int, end: int) -> int:
    for start in range(end - 1, max(first, end - _SIGNATURE_LINES - 1) - 1, -1):
        if lines[start].rstrip("\r") == _SIGNATURE:
            return start
    return end
