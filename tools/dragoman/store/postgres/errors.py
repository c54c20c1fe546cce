"""What a failure of PostgreSQL means to a person: one error of our family for each. No text of the server is shown."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, LiteralString

import psycopg
import psycopg_pool

from dragoman.core.errors import DragomanError, InvalidArgument, PermissionDenied, Unauthenticated, Unavailable
from dragoman.core.safe_text import safe, sentence
from dragoman.store.interface import NotWritableError
from dragoman.store.sql.connection import DamagedRowError

REPEATABLE: Final = ("40001", "40P01")
"""States of a transaction that was undone because of others, and may succeed when it is run again."""

_QUOTED: Final = re.compile(r"""\"[^"]*"|host '[^']*'""")
_AT_CONNECT: Final[tuple[tuple[str, type[DragomanError], LiteralString, LiteralString], ...]] = (
    ("resolve host", Unavailable, "cannot be found by its name", "Check the host in the setting `store`."),
    ("translate host name", Unavailable, "cannot be found by its name", "Check the host in the setting `store`."),
    ("password authentication failed", Unauthenticated, "refuses the user or the password",
     "Correct the address in the setting `store`."),
    ("no password supplied", Unauthenticated, "asks for a password",
     "Write one into the address of `store`, or into a password file of libpq."),
    ("no pg_hba.conf entry", PermissionDenied, "lets nobody in from this machine, or not without TLS",
     "Add sslmode=require to the address, or allow this machine in pg_hba.conf."),
    ("not permitted to log in", Unauthenticated, "does not let this user in", "Use a role that may log in."),
    ("permission denied for database", PermissionDenied, "does not let this user in",
     "Grant the user CONNECT on the database."),
    ("no such user", Unauthenticated, "knows no such user", "Correct the address in the setting `store`."),
    ("no such database", InvalidArgument, "has no such database",
     "Create it, or correct the address in the setting `store`."),
    ("unsupported startup parameter", InvalidArgument, "is behind a pooler that refuses a parameter of the address",
     "Take it out of the address, or allow it in the pooler."),
    ("role ", Unauthenticated, "knows no such user", "Correct the address in the setting `store`."),
    ("database ", InvalidArgument, "has no such database", "Create it, or correct the address in the setting `store`."),
    ("private key file", InvalidArgument, "cannot be reached with the key of this client",
     "Name a file that only this user may read as sslkey in the address."),
    ("client certificate", Unauthenticated, "asks for a certificate of this client",
     "Name its files as sslcert and sslkey in the address."),
    ("certificate authentication failed", Unauthenticated, "refuses the user or the certificate",
     "Correct the address in the setting `store`."),
    ("root certificate file", InvalidArgument, "cannot be checked, because there is no file of its authority",
     "Correct sslrootcert in the address."),
    ("certificate file", InvalidArgument, "cannot be reached with the certificate of this client",
     "Name a file that this user may read as sslcert in the address."),
    ("does not match host name", Unavailable, "has the certificate of another host",
     "Use a name of its certificate as the host in the address."),
    ("certificate", Unavailable, "has a certificate that is not trusted",
     "Name the file of its authority as sslrootcert in the address."),
    ("ssl", Unavailable, "cannot be reached with the TLS that was asked for", "Check sslmode in the address."),
    ("too many", Unavailable, "has no connection left", "Try again, or raise max_connections of the server."),
    ("connection slots", Unavailable, "has no connection left", "Try again, or raise max_connections of the server."),
    ("no more connections", Unavailable, "has no connection left", "Try again, or raise the limit of the pooler."),
    ("not currently accepting", Unavailable, "lets nobody in", "Allow connections to the database."),
    ("accepting connections", Unavailable, "is starting", "Try again in some seconds."),
    ("recovery mode", Unavailable, "is starting", "Try again in some seconds."),
    ("starting up", Unavailable, "is starting", "Try again in some seconds."),
    ("shutting down", Unavailable, "is stopping", "Try again when it runs."),
    ("session is read-only", NotWritableError, "can only be read", "Name the primary server in the setting `store`."),
    ("in hot standby", NotWritableError, "can only be read", "Name the primary server in the setting `store`."),
)  # fmt: skip
"""Part of a message of libpq; what it means; what to do. At this point there is no code to tell them by."""

