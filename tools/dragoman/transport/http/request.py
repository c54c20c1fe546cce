"""One call as it goes out: its path, query, headers and body; and its answer as it comes in, which may be a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias, TypedDict, cast
from urllib.parse import quote, urlencode

from pydantic_core import from_json

from dragoman.core.errors import BadResponse, DragomanError, InvalidArgument, NotFound, OutcomeUnknown
from dragoman.core.safe_text import SafeText, Sentence, safe, sentence
from dragoman.transport.credentials import printable
from dragoman.transport.error_mapping import Kind, ServiceFailure, ServiceProfile, error_for

Scalar: TypeAlias = str | int | float | bool
Query: TypeAlias = Mapping[str, Scalar | Sequence[Scalar] | None] | Sequence[tuple[str, Scalar]]
BodyForm: TypeAlias = Literal["json", "text", "none"]

_SEGMENT: Final = "-._~!$&'()*+,;=:@"  # what RFC 3986 allows in a segment beside letters and digits
_ID_LENGTH: Final = 100
_BAD_TEXT: Final = "The text has half a character in it, or a number that is none."


class Options(TypedDict, total=False):
    """Options of any call.

    Attributes:
        query: In order; lists are repeated, ``None`` is left out.
        json: The request body; left out or ``None``, none is sent.
        form: The request body as a form instead of JSON.
        accept: Statuses that are read as a successful answer is, because the caller branches on them.
        body: How the answer is read: ``json`` (default), ``text``, or ``none``, which ignores it.
        headers: For this call, instead of the client's.
        family: Which rate limit it counts against.
        timeout: Seconds for one attempt, instead of the client's; for a stream until its answer begins.
        total: Seconds for all attempts, instead of the client's; for a stream until it has ended.
        operation: For errors and logs.
        once: A write that even 503 with a time to come back leaves in doubt: only a connection that did not come about,
            and 429, are tried again.
        shared: The value is only looked at, so that the same answer may give the same object again.
    """

    query: Query | None
    json: object
    form: Mapping[str, str]
    accept: frozenset[int]
    body: BodyForm
    headers: Mapping[str, str]
    family: str
    timeout: float | None
    total: float | None
    operation: str
    once: bool
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request without its credentials.

    Attributes:
        target: Path and query, percent-encoded.
        headers: Names in lower case.
        content: The body; ``None`` for none.
        once: See :class:`Options`.
        accept: See :class:`Options`.
    """

    kind: Kind
    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None
    family: str
    operation: str
    once: bool = False
    accept: frozenset[int] = frozenset()

    @classmethod
    def build(cls, method: str, path: str, kind: Kind, headers: Mapping[str, str], options: Options) -> Self:
        """Put a call together.

        Raises:
            InvalidArgument: A text in it cannot be sent.
            ValueError: The path does not begin with a slash.
        """
        if not path.startswith("/"):
            raise ValueError("a path begins with /")
        form, value, query, own = options.get("form"), options.get("json"), options.get("query"), options.get("headers")
        # A null body and none are the same here: no service asks for the word null.
        typed, content = ({}, None) if form is None and value is None else _body_of(form, value)
        return cls(
            kind=kind,
            method=method.upper(),
            target=path + query_string(query) if query else path,
            headers={**headers, **typed, **(printable(own) if own else {})},
            content=content,
            family=options.get("family", ""),
            operation=options.get("operation", ""),
            once=options.get("once", False),
            accept=options.get("accept", frozenset()),
        )


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as bytes, unpacked. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpStatusError(Exception):
    """An answer that is no success."""

    def __init__(self, raw: RawResponse) -> None:
        super().__init__(raw.status)
        self.raw = raw


def invalid_response(
    call: HttpRequest, profile: ServiceProfile, message: Sentence, *, hint: Sentence = "", request_id: str = ""
) -> DragomanError:
    """A 2xx answer that cannot be used, as the error of its kind of call."""
    refusal = ServiceFailure(kind=call.kind, operation=call.operation)
    # A write was taken by a service that answers with success, whatever it says then.
    if call.kind == "read":
        return error_for(BadResponse, refusal, profile, message=message, hint=hint, request_id=request_id)
    what = SafeText(safe(message).rstrip("."))
    said = sentence("{}. {{service}} probably did what was asked; the outcome is unknown", what)
    return error_for(OutcomeUnknown, refusal, profile, message=said, hint=hint, request_id=request_id)


def request_id_of(profile: ServiceProfile, headers: Mapping[str, str], body: object = None) -> str:
    """The service's id of a request, from the headers or else the body; only what is plain and short."""
    found: list[object] = [headers.get(name) for name in profile.request_id_headers]
    if isinstance(body, dict):
        members = cast("dict[str, object]", body)
        found += [members.get(name) for name in profile.request_id_members]
    for value in found:
        # It is shown to people, so nothing that could be text of others may pass.
        if isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= _ID_LENGTH:
            return value
    return ""


def segment(identifier: str) -> str:
    """An id as one segment of a path, percent-encoded.

    Raises:
        NotFound: It is empty or a dot segment, which would address something else.
    """
    if identifier in {"", ".", ".."}:
        raise NotFound("There is nothing with an empty id.", hint="Copy references as the tools show them.")
    try:
        return quote(identifier, safe=_SEGMENT)
    except UnicodeEncodeError:
        raise NotFound(
            "The id has characters that no id has.", hint="Copy references as the tools show them."
        ) from None


def query_string(query: Query) -> str:
    """A query in the order given, ``?`` included; empty without pairs. Lists are repeated, ``None`` is left out.

    Raises:
        InvalidArgument: A value is no valid text.
    """
    try:
        text = urlencode(list(_pairs(query)), quote_via=quote)
    except UnicodeEncodeError:
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.") from None
    return f"?{text}" if text else ""


def _pairs(query: Query) -> Iterator[tuple[str, str]]:
    for key, value in query.items() if isinstance(query, Mapping) else query:
        if value is None:
            continue
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            yield key, str(one).lower() if isinstance(one, bool) else str(one)


def _body_of(form: Mapping[str, str] | None, value: object) -> tuple[dict[str, str], bytes]:
    """The header that names the type of the body, and the body."""
    if form is not None:
        content = query_string(form).removeprefix("?").encode()
        return {"content-type": "application/x-www-form-urlencoded"}, content
    return {"content-type": "application/json"}, _encoded(value)


def _encoded(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:  # half a surrogate pair is one too
        raise InvalidArgument(_BAD_TEXT, hint="Write it again.") from None


def parse_json(body: bytes) -> object:
    """Read JSON. Broken characters in it (bad UTF-8, half a surrogate pair) become U+FFFD.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return from_json(body)
    except ValueError:
        # Some services send UTF-16, or bytes that are no UTF-8 at all; the rest is worth reading.
        text = body.decode(json.detect_encoding(body), "replace")
    try:
        whole = json.dumps(json.loads(text), ensure_ascii=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return from_json(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
