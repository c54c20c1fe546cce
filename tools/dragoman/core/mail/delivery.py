"""What mail systems report of a mail that was sent: who did not get it, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dragoman.core.mail.headers import Headers
from dragoman.core.mail.message import Mail
from dragoman.core.mail.plain_report import failed_recipients

FAILED: Final = "failed"
DELAYED: Final = "delayed"

_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_GROUPS: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_CODE: Final = re.compile(r"\b[45]\.(\d{1,3}\.\d{1,3})\b")
_LATE: Final = re.compile(r"\bdelayed\b|\bwarning\b", re.IGNORECASE)
_MOST: Final = 50
_LONGEST: Final = 200
# Status codes without their first digit, which only tells whether the failure lasts (RFC 3463).
_REASONS: Final = {
    "there is no such address": ("1.0", "1.1", "1.3", "1.6", "1.10"),
    "the mail server of the address was not found": ("1.2", "4.1", "4.3", "4.4"),
    "the mailbox takes no mail": ("2.1", "2.4"),
    "the mailbox is full": ("2.2",),
    "the mail is too large": ("2.3", "3.4"),
    "its mail server was not reached in time": ("4.2", "4.5", "4.7"),
    "mail for the address goes round in circles": ("4.6",),
    "the sender's address was refused": ("1.7", "1.8", "7.60"),
}
_BY_CODE: Final = {code: reason for reason, codes in _REASONS.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail for one recipient.

    Attributes:
        recipient: The address.
        state: :data:`FAILED` or :data:`DELAYED`.
        reason: Why, in words of ours.
        answer: What the server of the recipient said; empty where that is not told.
    """

    recipient: str
    state: str
    reason: str
    answer: str

    @property
    def sentence(self) -> str:
        """Who has not got the mail, and why."""
        has = "did not get it" if self.state == FAILED else "has not got it yet"
        told = f" ({self.answer})" if self.answer else ""
        return f"{self.recipient} {has}: {self.reason}{told}"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A report about one mail.

    Attributes:
        mail: The message id of the mail, without brackets.
        deliveries: One for each recipient who has not got it.
    """

    mail: str
    deliveries: tuple[Delivery, ...]


def delivery_report(mail: Mail) -> DeliveryReport | None:
    """What a mail reports; ``None`` when it is no report of a mail that did not arrive."""
    if not mail.is_report or not mail.reply_to:
        return None
    if mail.root.media_type == "text/plain":
        return _plain_report(mail)
    returned = next(iter(mail.body.answers), mail.reply_to)
    groups = (group for part in mail.root.walk() if part.media_type in _TYPES for group in _GROUPS.split(part.content))
    found = tuple(_deliveries(groups))[:_MOST]
    return DeliveryReport(returned, found) if found else None


def _plain_report(mail: Mail) -> DeliveryReport | None:
    state = DELAYED if _LATE.search(mail.subject) else FAILED
    found = tuple(
        Delivery(recipient[:_LONGEST], state, _reason("", answer), answer[:_LONGEST])
        for recipient, answer in failed_recipients(mail.headers, mail.text)[:_MOST]
    )
    return DeliveryReport(mail.reply_to, found) if found else None


def state_of(reports: Iterable[DeliveryReport]) -> str:
    """What several reports about a mail come to; empty where it has arrived after all."""
    states = {one.state for report in reports for one in report.deliveries}
    return next((state for state in (FAILED, DELAYED) if state in states), "")


def _deliveries(groups: Iterable[bytes]) -> Iterator[Delivery]:
    for group in groups:
        headers = Headers(group)
        action = headers.text("action").lower()
        # As the sender wrote it; on its way an alias may have become another address (RFC 3464, 2.3.1).
        recipient = _value(headers, "original-recipient") or _value(headers, "final-recipient")
        if recipient and action in (FAILED, DELAYED):
            answer = _value(headers, "diagnostic-code")[:_LONGEST]
            yield Delivery(recipient[:_LONGEST], action, _reason(headers.text("status"), answer), answer)


def _value(headers: Headers, name: str) -> str:
    """A value without its type, as in ``rfc822; ann@example.com``."""
    kind, separator, value = headers.text(name).partition(";")
    return (value if separator else kind).strip()


def _reason(status: str, answer: str) -> str:
    for text in (status, answer):
        code = _CODE.search(text)
        if code is not None and code[1] in _BY_CODE:
            return _BY_CODE[code[1]]
        if code is not None and code[1].startswith("7."):
            return "it was refused as spam or by policy"
    return "its mail server refused it" if answer else "it could not be delivered"
