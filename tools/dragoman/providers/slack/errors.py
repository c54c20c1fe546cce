"""What Slack's failures mean to the person who has to do something.

Slack answers 200 and names the failure in the body; ``failures.toml`` has what each name means.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dragoman.core.json_fields import is_object, text_of
from dragoman.core.safe_text import Sentence, sentence
from dragoman.providers.kit.errors import NamedFailures
from dragoman.transport.error_mapping import ServiceFailure

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"
_READS: Final = frozenset({"conversations.history", "conversations.replies"})
_LONG: Final = 30  # seconds; a wait for the usual limits is shorter


def _name_of(body: object) -> str | None:
    if not is_object(body) or body.get("ok") is True:
        return ""
    return text_of(body, "error") or None


def _hint_of(failure: ServiceFailure) -> Sentence:
    """Why reading has to wait for so long: only one limit of Slack is so low."""
    wait = failure.headers.get("retry-after", "")
    if failure.operation in _READS and wait.isdigit() and int(wait) >= _LONG:
        return sentence(
            "Apps that are distributed outside of Slack's Marketplace may read 15 messages once a minute; an app that "
            "a workspace made for itself may read much more. Try again in {} seconds.",
            int(wait),
        )
    return "Check `base_url` of this account." if failure.trouble == "unresolvable" else ""


PROFILE: Final = NamedFailures(Path(__file__).with_name("failures.toml"), _name_of).profile(
    "Slack",
    hint_of=_hint_of,
    look={
        POST: "Look with list_messages whether it is there before sending it again.",
        UPDATE: "Look with get_message whether it was changed.",
    },
    request_id_headers=("x-slack-req-id",),
    retry_on=frozenset({408, 429, 500, 502, 503, 504}),
)
