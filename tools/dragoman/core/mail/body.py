"""Which parts of a mail are its text, and which are files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from mimetypes import guess_extension
from typing import Final

from dragoman.core.html_text import to_text
from dragoman.core.mail.calendar import describe_calendar
from dragoman.core.mail.charset import decode, html_charset
from dragoman.core.mail.flowed import unwrap
from dragoman.core.mail.headers import Headers, parse_ids
from dragoman.core.mail.parts import Part

ENCRYPTED: Final = "(encrypted message)"

_STUB: Final = 300
_STUB_WORDS: Final = re.compile(r"\bhtml\b|browser", re.IGNORECASE)
_NEVER: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_SIGNATURES: Final = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_ENVELOPED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_CUT: Final = "... (cut)"


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file of a mail.

    Attributes:
        name: Its name without folders.
        size: Bytes of its content.
        number: Section number of its part, as in IMAP.
    """

    name: str
    media_type: str
    size: int
    number: str


@dataclass(slots=True)
class Body:
    """What a mail says and brings.

    Attributes:
        answers: Message ids of mails that a report returns.
        is_report: It is a report of a mail system.
    """

    texts: list[str] = field(default_factory=list[str])
    files: list[MailFile] = field(default_factory=list[MailFile])
    labels: list[str] = field(default_factory=list[str])
    answers: list[str] = field(default_factory=list[str])
    is_report: bool = False

    @property
    def text(self) -> str:
        """The text."""
        return "\n\n".join(text for text in self.texts if text)


def read_body(part: Part) -> Body:
    """Text and files of a mail."""
    body = Body()
    _collect(part, body)
    return body


def _collect(part: Part, body: Body) -> None:
    if part.is_multipart:
        _MULTIPARTS.get(part.media_type, _collect_mixed)(part, body)
    elif part.media_type in _NEVER:
        return
    elif _is_text(part):
        text = _text_of(part)
        if "-----BEGIN PGP MESSAGE-----" in text:
            text = ENCRYPTED
            body.labels.append("encrypted")
        body.texts.append(text)
        if file_name(part):
            body.files.append(_file(part, len(body.files) + 1))
    elif part.media_type in _ENVELOPED and part.parameters.get("smime-type", "enveloped-data") == "enveloped-data":
        body.texts.append(ENCRYPTED)
        body.labels.append("encrypted")
    elif part.media_type in ("message/delivery-status", "message/disposition-notification"):
        body.texts.append(_report(part))
    else:
        if part.media_type in ("message/rfc822", "text/rfc822-headers"):
            body.answers.extend(_ids_of_inner(part))
        body.files.append(_file(part, len(body.files) + 1))


def _collect_mixed(part: Part, body: Body) -> None:
    for child in part.parts:
        _collect(child, body)


def _collect_alternative(part: Part, body: Body) -> None:
    """Take the best of several forms of one text, and the files of all."""
    found = [(child, read_body(child)) for child in part.parts]
    plain = next((one for child, one in found if child.media_type == "text/plain" and one.text), None)
    rich = next((one for child, one in reversed(found) if child.media_type != "text/plain" and one.text), None)
    best = rich if plain is None or (rich is not None and _is_stub(plain.text, rich.text)) else plain
    body.texts.extend(best.texts if best else ())
    for _, one in found:
        body.files.extend(one.files)
        body.labels.extend(one.labels)


def _is_stub(plain: str, rich: str) -> bool:
    """Whether a short plain text only says where the real one is."""
    if len(plain) >= _STUB:
        return False
    speaks_of_it = _STUB_WORDS.search(plain) is not None
    return (speaks_of_it and len(rich) > len(plain)) or ("://" in plain and len(rich) > 2 * len(plain))


def _collect_signed(part: Part, body: Body) -> None:
    for child in part.parts:
        if child.media_type not in _SIGNATURES:
            _collect(child, body)
    body.labels.append("signed")


def _collect_encrypted(part: Part, body: Body) -> None:
    del part
    body.texts.append(ENCRYPTED)
    body.labels.append("encrypted")


def _collect_report(part: Part, body: Body) -> None:
    body.is_report = True
    _collect_mixed(part, body)


_MULTIPARTS: Final[dict[str, Callable[[Part, Body], None]]] = {
    "multipart/alternative": _collect_alternative,
    "multipart/signed": _collect_signed,
    "multipart/encrypted": _collect_encrypted,
    "multipart/report": _collect_report,
}


def _is_text(part: Part) -> bool:
    if not part.media_type.startswith(("text/", "multipart/")) or part.disposition == "attachment":
        return False
    if part.media_type == "text/rfc822-headers":
        return False
    return (
        not file_name(part) or (part.media_type == "text/plain" and part.disposition == "inline") or part.number == ""
    )


def _text_of(part: Part) -> str:
    """The text of a part, as people read it."""
    content = part.content
    charset = part.parameters.get("charset", "")
    if part.media_type == "text/html":
        markup = decode(content, charset or html_charset(content), complete=not part.cut)
        text = to_text(markup, quote="> ")
    else:
        text = decode(content, charset, complete=not part.cut).replace("\r\n", "\n").replace("\r", "\n")
        if part.media_type == "text/calendar":
            text = describe_calendar(text)
        elif part.parameters.get("format", "").lower() == "flowed":
            text = unwrap(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return f"{text.strip()}\n{_CUT}" if part.cut else text.strip("\n").rstrip()


def _report(part: Part) -> str:
    """What a mail system reports, a line for each fact."""
    wanted = ("final-recipient", "original-recipient", "action", "status", "diagnostic-code", "disposition")
    lines: list[str] = []
    for group in re.split(rb"\r?\n\r?\n", part.content):
        headers = Headers([line + b"\n" for line in group.splitlines()])
        for name in wanted:
            value = headers.text(name)
            if value:
                plain = value.partition(";")[2].strip() if ";" in value and name != "disposition" else value
                lines.append(f"{name.replace('-', ' ').capitalize()}: {plain or value}")
    return "\n".join(dict.fromkeys(lines))


def _ids_of_inner(part: Part) -> list[str]:
    return parse_ids(_inner_headers(part).raw("message-id"))


def _inner_headers(part: Part) -> Headers:
    head = re.split(rb"\r?\n\r?\n", part.content, maxsplit=1)[0]
    return Headers([line + b"\n" for line in head.splitlines()])


def file_name(part: Part) -> str:
    """The file name that a part tells, without folders; empty when it tells none."""
    told = part.disposition_parameters.get("filename") or part.parameters.get("name") or ""
    plain = told.replace("\r", " ").replace("\n", " ").replace("\\", "/")
    return plain.rpartition("/")[2].strip()


def _file(part: Part, place: int) -> MailFile:
    name = file_name(part)
    if not name and part.media_type == "message/rfc822":
        name = _inner_headers(part).text("subject")
    if not name:
        name = f"attachment-{place}{guess_extension(part.media_type) or ''}"
    return MailFile(name, part.media_type, part.size, part.number or "1")


def walk(part: Part) -> Iterator[Part]:
    """The part and all parts in it."""
    waiting = [part]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(one.parts))
