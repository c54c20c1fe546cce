"""Connections to a mailbox for code that must not block: commands run in worker threads, one at a time each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import BadResponse, DeadlineExceeded, DragomanError, Unauthenticated
from dragoman.providers.mail.errors import is_lost, map_error
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.imap_session import ImapSession
from dragoman.providers.mail.login import Credentials, Login

T = TypeVar("T")

_REST: Final = 60.0  # seconds after which a server may have closed without saying so
_PROBE: Final = 5.0  # seconds that it has to say that it has not
_THREADS: Final = 4


class Connection:
    """A connection that is made when it is needed, and made anew when it is lost.

    Args:
        server: Where.
        credentials: How to sign in.
        timeout: Seconds that the server may be silent.
        ca_file: Authorities to trust instead of the usual ones.
    """

    def __init__(self, server: Server, credentials: Credentials, *, timeout: float, ca_file: Path | None) -> None:
        self._server = server
        self._credentials = credentials
        self._timeout = timeout
        self._ca_file = ca_file
        self._session: ImapSession | None = None
        self._used_at = 0.0
        self._clock = current_clock()
        self._lock = anyio.Lock()
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def run(self, work: Callable[[ImapSession], T]) -> T:
        """Run something with the connection in a worker thread, alone.

        What has changed nothing is repeated once on another connection when this one is lost. Cancelling ends the
        connection at once.

        Raises:
            DragomanError: What went wrong, and what to do.
        """
        async with self._lock:
            session, fresh = await self._usable()
            try:
                return await self._call(session, work)
            except _LostError as lost:
                if session.changing or isinstance(lost.error, DeadlineExceeded) or (fresh and not lost.is_puzzling):
                    raise lost.error from lost.__cause__
            session = await self._open()
            try:
                return await self._call(session, work)
            except _LostError as lost:
                raise lost.error from lost.__cause__

    async def close(self) -> None:
        """End the connection."""
        session, self._session = self._session, None
        if session is not None:
            session.kill()

    async def _usable(self) -> tuple[ImapSession, bool]:
        """An open session, and whether it was made just now."""
        session = self._session
        if session is None:
            return await self._open(), True
        if self._clock.monotonic() - self._used_at > _REST:
            try:
                await self._call(session, lambda one: one.noop(_PROBE))
            except (_LostError, DragomanError):
                self._drop(session)
                return await self._open(), True
        return session, False

    async def _open(self) -> ImapSession:
        try:
            return await self._open_with(await self._credentials.get())
        except Unauthenticated:
            again = await self._renewed()
            if again is None:
                raise
        return await self._open_with(again)

    async def _renewed(self) -> Login | None:
        """Another token after one was refused; a password is never tried twice, which could lock the mailbox."""
        last = await self._credentials.get()
        if last.kind == "password":
            return None
        renewed = await self._credentials.get(refused=True)
        return None if renewed.value == last.value else renewed

    async def _open_with(self, login: Login) -> ImapSession:
        session = ImapSession(self._server, timeout=self._timeout, ca_file=self._ca_file)
        try:
            await self._call(session, partial(_open_session, login=login), signing_in=login)
        except _LostError as lost:
            raise lost.error from lost.__cause__
        except DragomanError:
            session.kill()
            raise
        self._session = session
        return session

    async def _call(
        self,
        session: ImapSession,
        work: Callable[[ImapSession], T],
        *,
        signing_in: Login | None = None,
    ) -> T:
        run = partial(_run, session, work, self._server, signing_in=signing_in)
        try:
            result = await anyio.to_thread.run_sync(run, abandon_on_cancel=True, limiter=self._threads)
        except DragomanError:
            raise
        except BaseException:
            self._drop(session)
            raise
        self._used_at = self._clock.monotonic()
        return result

    def _drop(self, session: ImapSession) -> None:
        """Never use a session again; what runs on it ends at once."""
        session.kill()
        if self._session is session:
            self._session = None


class _LostError(Exception):
    """The connection is of no use any more."""

    def __init__(self, error: DragomanError) -> None:
        super().__init__()
        self.error = error

    @property
    def is_puzzling(self) -> bool:
        """The server answered what makes no sense, which another try may not bring again."""
        return isinstance(self.error, BadResponse)


def _open_session(session: ImapSession, login: Login) -> None:
    session.open(login)


def _run(
    session: ImapSession,
    work: Callable[[ImapSession], T],
    server: Server,
    *,
    signing_in: Login | None,
) -> T:
    try:
        with session.in_use():
            session.changing = False
            return _mapped(session, work, server, signing_in)
    except ConnectionAbortedError as failure:  # somebody has ended it meanwhile
        raise _LostError(map_error(failure, server, "", writing=False, signing_in=signing_in)) from failure


def _mapped(session: ImapSession, work: Callable[[ImapSession], T], server: Server, signing_in: Login | None) -> T:
    try:
        return work(session)
    except Exception as failure:
        told = "\n".join(session.told()[-10:])
        error = map_error(failure, server, told, writing=session.changing, signing_in=signing_in)
        if is_lost(failure) or isinstance(failure, OSError) or isinstance(error, BadResponse):
            session.kill()
            raise _LostError(error) from failure
        if error is failure:
            raise
        raise error from failure
