"""From what a service refused, over any transport, to one sentence of the error family.

The table of sentences and the cleaning of a service's own words are here; which status or code means
which error is known by the transports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, LiteralString, TypeAlias, cast

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.safe_text import SafeText, Sentence, quote, safe, sentence, unquoted
from dragoman.transport.credentials import redact

Kind: TypeAlias = Literal["read", "write"]
FailureKind: TypeAlias = Literal["", "refused", "unresolvable", "tls", "timeout", "reset"]

SAID_LIMIT: Final = 200
_SCANNED: Final = 4_000  # characters of a body that are looked at for a sentence
_MARKUP: Final = re.compile(r"<\s*(?:!doctype|html|head|body|title|h1|p|div|\?xml)\b", re.IGNORECASE)
_LOOK: Final = "Look whether it is there before writing it again."

_SENTENCES: Final[Mapping[type[DragomanError], tuple[LiteralString, LiteralString]]] = {
    InvalidArgument: ("{service} does not accept this request", "Change what it names, then try again."),
    NotFound: ("{service} knows no such thing, or may not show it", "List the conversations to find what there is."),
    UnsupportedOperation: ("{service} cannot do this", "Use another account or another tool."),
    Unauthenticated: ("{service} does not accept the credentials", "Check `{credentials}` of this account."),
    PermissionDenied: ("{service} does not allow this with these credentials", "Ask for access to it."),
    RateLimited: ("{service} asks for fewer calls", "Wait before the next call."),
    Unavailable: ("{service} is not available now", "Try again in a few minutes."),
    DeadlineExceeded: ("{service} did not answer in time", "Try again, or ask for less."),
    Conflict: ("{service} says that this contradicts its present state", "Read it again before changing it."),
    BadResponse: ("{service} answered something that makes no sense", "Try again; tell its operators if it stays so."),
    OutcomeUnknown: ("It is unknown whether {service} did this", _LOOK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailure:
    """A call that the service, or the way to it, refused.

    Attributes:
        status: HTTP status; 0 over gRPC and when nothing was answered.
        code: Name of the gRPC code, empty over HTTP.
        body: The answer as parsed JSON, or gRPC's details; ``None`` when there are none.
        text: The answer as text; empty when it is HTML.
        headers: Of the answer, names in lower case.
        trouble: What was wrong with the connection.
    """

    kind: Kind
    operation: str = ""
    status: int = 0
    code: str = ""
    body: object = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    trouble: FailureKind = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWords:
    """A provider's words for a refusal; empty members leave the general words.

    Attributes:
        said: The service's own words; they are cleaned, cut, quoted, and said to be the service's.
        message: One sentence instead of the general one.
        hint: What to do next, instead of the general one.
        look: How to find out what happened, as the hint after a write of unknown outcome.
        error: A better member of the error family. It never makes an uncertain write certain.
        request_id: The service's id of the request, when it hides in the body.
    """

    said: str = ""
    message: Sentence = ""
    hint: Sentence = ""
    look: Sentence = ""
    error: type[DragomanError] | None = None
    request_id: str = ""


MapError: TypeAlias = Callable[[ServiceFailure], ErrorWords | str | None]


def default_service_text(refusal: ServiceFailure) -> str | None:
    """The sentence in a common error body.

    In this order: ``detail`` (a string, or a list of objects with ``msg``), ``message``, ``error.message``,
    ``title``, ``error`` (a string), ``errors`` (a list of them), the text itself.
    """
    body = refusal.body
    if isinstance(body, dict):
        return _of_object(cast("dict[str, object]", body))
    if body is None or isinstance(body, str):
        return body or refusal.text
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProfile:
    """Particulars of a service that a transport has to know.

    Attributes:
        service: Its name, for sentences.
        explain: What it says when it refuses.
        credentials: The settings key that the hint of ``Unauthenticated`` names.
        request_id_headers: Headers (or gRPC metadata) with the service's id of a request, best first.
        request_id_members: Members of a JSON body with it.
        retry_on: HTTP statuses after which a read is repeated.
        rate_headers: Whether ``X-RateLimit-Remaining`` and ``-Reset`` are obeyed before the limit is hit.
        status_of: The HTTP status that a JSON body of a success really means; 0 where it is a success. For services
            that tell failures in the body only.
    """

    service: str = "The service"
    explain: MapError = default_service_text
    credentials: str = "token"
    request_id_headers: tuple[str, ...] = ("x-request-id", "request-id", "x-correlation-id")
    request_id_members: tuple[str, ...] = ("request_id", "requestID", "requestId")
    retry_on: frozenset[int] = frozenset({408, 429, 502, 503, 504})
    rate_headers: bool = False
    status_of: Callable[[object], int] | None = None


def error_for(
    error: type[DragomanError],
    refusal: ServiceFailure,
    profile: ServiceProfile,
    *,
    message: Sentence = "",
    hint: Sentence = "",
    request_id: str = "",
    retry_after: float | None = None,
) -> DragomanError:
    """Build the error that a caller sees.

    Args:
        error: What the transport takes it for; the profile may know better.
        refusal: What happened.
        profile: Whose words are used.
        message: Our sentence without its full stop, instead of the one of the table; may hold ``{service}``.
        hint: What to do, instead of the one of the table.
        request_id: The service's id of the request.
        retry_after: Seconds after which to try again.
    """
    told = profile.explain(refusal)
    told = told if isinstance(told, ErrorWords) else ErrorWords(said=told or "")
    # A provider must not make an uncertain write certain.
    if told.error is not None and error is not OutcomeUnknown:
        error = told.error
    general, advice = _SENTENCES.get(error, _SENTENCES[BadResponse])
    own = SafeText(_named(message or general, profile).rstrip("."))
    own_hint = (told.look if error is OutcomeUnknown else "") or told.hint
    return error(
        told.message or sentence("{}{}", own, quoted(told.said)),
        hint=own_hint or _advice(_named(hint or advice, profile), retry_after),
        operation=refusal.operation,
        request_id=request_id or told.request_id,
        retry_after=retry_after,
        sent=None if error is OutcomeUnknown else False,
    )


def _named(text: Sentence, profile: ServiceProfile) -> SafeText:
    named = safe(text).replace("{service}", unquoted(profile.service))
    return SafeText(named.replace("{credentials}", unquoted(profile.credentials)))


def quoted(said: str) -> SafeText:
    """The end of our sentence: a service's words, said to be its words.

    They are cleaned, without credentials, cut to 200 characters, and cannot end their quotes. A page for people and
    an empty text leave the full stop only.
    """
    # Services repeat what they were sent, which may hold a token.
    words = redact(said[:_SCANNED])
    if _MARKUP.search(words) or not words.strip():
        return SafeText(".")
    return sentence("; the service says: {}.", quote(words.strip(), SAID_LIMIT))


def is_markup(text: str) -> bool:
    """Whether a body is a page for people and no answer."""
    return bool(_MARKUP.search(text[:_SCANNED]))


def _advice(hint: SafeText, retry_after: float | None) -> SafeText:
    # Rounded up: who comes a moment too early is refused again.
    return hint if retry_after is None else sentence("Try again in {} seconds.", max(1, round(retry_after + 0.49)))


def _of_object(body: dict[str, object]) -> str | None:
    error = body.get("error")
    nested, plain = (None, error) if isinstance(error, str) else (error, None)
    # The most telling member first: `error` is often a code beside a sentence.
    candidates = (body.get("detail"), body.get("message"), nested, body.get("title"), plain, body.get("errors"))
    return next((words for found in candidates if (words := _words(found))), None)


def _words(found: object) -> str | None:
    if isinstance(found, str):
        return found.strip() or None
    if isinstance(found, dict):
        inner = cast("dict[str, object]", found)
        return next(
            (v for k in ("message", "msg", "detail", "description") if isinstance(v := inner.get(k), str)), None
        )
    if isinstance(found, list):
        # A service may list hundreds of mistakes; the first few say what kind they are.
        parts = [_words(part) for part in cast("list[object]", found)[:5]]
        return "; ".join(part for part in parts if part) or None
    return None
