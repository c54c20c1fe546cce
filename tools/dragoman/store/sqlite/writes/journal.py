"""Outbox and audit log in step: what is begun or ends is noted in both, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.writes import audit, outbox
from dragoman.store.sqlite.writes.audit import Record
from dragoman.store.sqlite.writes.outbox import Entry, Intent, State


@dataclass(frozen=True, slots=True)
class Ending:
    """How a write ended. ``attempts``: which attempt it was; ``outcome``: what the audit log says."""

    entry: int
    state: State
    message: str | None
    attempts: int | None
    outcome: str


def begin(con: Connection, intent: Intent, now: int, accepted: str, per_minute: int | None) -> Entry:
    """See :func:`outbox.begin`; what is begun is on record."""
    entry = outbox.begin(con, intent, now, accepted, per_minute)
    if entry.fresh:
        audit.record(con, _line(entry.id, intent, "begun", None), now)
    return entry


def finish(con: Connection, ending: Ending, now: int) -> bool:
    """See :func:`outbox.finish`; how it ended is on record."""
    state = ending.state
    if state is State.FAILED and audit.unsettled(con, ending.entry) > 1:
        # This attempt was certainly not made, but one before it may have been.
        state = State.UNKNOWN
    if not outbox.finish(con, ending.entry, state, ending.message, now, ending.attempts):
        return False
    entry = outbox.find(con, ending.entry, now)
    if entry is not None:
        audit.record(con, _line(entry.id, entry.intent, ending.outcome, ending.message), now)
    return True


def _line(entry: int, intent: Intent, outcome: str, message: str | None) -> Record:
    return Record(
        who=intent.who,
        principal=intent.principal,
        account=intent.account,
        operation=intent.operation,
        conversation=intent.conversation,
        message=message,
        outcome=outcome,
        digest=intent.digest,
        write=entry,
    )
