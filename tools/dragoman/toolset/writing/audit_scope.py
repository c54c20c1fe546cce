"""Audits writes that end before the outbox, and adds "nothing was sent" to their errors."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dragoman.core.errors import DragomanError, OutcomeUnknown, PermissionDenied, UnsupportedOperation
from dragoman.core.references import Reference
from dragoman.core.safe_text import safe, sentence
from dragoman.providers.base.provider import Capability
from dragoman.store import AuditRecord
from dragoman.toolset.definition.context import CallContext
from dragoman.toolset.writing.plan import NOTHING, principal_name

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class audit_scope:  # noqa: N801  # reads as a statement: async with audit_scope(...)
    """An asynchronous context manager around one attempt to write.

    Attributes:
        outcome: The outcome to record where no error tells it; empty for none.
        digest: Hash of the content, as soon as it is known.
        begun: The outbox holds the write, and records what becomes of it.
    """

    call: CallContext
    operation: Capability
    where: Reference
    outcome: str = ""
    digest: str | None = None
    begun: bool = False

    async def __aenter__(self) -> Self:
        """Begin the attempt."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record the outcome; an error says in addition that nothing was written."""
        if isinstance(error, DragomanError):
            if not self.begun:
                await self._record(self.outcome or _outcome(error))
            if error.sent is False and not isinstance(error, OutcomeUnknown) and "othing was" not in str(error):
                error.message = sentence("{} {}.", error.message, safe(NOTHING[self.operation]))
        elif error is None and self.outcome and not self.begun:
            await self._record(self.outcome)

    async def _record(self, outcome: str) -> None:
        line = AuditRecord(
            who=self.call.caller.client,
            principal=principal_name(self.call),
            account=self.where.account,
            operation=self.operation.value,
            conversation=self.where.conversation,
            outcome=outcome,
            digest=self.digest,
        )
        try:
            await (await self.call.workspace.store()).audit.record(line)
        except DragomanError as error:
            # The caller must learn why the write was refused, not that the log failed.
            _log.warning("A refused write could not be recorded: %s", error)


def _outcome(error: DragomanError) -> str:
    refused = isinstance(error, PermissionDenied | UnsupportedOperation)
    return "refused" if refused else error.code
