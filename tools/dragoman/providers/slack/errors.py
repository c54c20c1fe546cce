"""What Slack's failures mean to the person who has to do something.

Slack answers 200 and names the failure in the body; ``failures.toml`` has what each name means.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, LiteralString

from dragoman.core.json_fields import is_object, object_of, text_of
from dragoman.core.safe_text import Sentence, sentence
from dragoman.providers.kit.errors import NamedFailures
from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"
_READS: Final = frozenset({"conversations.history", "conversations.replies"})
_LONG: Final = 30  # seconds; a wait for the usual limits is shorter
_LOOK: Final[dict[str, LiteralString]] = {
    POST: "Look with list_messages whether it is there before sending it again.",
    UPDATE: "Look with get_message whether it was changed.",
}


def _name_of(body: object) -> str | None:
    if not is_object(body) or body.get("ok") is True:
        return ""
    return text_of(body, "error") or None


_FAILURES: Final = NamedFailures(Path(__file__).with_name("failures.toml"), _name_of)


def _map_error(failure: ServiceFailure) -> ErrorWords:
    look, body = _LOOK.get(failure.operation, ""), object_of(failure.body)
    if text_of(body, "error") == "missing_scope":
        return ErrorWords(
            message=sentence("The token lacks the scope {}.", text_of(body, "needed") or "that this needs"),
            hint="Add it to the app under OAuth & Permissions, and reinstall the app in the workspace.",
        )
    words = _FAILURES.words_for(failure)
    trouble = "Check `base_url` of this account." if failure.trouble == "unresolvable" else ""
    return replace(words, hint=words.hint or _once_a_minute(failure) or trouble, look=look)


def _once_a_minute(failure: ServiceFailure) -> Sentence:
    """Why reading has to wait for so long: only one limit of Slack is so low."""
    wait = failure.headers.get("retry-after", "")
    if failure.operation not in _READS or not wait.isdigit() or int(wait) < _LONG:
        return ""
    return sentence(
        "Apps that are distributed outside of Slack's Marketplace may read 15 messages once a minute; an app that a "
        "workspace made for itself may read much more. Try again in {} seconds.",
        int(wait),
    )


PROFILE: Final = ServiceProfile(
    service="Slack",
    explain=_map_error,
    request_id_headers=("x-slack-req-id",),
    retry_on=frozenset({408, 429, 500, 502, 503, 504}),
    status_of=_FAILURES.status_of,
)
