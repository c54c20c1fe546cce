"""The service's refusals as advice to the person who has to do something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, LiteralString

from dragoman.core.safe_text import safe, sentence
from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile
from dragoman.transport.grpc import Details

SWITCHED_OFF: Final = "Yandex Cloud was to switch its AI Assistant API with all threads off on 26 January 2026"
_TARGET_HINT: Final = "Set `target` to a service that still has it, or remove the account."
_ROLES: Final = (
    "Give the service account the roles ai.assistants.editor and ai.languageModels.user on the folder,"
    " and check that its billing account is active."
)
_EXPIRE: Final = (
    "Threads expire, by default after 7 days without activity; list_conversations shows those that are there."
)
_FOLDER: Final = "Check `folder_id`: it has to be the folder that the service account belongs to."
_SHORT_LIVED: Final = (
    "Check `iam_token`: such a token is good for 12 hours at most, so best name a command there that makes new ones."
)
_CLOCK: Final = "Check `service_account_key`, and that the clock of this machine is right."


def profile(credentials: str) -> ServiceProfile:
    """The profile of the service of threads; ``credentials`` is the settings key of the account's."""
    return _profile("Yandex Cloud", partial(explain, credentials=credentials), credentials)


def iam_profile() -> ServiceProfile:
    """Words for failures of the service that gives tokens."""
    return _profile("Yandex Cloud IAM", explain_iam, "service_account_key")


def _profile(service: str, words: Callable[[ServiceFailure], ErrorWords], credentials: str) -> ServiceProfile:
    ids = ("x-request-id", "x-server-trace-id")
    return ServiceProfile(service=service, explain=words, credentials=credentials, request_id_headers=ids)


def explain(refusal: ServiceFailure, credentials: str = "") -> ErrorWords:
    """Refusals of the calls for threads, messages and runs."""
    said = _service_text(refusal)
    if refusal.code == "UNIMPLEMENTED":
        return ErrorWords(
            message=sentence("This service has no threads (any more): {}.", safe(SWITCHED_OFF)), hint=_TARGET_HINT
        )
    if refusal.trouble in {"refused", "unresolvable"}:
        what = "nothing answers at `target`" if refusal.trouble == "refused" else "the host of `target` is not found"
        return ErrorWords(
            message=sentence("The service is not there, {}. {}.", safe(what), safe(SWITCHED_OFF)), hint=_TARGET_HINT
        )
    # Each of these codes has a usual cause, which the service does not name.
    hints: dict[str, LiteralString] = {"PERMISSION_DENIED": _ROLES, "NOT_FOUND": _EXPIRE}
    if credentials == "iam_token":
        hints["UNAUTHENTICATED"] = _SHORT_LIVED
    if refusal.code == "INVALID_ARGUMENT" and refusal.operation in {"list threads", "create a thread"}:
        return ErrorWords(said=said, hint=_FOLDER)
    return ErrorWords(said=said, hint=hints.get(refusal.code, ""))


def explain_iam(refusal: ServiceFailure) -> ErrorWords:
    """Refusals of the exchange of a key for a token."""
    said = _service_text(refusal)
    if refusal.trouble in {"refused", "unresolvable"}:
        return ErrorWords(
            message="The service that gives tokens is not reached at `iam_target`.",
            hint="Check `iam_target` and the network.",
        )
    return ErrorWords(said=said, hint=_CLOCK if refusal.code in {"UNAUTHENTICATED", "INVALID_ARGUMENT"} else "")


def _service_text(refusal: ServiceFailure) -> str:
    """The service's own words: those of the details, or else of the status."""
    told = refusal.body.message if isinstance(refusal.body, Details) else ""
    return "" if refusal.trouble else told or refusal.text
