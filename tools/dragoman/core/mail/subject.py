"""Subjects without the words that mark answers and forwarded mails."""

from __future__ import annotations

import re
from typing import Final

_ANSWERED: Final = (
    "re|aw|antw|sv|vs|r|res|réf|rif|odp|ynt|atb|bls|ats|vá|bal|отв|ответ|відп|απ|σχετ|תשובה|השב|رد|답장|회신|回复|回覆"
    "|答复|答覆|返信|返|trả lời|ตอบ"
)
_FORWARDED: Final = (
    "fwd?|wg|vb|vl|tr|rv|i|pd|enc|doorst|trs|ilt|πρθ|пересл|הועבר|إعادة توجيه|转发|轉寄|轉發|転送|전달|chuyển tiếp"
)
# Possessive, so that a hostile subject costs no more than its length.
_COUNTED: Final = r"\s*+(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s*+\.?\s*+[:\uff1a]\s*+"
_ANSWER: Final = re.compile(rf"\s*+(?:(?:{_ANSWERED}){_COUNTED})+", re.IGNORECASE)
_MARKED: Final = re.compile(
    rf"\s*+((?:\[[^\[\]]{{1,60}}\]\s*+)*+)(?:(?:{_ANSWERED}|{_FORWARDED}){_COUNTED})+", re.IGNORECASE
)
_FORWARD: Final = re.compile(rf"\s*+(?:\[[^\[\]]{{1,60}}\]\s*+)*+(?:{_FORWARDED}){_COUNTED}", re.IGNORECASE)
_ROUNDS: Final = 20


def without_answer_words(subject: str) -> str:
    """A subject without words that mark answers at its beginning; those that mark forwarded mails stay."""
    found = _ANSWER.match(subject)
    return (subject if found is None else subject[found.end() :]).strip()


def is_forwarding(subject: str) -> bool:
    """Whether a subject says that its mail brings another one along."""
    return _FORWARD.match(subject) is not None


def is_answering(subject: str) -> bool:
    """Whether a subject says that its mail answers another one."""
    return _ANSWER.match(subject) is not None


def base_subject(subject: str) -> str:
    """What a subject is about; empty when there is none. What stands in brackets before words of reply stays."""
    text = subject.strip()
    for _ in range(_ROUNDS):
        found = _MARKED.match(text)
        if found is None:
            break
        text = f"{found[1]}{text[found.end() :]}"
    return text.strip() or subject.strip()