_BY_STATE: Final[tuple[tuple[tuple[str, ...], type[DragomanError], LiteralString, LiteralString], ...]] = (
    (("53100", "53200"), NotWritableError, "has no room left", "Free space at the database and try again."),
    (("25006", "0A000"), NotWritableError, "can only be read", "Name the primary server in the setting `store`."),
    (("42501",), NotWritableError, "may not be used by this user", "Grant the user the rights on its tables."),
    (("54000", "54001", "22001"), InvalidArgument, "cannot hold so long a text or id", "Shorten it."),
    (("57014", "55P03"), Unavailable, "took too long", "Try again; the database may be under load."),
    (("42P10",), InvalidArgument, "was changed by another version of Dragoman", "Start the newest version."),
    (("42P01", "3F000", "42703"), InvalidArgument, "lacks tables that it had",
     "Restore a backup of the database, or start Dragoman again."),
    (REPEATABLE, Unavailable, "is busy", "Try again in some seconds."),
)  # fmt: skip
"""States of a failed statement; what they mean; what to do."""


@contextmanager
def explained(name: str) -> Generator[None]:
    """Turn what the driver raises about a store into one of our errors."""
    try:
        yield
    except (psycopg.Error, OSError) as error:
        raise explain(error, name) from error
    except DamagedRowError as error:
        raise Unavailable(
            sentence("{} has a row that makes no sense.", name), hint="Restore a backup of the database."
        ) from error


def explain(error: psycopg.Error | OSError, name: str) -> DragomanError:
    """The error to raise for ``error`` about the store ``name``. Nothing of a failed write is kept."""
    if isinstance(error, psycopg_pool.PoolTimeout):
        return busy(name)
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    if state is None:
        return _unreachable(str(error), name)
    return _of_state(state, name)


def busy(name: str) -> DragomanError:
    """All connections were in use for too long."""
    return Unavailable(sentence("{} is busy.", name), hint="Try again in some seconds.")


def unknown_outcome(name: str) -> DragomanError:
    """The connection broke while the end of a write was acknowledged, and nobody can be asked about it."""
    return Unavailable(
        sentence("The connection to {} broke while it was written; the outcome is unknown.", name),
        hint="Look whether it is there before you write it again.",
    )


def newer(name: str, found: int, known: int) -> DragomanError:
    """The tables were made by a later version."""
    return InvalidArgument(
        sentence("{} was written by a newer Dragoman (schema {}, this one knows {}).", name, found, known),
        hint="Update Dragoman, or name another store.",
    )


def outdated(name: str) -> DragomanError:
    """The tables are missing or old, and this role may not make them."""
    return PermissionDenied(
        sentence("{} has no tables of this version, and this user may not make them.", name),
        hint="Have an administrator run the statements that `dragoman store migrate --print` prints.",
    )


def wrong_encoding(name: str) -> DragomanError:
    """The database cannot hold all characters."""
    return InvalidArgument(
        sentence("{} is not a database in UTF-8.", name), hint="Create one with ENCODING 'UTF8' TEMPLATE template0."
    )


def _of_state(state: str, name: str) -> DragomanError:
    for states, kind, what, hint in _BY_STATE:
        if state in states:
            return kind(sentence("{} {}.", name, safe(what)), hint=hint)
    if state.startswith(("08", "57P")):
        return _unreachable("", name)
    return Unavailable(sentence("{} cannot be used (code {}).", name, state), hint="Try again, or report this.")


def _unreachable(text: str, name: str) -> DragomanError:
    # Names of hosts, users and databases say nothing of what failed.
    lowered = _QUOTED.sub("host", text.lower())
    for part, kind, what, hint in _AT_CONNECT:
        if part in lowered and (part not in ("role ", "database ") or "does not exist" in lowered):
            return kind(sentence("{} {}.", name, safe(what)), hint=hint)
    return Unavailable(
        sentence("{} cannot be reached.", name), hint="Look whether the database runs, and check the setting `store`."
    )
