"""Commands to a small mail server taken apart, and the sections and structures of its mails."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.message import Message as Parsed
from email.utils import format_datetime
from typing import Final, cast

from dragoman.providers.replay.fake_mail_store import Argument, StoredMail

_TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|\{(\d+)\+?\}|([()])|([^\s()"{\[]*\[[^\]]*\](?:<[\d.]+>)?|[^\s()"{]+)')


def parse_arguments(line: bytes) -> list[Argument]:
    """The words of a command, with literals in place."""
    stack: list[list[Argument]] = [[]]
    at = 0
    while found := _TOKEN.search(line, at):
        at = found.end()
        if found[3] == b"(":
            stack.append([])
        elif found[3] == b")":
            inner = stack.pop()
            stack[-1].append(inner)
        elif found[2] is not None:
            start = line.index(b"\n", at) + 1
            at = start + int(found[2])
            stack[-1].append(line[start:at])
        else:
            stack[-1].append(found[4] if found[1] is None else re.sub(rb"\\(.)", rb"\1", found[1]))
    return stack[0]


def section_of(mail: StoredMail, name: str) -> bytes:
    """A section of a mail, as IMAP numbers them."""
    upper = name.upper()
    if upper.startswith("HEADER.FIELDS"):
        wanted = set(re.findall(r"[^\s()]+", upper.partition(" ")[2]))
        fields = re.split(rb"\r?\n(?![ \t])", mail.head.rstrip(b"\r\n"))
        kept = [one for one in fields if one.partition(b":")[0].decode("ascii", "replace").upper() in wanted]
        return b"".join(one + b"\r\n" for one in kept) + b"\r\n"
    whole = {"": mail.data, "HEADER": mail.head, "TEXT": mail.body}
    return whole[upper] if upper in whole else _part_of(mail.parsed, upper)


def _part_of(parsed: Parsed, name: str) -> bytes:
    number, _, kind = name.partition(".MIME")[0], None, name.endswith(".MIME")
    for place in number.split("."):
        if not place.isdigit():
            break
        if parsed.is_multipart() and parsed.get_content_maintype() == "multipart":
            parsed = cast("list[Parsed]", parsed.get_payload())[int(place) - 1]
    head, _, body = parsed.as_bytes().partition(b"\n\n")
    return (head + b"\n\n" if kind else body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def structure_of(parsed: Parsed) -> bytes:
    """The structure of a mail."""
    if parsed.is_multipart() and parsed.get_content_maintype() == "multipart":
        inner = b"".join(structure_of(one) for one in cast("list[Parsed]", parsed.get_payload()))
        return b'(%s "%s")' % (inner, parsed.get_content_subtype().encode())
    body = parsed.as_bytes().partition(b"\n\n")[2].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    encoding = str(parsed.get("content-transfer-encoding", "7bit")).encode("ascii", "replace")
    disposition = parsed.get_content_disposition()
    kind, subtype = parsed.get_content_maintype().encode(), parsed.get_content_subtype().encode()
    told = b'("%s" NIL)' % disposition.encode() if disposition else b"NIL"
    lines = b" %d" % body.count(b"\n") if kind == b"text" else b""
    return b'("%s" "%s" NIL NIL NIL "%s" %d%s NIL %s NIL)' % (kind, subtype, encoding, len(body), lines, told)


def make_mail(fields: Iterable[tuple[str, str]], text: str, *, sent_at: datetime) -> bytes:
    """A plain mail of its header fields and its text."""
    lines = [*(f"{name}: {value}" for name, value in fields), f"Date: {format_datetime(sent_at)}"]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return "\r\n".join([*lines, "", text.replace("\n", "\r\n")]).encode("utf-8")
