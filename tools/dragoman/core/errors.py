"""Everything that can go wrong, as one family for every transport.

::

    DragomanError
    ├── InvalidArgument        the call cannot work as asked; changing it helps
    ├── NotFound               no such account, conversation, message or cursor
    ├── UnsupportedOperation   this account cannot do it; the text says who can
    ├── Unauthenticated        the credentials are missing, wrong or expired
    ├── PermissionDenied       the credentials are good and do not allow it
    ├── RateLimited            too many calls; ``retry_after`` says when
    ├── Unavailable            the service, or a file, cannot be reached now
    ├── DeadlineExceeded       no answer in time, and nothing was written
    ├── Conflict               somebody else's change, or another content for the same key
    ├── BadResponse            the service answered something that makes no sense
    └── OutcomeUnknown         a write may or may not have happened

``str(error)`` is written for the person or model that made the call: one or two plain sentences
that say what to do next, without status codes, secrets or the text of a service's page.
"""

from __future__ import annotations

from typing import ClassVar

from dragoman.core.safe_text import SafeText, Sentence, safe, sentence


class DragomanError(Exception):
    """A failure somebody can act on.

    Args:
        message: What went wrong, one sentence; built by :func:`dragoman.core.safe_text.sentence` where it names
            something foreign.
        hint: What to do next, one sentence, built likewise.
        account: Name of the account concerned, empty when none is.
        operation: The tool or step that failed, for logs.
        request_id: The service's own id of the failed request, for its support.
        retry_after: Seconds after which the service asks to be tried again.
        sent: For writes: ``False`` when the message certainly did not go out, ``None`` when unknown.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: Sentence,
        *,
        hint: Sentence = "",
        account: str = "",
        operation: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        sent: bool | None = False,
    ) -> None:
        super().__init__(message)
        self.message = safe(message)
        self.hint = safe(hint)
        self.account = account
        self.operation = operation
        self.request_id = request_id
        self.retry_after = retry_after
        self.sent = sent

    def __str__(self) -> str:
        """The sentences to show, with the account in front when there is one."""
        return self.text

    @property
    def text(self) -> SafeText:
        """The same as a piece for another sentence."""
        return sentence("{}: {}", self.account, self.sentences) if self.account else self.sentences

    @property
    def sentences(self) -> SafeText:
        """The message and the hint, without the account."""
        return SafeText(f"{self.message} {self.hint}".strip())


class InvalidArgument(DragomanError):
    """The call cannot work as asked."""

    code = "invalid_argument"


class NotFound(DragomanError):
    """There is no such thing, or it may not be seen."""

    code = "not_found"


class UnsupportedOperation(DragomanError):
    """The account cannot do this."""

    code = "unsupported"


class Unauthenticated(DragomanError):
    """The service does not accept the credentials."""

    code = "unauthenticated"


class PermissionDenied(DragomanError):
    """The credentials do not allow this, or the policy does not."""

    code = "permission_denied"


class RateLimited(DragomanError):
    """Too many calls in too short a time."""

    code = "rate_limited"


class Unavailable(DragomanError):
    """The service cannot be reached or is not working now."""

    code = "unavailable"


class DeadlineExceeded(DragomanError):
    """No answer came in time."""

    code = "deadline_exceeded"


class Conflict(DragomanError):
    """The state of things contradicts the call."""

    code = "conflict"


class BadResponse(DragomanError):
    """The service's answer makes no sense."""

    code = "bad_response"


class OutcomeUnknown(DragomanError):
    """A write may have happened; look before trying again."""

    code = "outcome_unknown"

    def __init__(self, message: Sentence, **details: object) -> None:
        details.setdefault("sent", None)
        super().__init__(message, **details)  # type: ignore[arg-type]  # same keywords as the base
