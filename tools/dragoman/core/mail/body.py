"""Which parts of a mail are its text, and which are files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from mimetypes import guess_extension, guess_type
from typing import Final, cast
from urllib.parse import unquote

from dragoman.core.html_text import read_html
from dragoman.core.mail.calendar import describe_calendar
from dragoman.core.mail.charset import decode, html_charset
from dragoman.core.mail.flowed import unwrap
from dragoman.core.mail.headers import Headers, parse_ids
from dragoman.core.mail.parts import Part, last_path_element
from dragoman.core.mail.stubs import is_stub, may_be_stub
from dragoman.core.mail.wrapped_text import (
    ENCRYPTED,
    without_commands,
    without_encrypted,
    without_files,
    without_signature,
)

_NEVER: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_SIGNATURES: Final = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_SIGNATURE_NAMES: Final = (".p7s", ".asc", ".sig")
_ENCRYPTED: Final = "application/pgp-encrypted"
_ENVELOPED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_INNER: Final = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_REPORTS: Final = frozenset(
    {
        "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
        "message/global-disposition-notification",
    }
)  # fmt: skip
_ENRICHED: Final = frozenset({"text/enriched", "text/richtext"})
_NO_TEXTS: Final = frozenset({"text/rfc822-headers", "text/rtf", "text/vcard", "text/x-vcard", "text/directory"})
_CID: Final = re.compile(r"\bcid:([^\s\"'<>)]{1,200})", re.IGNORECASE)
_CUT: Final = "... (cut)"
_USUAL_FORMS: Final = [("text/plain", "", ""), ("text/html", "", "")]


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
        texts: Its texts, and parts with HTML whose text is not needed before somebody asks for it.
        answers: Message ids of mails that a report returns.
        is_report: It is a report of a mail system.
    """

    texts: list[str | Part] = field(default_factory=list["str | Part"])
    files: list[MailFile] = field(default_factory=list[MailFile])
    labels: list[str] = field(default_factory=list[str])
    answers: list[str] = field(default_factory=list[str])
    is_report: bool = False

    @property
    def text(self) -> str:
        """The text."""
        if len(self.texts) != 1 or not isinstance(self.texts[0], str):
            texts = [one if isinstance(one, str) else _unwrapped(one, self) for one in self.texts]
            self.texts = ["\n\n".join(text for text in texts if text)]
        return cast("str", self.texts[0])


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
        body.texts.append(part if part.media_type == "text/html" else _unwrapped(part, body))
        if part.file_name:
            body.files.append(_file(part, len(body.files) + 1))
    elif part.media_type in _ENVELOPED:
        _collect_enveloped(part, body)
    elif part.media_type in _REPORTS:
        body.texts.append(_report(part))
        body.answers.extend(_groups(part)[0].ids("original-message-id"))
    else:
        if part.media_type in _INNER:
            body.answers.extend(_ids_of_inner(part))
        body.files.append(_file(part, len(body.files) + 1))


def _collect_mixed(part: Part, body: Body) -> None:
    if any(child.media_type == _ENCRYPTED for child in part.parts):  # a gateway has called it something else
        _collect_encrypted(part, body)
        return
    for child in part.parts:
        _collect(child, body)


def _collect_alternative(part: Part, body: Body) -> None:
    """Take the best of several forms of one text, what a calendar entry tells beside it, and the files of all."""
    if _take_usual_form(part.parts, body):
        return
    every = [(child, read_body(child)) for child in part.parts]
    found = [(child, one) for child, one in every if child.media_type != "text/calendar"]
    plain = next((one for child, one in found if child.media_type == "text/plain" and one.text), None)
    best = plain
    if plain is None or may_be_stub(plain.text):
        # From the end: senders put the richest form last (RFC 2046, 5.1.4).
        rich = next((one for child, one in reversed(found) if child.media_type != "text/plain" and one.text), None)
        best = rich if plain is None or (rich is not None and is_stub(plain.text, rich.text)) else plain
    body.texts.extend(best.texts if best else ())
    body.texts.extend(text for child, one in every if child.media_type == "text/calendar" for text in one.texts)
    for _, one in every:
        body.files.extend(one.files)
        body.labels.extend(one.labels)


def _take_usual_form(parts: Sequence[Part], body: Body) -> bool:
    """Take the plain one of a plain text and its HTML, which is what most mails are; false where it is not that."""
    if [(one.media_type, one.disposition, one.file_name) for one in parts] != _USUAL_FORMS:
        return False
    plain = read_body(parts[0])
    if not plain.text or may_be_stub(plain.text):
        return False
    body.texts.extend(plain.texts)
    body.files.extend(plain.files)
    body.labels.extend(plain.labels)
    return True


def _collect_related(part: Part, body: Body) -> None:
    """Take the root, and of the others those that it does not show itself."""
    wanted = part.parameters.get("start", "")
    named = (one for one in part.parts if wanted and one.headers.raw("content-id").strip() == wanted)
    texts = (one for one in part.parts if one.media_type.startswith(("text/", "multipart/")))
    root = next(named, None) or next(texts, part.parts[0])
    _collect(root, body)
    shown = {text.lower() for one in root.walk() if one.media_type == "text/html" for text in _shown_ids(one)}
    for child in part.parts:
        own = child.headers.raw("content-id").strip().removeprefix("<").removesuffix(">").lower()
        if child is not root and (not own or own not in shown):
            _collect(child, body)


