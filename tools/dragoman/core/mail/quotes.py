"""What of a mail is new, without the quoted mail and the signature at its end."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

# Bounds the work; what stands further up is taken as new.
_LINES: Final = 5000
_ATTRIBUTION_LINES: Final = 3
_ATTRIBUTION: Final = 300
_SIGNATURE: Final = "-- "
_SIGNATURE_LINES: Final = 15
_NUMBER: Final = re.compile(r"\d+")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d\d")
_FOOTER_LINES: Final = 10
_FOOTER_SIGNS: Final = frozenset("-_=~*")
_FOOTER_RULE: Final = re.compile(r"[-_=~*]{10,}\s*")
_FOOTER: Final = re.compile(r"mailing list|unsubscrib|/listinfo/|abmelden|désabonn|darse de baja", re.IGNORECASE)
_DATE_OR_ADDRESS: Final = re.compile(r"\d{1,4}[./:-]\d|\d{4}|[^\s@]+@[^\s@]+")
_RULE: Final = re.compile(r"\s*[-_=*]{5,}[^\n]{0,60}")
_BLOCK_WORDS: Final = tuple(
    frozenset(words.split("|"))
    for words in (
        "from|sent|date|to|cc|subject", "von|gesendet|datum|an|cc|betreff", "de|envoyé|date|à|cc|objet",
        "da|inviato|data|a|cc|oggetto", "de|enviado|enviado el|enviado em|enviada em|fecha|data|para|cc|asunto|assunto",
        "от|отправлено|дата|кому|копия|тема",
        "van|verzonden|datum|aan|cc|onderwerp", "fra|sendt|dato|til|cc|emne", "från|skickat|datum|till|kopia|ämne",
        "od|wysłano|data|do|dw|temat", "od|odesláno|odoslané|datum|dátum|komu|kopie|kópia|předmět|predmet",
        "kimden|gönderildi|tarih|kime|bilgi|konu", "lähettäjä|lähetetty|päivämäärä|vastaanottaja|kopio|aihe",
        "feladó|küldve|dátum|címzett|másolatot kap|tárgy", "від|надіслано|дата|кому|копія|тема",
        "από|στάλθηκε|ημερομηνία|προς|κοιν.|θέμα", "de la|trimis|data|către|cc|subiect",
        "מאת|נשלח|תאריך|אל|עותק|נושא", "من|تم الإرسال|التاريخ|إلى|نسخة|الموضوع",
        "보낸 사람|보낸 날짜|날짜|받는 사람|참조|제목", "寄件者|寄件日期|日期|收件者|副本|主旨",
        "差出人|送信日時|宛先|cc|件名", "发件人|发送时间|日期|收件人|抄送|主题",
    )
)  # fmt: skip
_FORWARD_RULE: Final = re.compile(
    r"forward|weitergeleitet|transféré|reenviad|encaminhad|inoltrat|doorgestuurd|vidarebef|videresend|edelleenläh"
    r"|przekazan|přeposlan|továbbított|iletilen|пересл|προωθ|转发|轉寄|転送|전달|הועבר|תועבר|chuyển tiếp",
    re.IGNORECASE,
)
_POINTS_BELOW: Final = re.compile(
    r"\b(?:below|in-?line|in (?:blue|red|green)|unten|(?:weiter|dr)unter|in (?:rot|blau|grün)|ci-dessous"
    r"|en (?:bleu|rouge|vert)|abajo|en (?:azul|rojo|verde)|abaixo|di seguito|qui sotto|in (?:rosso|blu|verde)"
    r"|hieronder|nedan|nedenfor|poniżej|ниже)\b|下記|以下|见下|見下|아래",
    re.IGNORECASE,
)
_SHORT: Final = 500
_DIRECTIONS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDE_COLON: Final = "\uff1a"
_BLOCK_NEEDED: Final = 3
_BLOCK_LINES: Final = 8


def without_quotes(text: str, *, is_answer: bool) -> tuple[str, int]:
    """The text without the quoted mail at its end, and how many characters that were.

    It cuts only where it is sure: a run of quoted lines after which nothing stands, a block of header lines of a mail
    that answers, a signature behind its mark, a footer of a mailing list behind its rule.

    Args:
        text: The whole text.
        is_answer: The mail answers another one.
    """
    lines = text.split("\n")
    first = max(0, len(lines) - _LINES)
    end = _without_footer(lines, first, _end_of_content(lines))
    end = bottom = _end_of_content(lines, _without_signature(lines, first, end))
    end = _without_run(lines, first, end)
    # In a mail that answers nothing, header lines are its own content.
    if end == bottom and is_answer:
        end = _without_block(lines, first, end)
    # Once more: who writes above the quote signs there.
    end = _without_signature(lines, first, end)
    new = "\n".join(lines[:end]).rstrip()
    # A mail that is nothing but a quote is shown with it.
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
    start, is_quoted = end, False
    for line in islice(reversed(lines), len(lines) - end, len(lines) - first):
        if line[:1] == ">":
            is_quoted = True
        elif line and not line.isspace():
            break
        start -= 1
    if not is_quoted:
        return end
    if ">" in [line[:1] for line in islice(lines, first, start)]:
        return end  # answers stand between quotes
    return _without_attribution(lines, first, start)


def _without_attribution(lines: list[str], first: int, end: int) -> int:
    end = _end_of_content(lines, end)
    if not end or not _DIRECTIONS.sub("", lines[end - 1]).rstrip().endswith((":", _WIDE_COLON)):
        return end
    for start in range(end - 1, max(first, end - _ATTRIBUTION_LINES) - 1, -1):
        words = " ".join(lines[start:end])
        if not lines[start].strip() or len(words) > _ATTRIBUTION:
            break
        if _DATE_OR_ADDRESS.search(words):
            return start - 1 if _begins_above(lines, first, start, words) else start
    return end


def _begins_above(lines: list[str], first: int, start: int, words: str) -> bool:
    """Whether an attribution that tells no date begins with one in the line above."""
    above = lines[start - 1] if start > first else ""
    return not _YEAR.search(words) and bool(_YEAR.search(above)) and len(_NUMBER.findall(above)) > 1


def _without_footer(lines: list[str], first: int, end: int) -> int:
    """Where the footer of a mailing list begins, which stands behind a rule at the end."""
    for start in range(end - 1, max(first, end - _FOOTER_LINES) - 1, -1):
        is_rule = lines[start][:1] in _FOOTER_SIGNS and _FOOTER_RULE.fullmatch(lines[start])
        if is_rule and _FOOTER.search("\n".join(lines[start:end])):
            return _end_of_content(lines, start)
    return end


def _without_block(lines: list[str], first: int, end: int) -> int:
    """Where a block of header lines begins, behind which a mail without quote marks follows."""
    for start in range(first, end):
        before = lines[start - 1] if start else ""
        if before.strip() and not _RULE.fullmatch(before):
            continue
        if _is_block(lines[start : start + _BLOCK_LINES]):
            # A forwarded mail is what its sender has to say.
            is_content = _FORWARD_RULE.search(before) or _speaks_of_what_follows(lines[first:start])
            return end if is_content else start - 1 if start and _RULE.fullmatch(before) else start
    return end


def _speaks_of_what_follows(lines: list[str]) -> bool:
    """Whether a few words say that something of the author stands behind them."""
    return sum(map(len, lines)) < _SHORT and _POINTS_BELOW.search("\n".join(lines)) is not None


def _is_block(lines: list[str]) -> bool:
    names: list[str] = []
    for line in lines:
        name, colon, _ = line.replace(_WIDE_COLON, ":").strip("*> \t").partition(":")
        if not colon:
            break
        names.append(name.strip("* ").casefold())
    found = set(names)
    return len(found) >= _BLOCK_NEEDED and any(len(words & found) >= _BLOCK_NEEDED for words in _BLOCK_WORDS)


def _without_signature(lines: list[str], first: int, end: int) -> int:
    earliest = max(first, end - _SIGNATURE_LINES - 1)
    some = lines[earliest:end]
    return earliest + len(some) - 1 - some[::-1].index(_SIGNATURE) if _SIGNATURE in some else end
