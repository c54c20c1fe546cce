"""The table of leases: who keeps which account current."""

from __future__ import annotations

from typing import Final

from dragoman.store.sql.connection import Connection, bind, unbind
from dragoman.store.sync_state import CLOCK_TOLERANCE, LEASE, Lease, LeaseLostError

_SECOND: Final = 1_000_000


def take(con: Connection, account: str, holder: str, now: int) -> Lease | None:
    """Take a lease unless somebody else has it; ``now`` in microseconds since 1970."""
    found = con.execute("SELECT holder, fence, expires FROM sync_leases WHERE account = ?", (account,)).fetchone()
    if found is not None and unbind(found[0]) != holder and _is_good(found[2], now):
        return None
    # A higher fence also for the same holder, so that its own late steps are refused.
    lease = Lease(account, holder, (0 if found is None else found[1]) + 1)
    con.execute(
        "INSERT INTO sync_leases(account, holder, fence, expires) VALUES(?, ?, ?, ?) ON CONFLICT(account)"
        " DO UPDATE SET holder = excluded.holder, fence = excluded.fence, expires = excluded.expires",
        (account, bind(holder), lease.fence, now + LEASE * _SECOND),
    )
    return lease


def renew(con: Connection, lease: Lease, now: int) -> None:
    """Have a lease for longer.

    Raises:
        LeaseLostError: Somebody else has taken it.
    """
    renewed = con.execute(
        "UPDATE sync_leases SET expires = ? WHERE account = ? AND fence = ? AND holder = ? RETURNING fence",
        (now + LEASE * _SECOND, lease.account, lease.fence, bind(lease.holder)),
    )
    if not list(renewed):
        raise LeaseLostError("Another process keeps this account current now.", account=lease.account)


def release(con: Connection, lease: Lease) -> None:
    """End a lease. Its fence stays, so that the next one is higher."""
    con.execute(
        "UPDATE sync_leases SET expires = 0 WHERE account = ? AND fence = ? AND holder = ?",
        (lease.account, lease.fence, bind(lease.holder)),
    )


def holder(con: Connection, account: str, now: int) -> str:
    """Who has the lease; empty for nobody."""
    found = con.execute("SELECT holder, expires FROM sync_leases WHERE account = ?", (account,)).fetchone()
    return unbind(found[0]) if found is not None and _is_good(found[1], now) else ""


def _is_good(expires: int, now: int) -> bool:
    # An end that is too far off was noted by a wrong clock, and would never come.
    return now < expires <= now + (LEASE + CLOCK_TOLERANCE) * _SECOND
