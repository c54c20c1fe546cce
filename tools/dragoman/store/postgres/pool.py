"""The connections of a process to one database. Every method blocks."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final
from weakref import WeakSet

import psycopg
import psycopg_pool

from dragoman.store.postgres import errors
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.driver import DriverConnection, begin_session, configure
from dragoman.store.postgres.prepared import PreparedStatements
from dragoman.store.postgres.statements import of_session

MOST_CONNECTIONS: Final = 12
"""Of one process."""

PATIENCE: Final = 8.0
"""Seconds to wait for a connection."""

DEADLINE: Final = 20.0
"""Seconds after which a call is given up whose server does not answer; it ends long statements itself before."""

_SHORTEST: Final = 0.5
_IDLE: Final = 300.0
_LIVES: Final = 3600.0
_RECONNECT: Final = 5.0
_WATCHED_EVERY: Final = 1.0

logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # says at each attempt what the error of a call says


class Pool:
    """Connections that are made when they are needed, and closed when nobody needs them."""

    def __init__(self, address: Address) -> None:
        """Connect nothing yet."""
        self._address = address
        self._pool = psycopg_pool.ConnectionPool[DriverConnection](
            kwargs={**address.parameters, "autocommit": True, "prepare_threshold": None},
            connection_class=DriverConnection,
            configure=self._begin_session,
            min_size=0,
            max_size=MOST_CONNECTIONS,
            timeout=PATIENCE,
            max_idle=_IDLE,
            max_lifetime=_LIVES,
            reconnect_timeout=_RECONNECT,
            num_workers=2,
            open=False,
        )
        self._watchdog = _Watchdog()
        self._prepared = WeakSet[PreparedStatements]()

    def connect(self) -> DriverConnection:
        """A connection beside the pool.

        Raises:
            psycopg.Error: There is none.
        """
        connection = DriverConnection.connect(**self._address.parameters, autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]  # parameters of libpq
        configure(connection)
        return connection

    def open(self) -> None:
        """Begin."""
        self._pool.open()

    def close(self) -> None:
        """Close all connections, those in use when they are given back."""
        self._pool.close(timeout=1)
        self._watchdog.stop()

    @contextmanager
    def connection(self, ends: float) -> Generator[DriverConnection]:
        """A connection for one transaction, which is broken when it is still at work at a time of the steady clock.

        Raises:
            DragomanError: There is none.
        """
        connection = self._get(ends)
        try:
            with self._watchdog.watching(connection, ends):
                yield connection
        finally:
            self._pool.putconn(connection)

    def forget_prepared(self) -> None:
        """Have all connections prepare their statements anew."""
        for prepared in list(self._prepared):
            prepared.forget()

    def _begin_session(self, connection: DriverConnection) -> None:
        configure(connection)
        begin_session(connection, of_session(self._address))
        if connection.prepared is not None:
            self._prepared.add(connection.prepared)

    def _get(self, ends: float) -> DriverConnection:
        try:
            return self._pool.getconn(max(_SHORTEST, min(PATIENCE, ends - time.monotonic())))
        except psycopg_pool.PoolTimeout:
            # The pool does not say why it has none; a connection of our own does.
            with errors.explained(self._address.name):
                self.connect().close()
            raise errors.busy(self._address.name) from None


class _Watchdog:
    """Breaks connections whose server does not answer at all; no statement can bound that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[DriverConnection, float] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, connection: DriverConnection, ends: float) -> Generator[None]:
        """Break the connection if this takes until then."""
        with self._lock:
            self._watched[connection] = ends
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dragoman-postgres", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._watched[connection]

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_WATCHED_EVERY):
            with self._lock:
                now = time.monotonic()
                for connection in [one for one, ends in self._watched.items() if ends < now]:
                    _break(connection)


def _break(connection: DriverConnection) -> None:
    """Have whoever waits for the connection see that it ended."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)
