"""What Slack's failures mean to the person who has to do something.

Slack answers 200 and names the failure in the body; ``failures.toml`` has what each name means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, LiteralString

from dragoman.core import errors
from dragoman.core.json_fields import is_object, object_of, text_of
from dragoman.core.safe_text import SafeText, Sentence, sentence
from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"
_READS: Final = frozenset({"conversations.history", "conversations.replies"})
_LONG: Final = 30  # seconds; a wait for the usual limits is shorter
_SHARED: Final = "slack_connect_"  # begins several names of one meaning
_LOOK: Final[dict[str, LiteralString]] = {
    POST: "Look with list_messages whether it is there before sending it again.",
    UPDATE: "Look with get_message whether it was changed.",
}
_SCOPE_HINT: Final = "Add it to the app under OAuth & Permissions, and reinstall the app in the workspace."


def status_of(body: object) -> int:
    """The HTTP status that an answer should have had; 0 for a success, and for what is no answer at all."""
    if not is_object(body) or body.get("ok") is True:
        return 0
    name = text_of(body, "error")
    return _meaning(name).get("status", 400) if name else 500


def _meaning(name: str) -> Mapping[str, Any]:
    return _failures().get(_SHARED if name.startswith(_SHARED) else name, {})


@cache
def _failures() -> Mapping[str, Mapping[str, Any]]:
    import tomllib  # noqa: PLC0415 - only where something fails

    rows = tomllib.loads(Path(__file__).with_name("failures.toml").read_text("utf-8"))["failure"]
    return {name: row for row in rows for name in row["names"]}


def _map_error(failure: ServiceFailure) -> ErrorWords:
    body = object_of(failure.body)
    name, look = text_of(body, "error"), _LOOK.get(failure.operation, "")
    row = _meaning(name)
    if name == "missing_scope":
        needed = text_of(body, "needed") or "that this needs"
        return ErrorWords(message=sentence("The token lacks the scope {}.", needed), hint=_SCOPE_HINT)
    trouble = "Check `base_url` of this account." if failure.trouble == "unresolvable" else ""
    return ErrorWords(
        said="" if row else name,
        message=SafeText(row.get("message", "")),
        hint=SafeText(row.get("hint", "")) or _once_a_minute(failure) or trouble,
        look=look,
        error=getattr(errors, row["error"]) if "error" in row else None,
    )


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
    status_of=status_of,
)
