"""What the reader's own mail server found out about the sender of a mail."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.mail.headers import Headers

PASS: Final = "pass"  # noqa: S105 - a result
FAIL: Final = "fail"
NONE: Final = "none"

_COMMENT: Final = re.compile(r"\([^()]*\)")
_RECEIVED_BY: Final = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_RESULT: Final = re.compile(r"(?<![\w.-])(spf|dkim|dmarc)\s*=\s*([a-z]+)")
_BAD: Final = frozenset({"fail", "softfail", "permerror"})
_LONGEST: Final = 5000


def authentication_of(headers: Headers) -> str:
    """Whether the sender is who the address says: :data:`PASS`, :data:`FAIL` or :data:`NONE`; empty where nobody tells.

    Anybody can write results into a mail, so only those count that name the server which received it last.
    """
    if not headers.may_have("authentication-results"):
        return ""
    received = _RECEIVED_BY.search(headers.raw("received")[:_LONGEST])
    host, results, is_told = "" if received is None else received[1].lower(), dict[str, set[str]](), False
    # What stands below was there before the own server received the mail.
    for value in headers.above_second("authentication-results", "received") if host else ():
        plain = _COMMENT.sub(" ", value[:_LONGEST].lower())
        if plain.partition(";")[0].split()[:1] == [host]:
            is_told = True
            new: dict[str, set[str]] = {}
            for method, result in _RESULT.findall(plain):
                new.setdefault(method, set()).add(result)
            results = new | results  # a server writes its results above those that were there
    return _word(results) if is_told else ""


def _word(results: dict[str, set[str]]) -> str:
    """DMARC decides where it is told; otherwise one method that has passed is enough."""
    dmarc, others = results.get("dmarc", set[str]()), results.get("spf", set[str]()) | results.get("dkim", set[str]())
    for found in (dmarc, others):
        if PASS in found:
            return PASS
        if found & _BAD:
            return FAIL
    return NONE
