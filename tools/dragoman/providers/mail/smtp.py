"""Sending through a server without blocking: a connection for each mail, in a worker thread that cancelling ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from dragoman.core.errors import DragomanError, InvalidArgument, OutcomeUnknown
from dragoman.core.safe_text import sentence
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.login import Credentials, Login

if TYPE_CHECKING:
    from dragoman.providers.mail.compose import OutgoingMail
    from dragoman.providers.mail.smtp_session import SmtpRefusal, SmtpSession

T = TypeVar("T")


class Submission:
    """Where mails are handed over.

    Args:
        server: Where; ``None`` when the settings name none and none is known.
        credentials: How to sign in.
        timeout: Seconds that the server may be silent.
        ca_file: Authorities to trust instead of the usual ones.
    """

    def __init__(
        self, server: Server | None, credentials: Credentials, *, timeout: float, ca_file: Path | None
    ) -> None:
        self._server = server
        self._credentials = credentials
        self._timeout = timeout
        self._ca_file = ca_file
        self._threads = anyio.CapacityLimiter(2)

    async def send(self, mail: OutgoingMail, content: bytes) -> str:
        """Hand a mail over for everybody or for nobody.

        Returns:
            What the server says of it.

        Raises:
            OutcomeUnknown: It is not known whether the server took it. Every other error means that it did not.
        """
        from dragoman.providers.mail.smtp_session import Envelope  # noqa: PLC0415  # only when something is sent

        recipients = mail.recipients
        envelope = Envelope(
            sender=recipients.sender.email,
            recipients=[one.email for one in recipients.everyone],
            content=content,
            needs_utf8=mail.needs_utf8,
        )
        return await self._signed_in(lambda session: session.send(envelope))

    async def check(self) -> str:
        """Sign in, and send nothing; gives the name of the server.

        Raises:
            DragomanError: It does not work.
        """
        await self._signed_in(lambda _: None)
        return self._known().host

    def _known(self) -> Server:
        if self._server is None:
            raise InvalidArgument(
                "No server for sending is known for this address.", hint="Add `smtp` to the account, as host:port."
            )
        return self._server

    async def _signed_in(self, work: Callable[[SmtpSession], T]) -> T:
        """Do something with a connection; a token that was refused is renewed once, a password is never repeated."""
        from dragoman.providers.mail.smtp_session import SmtpRefusal  # noqa: PLC0415  # as above

        login = await self._credentials.get()
        try:
            return await self._run(login, work)
        except SmtpRefusal as refusal:
            if refusal.step != "auth" or login.kind != "token":
                raise self._error(refusal) from None
        renewed = await self._credentials.get(refused=True)
        try:
            return await self._run(renewed, work)
        except SmtpRefusal as refusal:
            raise self._error(refusal) from None

    async def _run(self, login: Login, work: Callable[[SmtpSession], T]) -> T:
        from dragoman.providers.mail.smtp_session import SmtpSession  # noqa: PLC0415  # as above

        session = SmtpSession(self._known(), timeout=self._timeout, ca_file=self._ca_file)
        try:
            return await anyio.to_thread.run_sync(
                partial(_talk, session, login, work), abandon_on_cancel=True, limiter=self._threads
            )
        except Exception as failure:  # noqa: BLE001  # a library may raise anything, and each is translated
            raise self._translated(failure) from None
        finally:
            # Cancelling leaves the thread behind. It ends when its socket is closed.
            session.close()

    def _translated(self, failure: Exception) -> Exception:
        from dragoman.providers.mail.smtp_errors import error_of_failure  # noqa: PLC0415  # as above
        from dragoman.providers.mail.smtp_session import LostInDoubtError, SmtpRefusal  # noqa: PLC0415  # as above

        if isinstance(failure, DragomanError | SmtpRefusal):
            return failure
        # A server may take a mail and its answer be lost (RFC 1047). Sending again could send it twice.
        if isinstance(failure, LostInDoubtError):
            return OutcomeUnknown(
                sentence("The connection to {} broke off before it said whether it took the mail.", self._known().host),
                hint="Look in the folder of sent mails, or ask a recipient, before sending it again.",
                sent=None,
            )
        return error_of_failure(failure, self._known())

    def _error(self, refusal: SmtpRefusal) -> DragomanError:
        from dragoman.providers.mail.smtp_errors import error_of_refusal  # noqa: PLC0415  # as above

        return error_of_refusal(refusal, self._known())


def _talk(session: SmtpSession, login: Login, work: Callable[[SmtpSession], T]) -> T:
    session.open(login)
    result = work(session)
    session.finish()
    return result
