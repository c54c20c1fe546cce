"""What Convore says when it refuses, as sentences that a person can act on.

Nothing is published about its errors; the usual shapes of JSON bodies are read by the transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile, default_service_text

SEND: Final = "send_message"
IMPORT: Final = "import_message"
UPDATE: Final = "update_message"

_SERVER_SIDE: Final = 500
_TIMED_OUT: Final = 408
_HINTS: Final[Mapping[int, LiteralString]] = {
    401: "Check `token` of this account: the secret API key is missing, wrong or disabled.",
    403: "Check that the API key of `token` may use this channel or conversation.",
    404: "Find it with list_conversations or list_messages.",
}
_LOOK: Final[Mapping[str, LiteralString]] = {
    SEND: "Look with list_messages whether it is in the conversation before sending it again.",
    IMPORT: "Look with list_messages whether it is there: a second import would make a second message.",
    UPDATE: "Look with get_message whether it was changed.",
}
_NOWHERE: Final = "Check `base_url` of this account."


def explain(refusal: ServiceFailure) -> ErrorWords:
    """Convore's own words, with the setting to look at or what to do after a write whose fate is unknown."""
    hint: LiteralString = _HINTS.get(refusal.status, "")
    if refusal.trouble == "unresolvable":
        hint = _NOWHERE
    elif refusal.kind == "write" and _unsure(refusal):
        hint = _LOOK.get(refusal.operation, "")
    return ErrorWords(said=default_service_text(refusal) or "", hint=hint)


def _unsure(refusal: ServiceFailure) -> bool:
    """Whether the service may have acted."""
    if refusal.trouble in {"refused", "unresolvable", "tls"}:
        return False
    promised = {"retry-after", "retry-after-ms"} & refusal.headers.keys()
    failed = refusal.status in {0, _TIMED_OUT} or refusal.status >= _SERVER_SIDE
    return failed and not (refusal.status == 503 and promised)  # noqa: PLR2004 - unavailable, and says for how long


DIALECT: Final = ServiceProfile(service="Convore", explain=explain, retry_on=frozenset({408, 429, 500, 502, 503, 504}))
