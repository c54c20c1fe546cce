"""Statements around the work of a transaction: its beginning and settings, its number, and how others ended."""

from __future__ import annotations

from typing import Final

from dragoman.store.postgres.address import Address

STATEMENT_SECONDS: Final = 18
"""Seconds after which the server ends a statement."""

_RUN: Final = (
    "CAST(pg_postmaster_start_time() AS text)"
    " || ' ' || coalesce(CAST(pg_stat_get_bgwriter_stat_reset_time() AS text), '')"
)
"""Differs after a crash of the server or of one of its processes, when numbers of transactions are given again."""

VERSION: Final = (
    f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN CAST(pg_current_snapshot() AS text) || ' ' || {_RUN} END"
)
"""Differs after every transaction that has written anything. A standby does not tell all that it would have to."""

READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
LOCK: Final = (
    f"SELECT CAST(pg_current_xact_id() AS text), {_RUN},"
    " pg_advisory_xact_lock(hashtextextended(current_schema() || ':dragoman:' || ?, 0))"
)
NO_LOCK: Final = f"SELECT CAST(pg_current_xact_id() AS text), {_RUN}"
NOT_DURABLE: Final = "SET LOCAL synchronous_commit = off"
STATUS: Final = f"SELECT pg_xact_status(CAST(%s AS xid8)), {_RUN}"


def of_transaction(address: Address) -> str:
    """Settings for one transaction, where a pooler may give the next one another session."""
    return _settings(address, "SET LOCAL")


def of_session(address: Address) -> str:
    """The same settings for all transactions of a session."""
    return _settings(address, "SET")


def _settings(address: Address, make: str) -> str:
    settings = [
        f"{make} statement_timeout = {STATEMENT_SECONDS * 1000}",
        f"{make} idle_in_transaction_session_timeout = 60000",
        f"{make} jit = off",
    ]
    if address.schema is not None:
        name = address.schema.replace('"', '""')
        settings.append(f'{make} search_path = "{name}"')
    return "; ".join(settings)
