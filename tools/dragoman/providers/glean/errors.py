"""Maps Glean's refusals to sentences that a person can act on.

Its errors are mostly plain text of one or two lines; some endpoints have JSON bodies of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dragoman.core.errors import InvalidArgument, NotFound, Unauthenticated, Unavailable
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.glean.mapping.wire import ErrorInfo, ErrorMessage, Refused, SearchAnswer
from dragoman.providers.kit.wire import lenient, or_empty
from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile, default_service_text, quoted

_MOST_NAMED: Final = 5
_LOOK: Final = "Look at the chat with list_messages before asking again."
_SCOPES: Final = "The token needs the scopes SEARCH, DOCUMENTS, PEOPLE, ENTITIES and CHAT, or access to this."
_WRONG_CREDENTIALS: Final = (
    'Check `token` of this account; a token of another identity provider also needs auth_type = "oauth",'
    " and a global token needs `act_as`."
)


def explain(refusal: ServiceFailure) -> ErrorWords | None:
    """Read a refusal; what is not special gets the general sentence and the service's own words."""
    # Each status has meanings of its own here, which only the text tells apart.
    special = {400: _bad_request, 401: _unauthenticated, 403: _forbidden, 404: _missing, 422: _operators}
    found = special[refusal.status](refusal) if refusal.status in special else None
    return found or ErrorWords(said=default_service_text(refusal) or "", look=_LOOK)


def _bad_request(refusal: ServiceFailure) -> ErrorWords | None:
    if "x-glean-actas" not in refusal.text.lower():
        return _operators(refusal)
    return ErrorWords(
        message="This is a global token of Glean, and it is not said for which user it is to act.",
        hint="Set `act_as` of this account to the e-mail address of a user.",
        error=Unauthenticated,
    )


def _unauthenticated(refusal: ServiceFailure) -> ErrorWords:
    text = refusal.text.lower()
    if "expired" in text:
        return ErrorWords(message="The token for Glean has expired.", hint="Get a new one and set `token` to it.")
    if "invalid identity" in text:
        return ErrorWords(
            message="Glean does not know the user that this account acts for.",
            hint="Check the e-mail address in `act_as` of this account.",
        )
    return ErrorWords(said=", ".join(refusal.text.split("\n")[:2]), hint=_WRONG_CREDENTIALS)


def _forbidden(refusal: ServiceFailure) -> ErrorWords:
    # A refusal here need not mean that there is such a document.
    if refusal.operation == "getdocuments":
        return ErrorWords(
            message="Glean has no such message, or may not show it.",
            hint="Find it with search_messages or list_messages.",
            error=NotFound,
        )
    body = lenient(Refused, refusal.body)
    if body is None:
        return ErrorWords(said=refusal.text, hint=_SCOPES)
    if body.error_type:
        owner = (body.created_by and body.created_by.name) or safe("its owner")
        return ErrorWords(
            message="This chat of Glean is not shared with this account.",
            hint=sentence("Ask {:60} for access to it.", owner),
        )
    return ErrorWords(said=failures(body.error_messages) or default_service_text(refusal) or "", hint=_SCOPES)


def _missing(refusal: ServiceFailure) -> ErrorWords | None:
    if "page not found" in refusal.text.lower():
        return ErrorWords(
            message="Glean knows nothing at this address.",
            hint="Check `base_url` of this account (https://INSTANCE-be.glean.com), or list the conversations.",
        )
    return None


def _operators(refusal: ServiceFailure) -> ErrorWords | None:
    body = lenient(Refused, refusal.body)
    wrong = invalid_operators(body) if body else None
    return ErrorWords(message=wrong, hint="Change or leave out this part of the query.") if wrong else None


def invalid_operators(body: ErrorInfo | Refused) -> SafeText:
    """A sentence about search operators that Glean does not understand; empty without any."""
    named = [sentence("{!r}", f"{one.key or ''}:{one.value or ''}") for one in or_empty(body.invalid_operators)]
    return sentence("Glean does not understand {} in the query.", join(named[:_MOST_NAMED])) if named else SafeText()


def failures(messages: Iterable[ErrorMessage] | None) -> str:
    """The sources that failed and what they said, on one line."""
    pairs = [(one.source, one.error_message) for one in messages or ()]
    return "; ".join(": ".join(part for part in pair if part) for pair in pairs[:_MOST_NAMED] if any(pair))


def raise_partial_failure(answer: SearchAnswer, request_id: str) -> None:
    """Raise the reason for an empty success; with results it is a gap in the search, see :func:`gap_in`."""
    info = answer.error_info
    # What was found is shown, with a note about the rest.
    if info is None or answer.results or answer.facet_results:
        return
    wrong = invalid_operators(info)
    if wrong:
        raise InvalidArgument(wrong, hint="Change or leave out this part of the query.", operation="search")
    missed = gap_in(answer)
    if missed:
        raise Unavailable(missed, hint="Try again in a few minutes.", operation="search", request_id=request_id)


def gap_in(answer: SearchAnswer) -> SafeText:
    """A sentence about what was not searched or not understood; empty when all was."""
    info = answer.error_info
    if info is None:
        return SafeText()
    wrong, said = invalid_operators(info), failures(or_empty(info.error_messages))
    if wrong or not (said or info.federated_search_rate_limit_error):
        return wrong
    return sentence("Glean could not search everything{}", quoted(said))


PROFILE: Final = ServiceProfile(service="Glean", explain=explain)
