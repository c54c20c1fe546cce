"""The outbox, confirmations and the audit log in tables. Outbox and audit log are written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from dragoman.store.sql.connection import Connection, bind, to_us, unbind
from dragoman.store.sql.database import StorePart
from dragoman.store.sql.writes import audit, confirmations, outbox
from dragoman.store.writes import (
    EXPOSURE,
    MOST_EXPOSURES,
    AuditLog,
    AuditRecord,
    ConfirmationStore,
    Entry,
    ExposureStore,
    Intent,
    State,
    WriteStore,
)

_MOST_ROWS: Final = 100_000
"""Most of all viewers together."""

_SECOND: Final = 1_000_000
_AREA: Final = "writes"
_DELETED_AT_ONCE: Final = 1000


def _record_exposures(con: Connection, viewer: tuple[str, str], places: Sequence[tuple[str, str]], now: int) -> None:
    """Note that text of conversations (account and id) is shown to a viewer (principal and client)."""
    who = tuple(map(bind, viewer))
    con.executemany(
        # Clocks of several processes differ, so the later time stays.
        "INSERT INTO exposures(principal, client, account, conversation, shown) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT(principal, client, account, conversation) DO UPDATE SET shown ="
        " CASE WHEN exposures.shown < excluded.shown THEN excluded.shown ELSE exposures.shown END",
        [(*who, account, bind(conversation), now) for account, conversation in places],
    )
    _delete_expired(con, now)
    # A bound over all viewers: a client may call itself otherwise each time.
    con.execute(
        "DELETE FROM exposures WHERE shown <= (SELECT shown FROM exposures ORDER BY shown DESC LIMIT 1 OFFSET ?)",
        (_MOST_ROWS,),
    )
    con.execute(
        "DELETE FROM exposures WHERE principal = ? AND client = ? AND shown <="
        " (SELECT shown FROM exposures WHERE principal = ? AND client = ? ORDER BY shown DESC LIMIT 1 OFFSET ?)",
        (*who, *who, MOST_EXPOSURES),
    )


def _exposed_conversations(con: Connection, viewer: tuple[str, str], now: int) -> list[tuple[str, str]]:
    """The conversations that were shown to a viewer, the last ones first."""
    found = con.execute(
        "SELECT account, conversation FROM exposures WHERE principal = ? AND client = ? AND shown > ?"
        " ORDER BY shown DESC, account, conversation LIMIT ?",
        (*map(bind, viewer), now - EXPOSURE * _SECOND, MOST_EXPOSURES),
    )
    return [(account, unbind(conversation)) for account, conversation in found]


def _delete_expired(con: Connection, now: int) -> None:
    con.execute(
        "DELETE FROM exposures WHERE (principal, client, account, conversation) IN"
        " (SELECT principal, client, account, conversation FROM exposures WHERE shown <= ? LIMIT ?)",
        (now - EXPOSURE * _SECOND, _DELETED_AT_ONCE),
    )


class SqlWrites(StorePart, WriteStore):
    """See :class:`WriteStore`."""

    async def begin(self, intent: Intent, *, accepted: str = "", per_minute: int | None = None) -> Entry:
        """Put a write into the outbox, and what is begun into the audit log."""
        now = self._now()
        return await self._database.write(lambda con: _begin(con, intent, now, accepted, per_minute), area=_AREA)

    async def find_conflict(self, intent: Intent) -> Entry | None:
        """Look for the same key or content."""
        return await self._database.read(lambda con: outbox.find_conflict(con, intent, self._now()))

    async def require_rate(self, account: str, per_minute: int | None) -> None:
        """Count the writes of the last minute."""
        await self._database.read(lambda con: outbox.require_rate(con, account, self._now(), per_minute))

    async def find(self, account: str, key: str, principal: str = "") -> Entry | None:
        """Look a key up."""
        return await self._database.read(lambda con: outbox.find_by_key(con, account, key, self._now(), principal))

    async def renew(self, entry: Entry) -> None:
        """Prolong the lease."""
        await self._database.write(lambda con: outbox.renew(con, entry, self._now()))

    async def finish(
        self,
        entry: int,
        state: Literal["done", "failed", "unknown"],
        message: str | None = None,
        *,
        attempts: int | None = None,
        outcome: str = "",
    ) -> bool:
        """Put down the outcome in the outbox and the audit log."""
        ended = State(state), message, attempts, outcome or state
        return await self._database.write(lambda con: _finish(con, entry, *ended, self._now()), area=_AREA)

    async def pending(self) -> list[Entry]:
        """List what has no outcome."""
        return await self._database.read(lambda con: outbox.pending(con, self._now()))

    async def deliver(self, entry: int) -> None:
        """Put down that the answer arrived."""
        await self._database.write(lambda con: outbox.deliver(con, entry))

    async def unknown_outcomes(self, account: str, conversation: str, principal: str) -> list[Entry]:
        """List what may have been made."""
        return await self._database.read(
            lambda con: outbox.unknown_outcomes(con, account, conversation, principal, self._now())
        )

    async def message_refs_since(self, account: str, since: datetime) -> set[str]:
        """List the messages of the writes that were done."""
        return await self._database.read(lambda con: outbox.message_refs_since(con, account, to_us(since)))

    async def could_be_another(self, entry: Entry, message: str, *, loosely: bool) -> bool:
        """Look for other writes that fit the message."""
        return await self._database.read(lambda con: outbox.could_be_another(con, entry, message, loosely=loosely))


class SqlConfirmations(StorePart, ConfirmationStore):
    """See :class:`ConfirmationStore`."""

    async def offer(self, digest: str, seconds: float = 600) -> str:
        """Make a token and keep its hash."""
        # By the clock of the store: another process, on another machine, redeems it.
        ends = self._now() + round(seconds * _SECOND)
        return await self._database.write(lambda con: confirmations.offer(con, digest, ends))

    async def redeem(self, token: str, digest: str) -> float:
        """Delete a token, if it is there."""
        left = await self._database.write(lambda con: confirmations.redeem(con, token, digest, self._now()))
        return left / _SECOND


class SqlExposures(StorePart, ExposureStore):
    """See :class:`ExposureStore`."""

    async def record(self, viewer: tuple[str, str], places: Sequence[tuple[str, str]]) -> None:
        """Add a row, or renew its time."""
        await self._database.write(
            lambda con: _record_exposures(con, viewer, places, self._now()),
            area="exposures",
            keeps_caches=True,
            blind=True,
        )

    async def list(self, viewer: tuple[str, str]) -> list[tuple[str, str]]:
        """Read the rows of a viewer."""
        return await self._database.read(lambda con: _exposed_conversations(con, viewer, self._now()))


class SqlAudit(StorePart, AuditLog):
    """See :class:`AuditLog`. Triggers refuse to change or delete a line."""

    async def record(self, line: AuditRecord) -> None:
        """Add a line."""
        await self._database.write(lambda con: audit.record(con, line, self._now()))

    async def read(self, limit: int = 100) -> list[AuditRecord]:
        """Read the last lines."""
        return await self._database.read(lambda con: audit.last_lines(con, limit))


def _begin(con: Connection, intent: Intent, now: int, accepted: str, per_minute: int | None) -> Entry:
    entry = outbox.begin(con, intent, now, accepted, per_minute)
    # An earlier write that is answered again has its lines already.
    if entry.fresh:
        audit.record(con, _line(entry.id, intent, "begun", None), now)
    return entry


def _finish(
    con: Connection, entry: int, state: State, message: str | None, attempts: int | None, outcome: str, now: int
) -> bool:
    if state is State.FAILED and audit.count_unsettled(con, entry) > 1:
        # This attempt was certainly not made, but one before it may have been.
        state = State.UNKNOWN
    if not outbox.finish(con, entry, state, message, now, attempts):
        return False
    # Read anew, because the line of the audit log holds what was intended.
    found = outbox.find(con, entry, now)
    if found is not None:
        audit.record(con, _line(entry, found.intent, outcome, message), now)
    return True


def _line(entry: int, intent: Intent, outcome: str, message: str | None) -> AuditRecord:
    return AuditRecord(
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
