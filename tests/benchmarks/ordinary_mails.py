"""Threads of mails as people write them: plain and HTML text, quotes of what they answer, signatures, relays."""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from typing import Final

THREAD: Final = 20
"""Mails of a thread."""

_PEOPLE: Final = (
    ("Maria Koch", "maria@example.com"),
    ("Jörg Weiß", "joerg@example.org"),
    ("Ann Lee", "ann@example.net"),
)
_PARAGRAPHS: Final = (
    "The crane comes on Thursday at seven, and the racks along the north quay have to be empty by then.",
    "I have asked Jörg for the drawings of the second hall; he wants to send them before the weekend, “at the latest”.",
    "Could you tell the harbour office that we need the gate open from six? Last time we waited for half an hour.",
    "The offer of 12.480,50 € is good until the end of the month: https://offers.example.com/2025/q3?id=4711&lang=de",
    "As to the insurance, I would rather wait for the answer of the broker than sign something in a hurry.",
)
_QUOTED: Final = 3  # mails before one that it quotes


def ordinary_mails(to: str, count: int, start: datetime) -> Iterator[tuple[datetime, bytes]]:
    """Mails as bytes, and when each was sent: half an hour after the one before."""
    texts: list[str] = []
    for number in range(count):
        if number % THREAD == 0:
            texts.clear()
        at = start + timedelta(minutes=30 * number)
        texts.append(_own_text(number))
        yield at, _mail(number, at, to, texts)


def short_mails(to: str, count: int, start: datetime) -> Iterator[tuple[datetime, bytes]]:
    """Mails of a few lines, in threads as well, where only their number counts."""
    for number in range(count):
        at, root = start + timedelta(minutes=30 * number), number - number % THREAD
        references = f"References: <m{root}@example.com>\r\n" if root != number else ""
        head = f"From: Maria Koch <maria@example.com>\r\nTo: {to}\r\nSubject: Thread {root}\r\n{references}"
        fields = f"Message-ID: <m{number}@example.com>\r\nDate: {at:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        yield at, f"{head}{fields}\r\n{_PARAGRAPHS[0]}\r\n".encode()


def _own_text(number: int) -> str:
    name, address = _PEOPLE[number % len(_PEOPLE)]
    chosen = (_PARAGRAPHS[(number + step) % len(_PARAGRAPHS)] for step in range(2 + number % 3))
    body = "\n\n".join(("Hello everybody,", *chosen, f"Number {number}.", f"Best regards\n{name}"))
    return f"{body}\n\n-- \n{name}, Harbour Works Ltd.\n+49 40 1234-{number:05}, {address}"


def _mail(number: int, at: datetime, to: str, texts: list[str]) -> bytes:
    root = number - number % THREAD
    name, address = _PEOPLE[number % len(_PEOPLE)]
    before = [f"<m{one}@example.com>" for one in range(root, number)]
    answers = f"In-Reply-To: {before[-1]}\r\nReferences: {_folded(before)}\r\n" if before else ""
    time = f"{at:%a, %d %b %Y %H:%M:%S} +0000"
    relays = "".join(
        f"Received: from mx{hop}.example.com (mx{hop}.example.com [192.0.2.{hop}])\r\n\tby mail.example.test (Postfix)"
        f" with ESMTPS id 4A{number:05}{hop}\r\n\tfor <{to}>; {time}\r\n"
        for hop in range(3)
    )
    signature = "".join(f"\r\n\t{'b4Kx7Qw0' * 8}" for _ in range(5))
    head = (
        f"Return-Path: <{address}>\r\nDelivered-To: {to}\r\n{relays}"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from:to:subject;\r\n\tb={signature}\r\n"
        f"From: {_word(name)} <{address}>\r\nTo: {to}, Team <team@example.com>\r\nCc: Ann Lee <ann@example.net>\r\n"
        f"Subject: {'Re: ' if before else ''}Thread {root}\r\nMessage-ID: <m{number}@example.com>\r\n{answers}"
        f"Date: {time}\r\nMIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\n"
    )
    mark = f"=_part_{number:08}"
    forms = (("plain", _plain(texts)), ("html", _html(texts)))
    parts = "".join(
        f"--{mark}\r\nContent-Type: text/{kind}; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        f"{_printable(text)}\r\n"
        for kind, text in forms
    )
    kind = f'Content-Type: multipart/alternative;\r\n boundary="{mark}"\r\n\r\n'
    return f"{head}{kind}{parts}--{mark}--\r\n".encode()


def _folded(ids: list[str]) -> str:
    return "\r\n ".join(ids)


def _word(name: str) -> str:
    return name if name.isascii() else f"=?utf-8?q?{quopri.encodestring(name.encode(), header=True).decode()}?="


def _printable(text: str) -> str:
    return quopri.encodestring(text.encode()).decode().replace("\n", "\r\n")


def _plain(texts: list[str]) -> str:
    """The newest text above those before it, each quoted once more."""
    quoted = ""
    for text in texts[-_QUOTED - 1 : -1]:
        lines = "\n".join(f"> {line}".rstrip() for line in f"{text}\n{quoted}".strip().split("\n"))
        quoted = f"\nOn 1 Jan 2025, at 10:00, Maria Koch <maria@example.com> wrote:\n{lines}"
    return f"{texts[-1]}\n{quoted}"


def _html(texts: list[str]) -> str:
    quoted = ""
    for text in texts[-_QUOTED - 1 : -1]:
        quoted = (
            '<div class="gmail_quote"><div>On 1 Jan 2025, Maria Koch &lt;maria@example.com&gt; wrote:</div>'
            f'<blockquote type="cite" style="margin:0 0 0 .8ex">{_markup(text)}{quoted}</blockquote></div>'
        )
    return f'<html><head><meta charset="utf-8"></head><body>{_markup(texts[-1])}{quoted}</body></html>'


def _markup(text: str) -> str:
    style = "font-family:Calibri,Arial,sans-serif;font-size:11pt"
    lines = escape(text).replace("\n", "<br>")
    return "".join(f'<p style="{style}">{one}</p>' for one in lines.split("<br><br>"))
