"""Invitations as words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# A line that begins with white space goes on the one before it (RFC 5545, 3.1).
_FOLD: Final = re.compile(r"\n[ \t]")
_ESCAPE: Final = re.compile(r"\\([\\;,nN])")
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d*(Z?))?")
_LABELS: Final = {
    "SUMMARY": "", "DTSTART": "Begins", "DTEND": "Ends", "LOCATION": "Where", "ORGANIZER": "Organizer",
    "ATTENDEE": "With", "STATUS": "Status", "RRULE": "Repeats", "DESCRIPTION": "", "DURATION": "Lasts",
    "COMMENT": "Comment", "RECURRENCE-ID": "Instead of", "SEQUENCE": "Change",
}  # fmt: skip
_METHODS: Final = {
    "REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation", "PUBLISH": "Calendar entry",
    "COUNTER": "Another time is proposed", "DECLINECOUNTER": "The proposed time is declined", "ADD": "Further dates",
    "REFRESH": "Asks for the invitation again",
}  # fmt: skip
_UNCHANGED: Final = ("SEQUENCE", "0")
_UNANSWERED: Final = frozenset({"", "needs-action"})
_MOST: Final = 60
_LONGEST: Final = 200_000


def describe_calendar(text: str) -> str:
    """The events of an iCalendar text, a line for each fact; empty when there is none."""
    lines = _FOLD.sub("", text[:_LONGEST].replace("\r\n", "\n")).split("\n")
    return "\n".join(line for line, _ in zip(_facts(lines), range(_MOST), strict=False))


def _facts(lines: list[str]) -> Iterator[str]:
    inside, nested = False, 0
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.upper().partition(";")
        if name == "METHOD" and value.strip():
            yield _METHODS.get(value.strip().upper(), f"Calendar: {value.strip().lower()}")
        elif name in ("BEGIN", "END") and value.strip().upper() in ("VEVENT", "VTODO"):
            inside, nested = name == "BEGIN", 0
        elif name in ("BEGIN", "END"):
            nested = max(0, nested + (1 if name == "BEGIN" else -1))  # an alarm within has a text of its own
        elif inside and not nested and name in _LABELS and value.strip() and (name, value.strip()) != _UNCHANGED:
            written = _value(name, head, parameters, value.strip())
            yield f"{_LABELS[name]}: {written}".removeprefix(": ")


def _value(name: str, head: str, parameters: str, value: str) -> str:
    found = _TIME.fullmatch(value) if name in ("DTSTART", "DTEND", "RECURRENCE-ID") else None
    if found is not None:
        day = f"{found[1]}-{found[2]}-{found[3]}"
        zone = " UTC" if found[6] else f" {_parameter(head, 'TZID')}".rstrip()
        return f"{day} {found[4]}:{found[5]}{zone}" if found[4] else day
    plain = _ESCAPE.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], value)
    if name in ("ORGANIZER", "ATTENDEE"):
        address = plain.partition(":")[2] if plain.lower().startswith("mailto:") else plain
        named = _parameter(head, "CN") if "CN=" in parameters else ""
        answer = _parameter(head, "PARTSTAT").lower()
        person = f"{named} <{address}>" if named and named != address else address
        return person if answer in _UNANSWERED else f"{person} ({answer})"
    return plain


def _parameter(head: str, name: str) -> str:
    found = re.search(rf";{name}=(\"[^\"]*\"|[^;:]*)", head, re.IGNORECASE)
    return found[1].strip('"') if found else ""