def _shown_ids(part: Part) -> list[str]:
    """Ids of the parts that an HTML text shows as pictures."""
    return [unquote(found) for found in _CID.findall(part.content.decode("latin-1"))]


def _collect_signed(part: Part, body: Body) -> None:
    for place, child in enumerate(part.parts):
        is_named_so = place > 0 and child.file_name.lower().endswith(_SIGNATURE_NAMES)
        if child.media_type not in _SIGNATURES and not is_named_so:
            _collect(child, body)
    body.labels.append("signed")


def _collect_encrypted(part: Part, body: Body) -> None:
    del part
    body.texts.append(ENCRYPTED)
    body.labels.append("encrypted")


def _collect_enveloped(part: Part, body: Body) -> None:
    kind = part.parameters.get("smime-type", "").lower()
    if kind == "signed-data" or (not kind and part.file_name.lower().endswith(".p7s")):
        name = part.file_name or "smime.p7m"
        body.texts.append(f"(signed message, content in {name})")
        body.labels.append("signed")
        body.files.append(_file(part, len(body.files) + 1))
    elif kind in ("", "enveloped-data", "authenveloped-data"):
        body.texts.append(ENCRYPTED)
        body.labels.append("encrypted")
    else:
        body.files.append(_file(part, len(body.files) + 1))


def _collect_report(part: Part, body: Body) -> None:
    body.is_report = True
    _collect_mixed(part, body)


_MULTIPARTS: Final[dict[str, Callable[[Part, Body], None]]] = {
    "multipart/alternative": _collect_alternative,
    "multipart/signed": _collect_signed,
    "multipart/encrypted": _collect_encrypted,
    "multipart/report": _collect_report,
    "multipart/related": _collect_related,
}


def _is_text(part: Part) -> bool:
    if not part.media_type.startswith(("text/", "multipart/")) or part.disposition == "attachment":
        return False
    if part.media_type in _NO_TEXTS:
        return False
    return not part.file_name or (part.media_type == "text/plain" and part.disposition == "inline") or part.number == ""


def _unwrapped(part: Part, body: Body) -> str:
    """The text of a part without what is wrapped around it or into it, which the body learns of."""
    text, is_encrypted = without_encrypted(_text_of(part, body))
    body.labels.extend(["encrypted"] if is_encrypted else [])
    if part.media_type != "text/plain":
        return text
    text, is_signed = without_signature(text)
    body.labels.extend(["signed"] if is_signed else [])
    text, files = without_files(text)
    body.files.extend(
        MailFile(last_path_element(name), _type_of(name), size, part.number or "1") for name, size in files
    )
    return text.strip("\n") if files else text


def _type_of(name: str) -> str:
    return guess_type(name)[0] or "application/octet-stream"


def _text_of(part: Part, body: Body) -> str:
    """The text of a part, as people read it. The body learns whether there are words that nobody sees."""
    content = part.content
    charset = part.parameters.get("charset", "")
    if part.media_type == "text/html":
        markup = decode(content, charset or html_charset(content), complete=not part.cut)
        text, hides_words = read_html(markup, quote="> ")
        body.labels.extend(["hidden-text"] if hides_words else [])
    else:
        text = decode(content, charset, complete=not part.cut)
        text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        if part.media_type in _ENRICHED:
            text = without_commands(text)
        elif part.media_type == "text/calendar":
            text = describe_calendar(text)
        elif part.parameters.get("format", "").lower() == "flowed":
            text = unwrap(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return f"{text.strip()}\n{_CUT}" if part.cut else text.strip("\n").rstrip()


def _report(part: Part) -> str:
    """What a mail system reports, a line for each fact."""
    wanted = ("final-recipient", "original-recipient", "action", "status", "diagnostic-code", "disposition")
    lines: list[str] = []
    for headers in _groups(part):
        for name in wanted:
            value = headers.text(name)
            if value:
                before, separator, after = value.partition(";")
                plain = after.strip() if separator else before
                lines.append(f"{name.replace('-', ' ').capitalize()}: {plain or value}")
    return "\n".join(dict.fromkeys(lines))


def _groups(part: Part) -> list[Headers]:
    """The groups of fields of a report."""
    groups = re.split(rb"\r?\n[ \t]*\r?\n", part.content)
    return [Headers(group) for group in groups]


def _ids_of_inner(part: Part) -> list[str]:
    return parse_ids(_inner_headers(part).raw("message-id"))


def _inner_headers(part: Part) -> Headers:
    return Headers(re.split(rb"\r?\n\r?\n", part.content, maxsplit=1)[0])


def _file(part: Part, place: int) -> MailFile:
    name = part.file_name
    if not name and part.media_type in _INNER:
        name = _inner_headers(part).text("subject")
    if not name:
        name = f"attachment-{place}{guess_extension(part.media_type) or ''}"
    return MailFile(name, part.media_type, part.size, part.number or "1")
