"""Mail servers with TLS on this machine, of which a test says what their certificate is and when they go on."""

from __future__ import annotations

from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread

from certificates import certificate

from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

ADDRESS, PASSWORD = "alice@example.test", "open sesame"


class EncryptedSmtpServer(FakeSmtpServer):
    """A server for sending that is encrypted from the first byte, as soon as ``goes_on`` is set."""

    def __init__(self, context):
        super().__init__(ADDRESS, PASSWORD)
        self.tls = context
        self.is_there, self.goes_on, self.has_left = Event(), Event(), Event()

    def finish_request(self, request, client_address):
        """Encrypt the connection, and answer."""
        self.is_there.set()
        self.goes_on.wait(30)
        try:
            super().finish_request(self.tls.wrap_socket(request, server_side=True), client_address)
        except OSError:
            pass
        finally:
            self.has_left.set()


class _ImapGreeter(StreamRequestHandler):
    """A mailbox to which nobody gets beyond the encryption."""

    def handle(self):
        """Offer encryption, and note what is said."""
        try:
            if self.server.at_once:
                self._encrypt()
            self.wfile.write(b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n")
            while line := self.rfile.readline():
                self.server.commands.append(line)
                tag, command = line.split()[:2]
                if command.upper() == b"STARTTLS":
                    self.wfile.write(tag + b" OK go on\r\n" + self.server.injected)
                    self._encrypt()
                elif command.upper() == b"CAPABILITY":
                    self.wfile.write(b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
                else:
                    self.wfile.write(tag + b" NO [AUTHENTICATIONFAILED] no\r\n")
        except OSError:
            pass

    def finish(self):
        """Close the connection, also one that was encrypted meanwhile."""
        super().finish()
        self.request.close()

    def _encrypt(self):
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)


class EncryptedImapServer(ThreadingTCPServer):
    """A server for reading that lets nobody in."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, context, *, at_once):
        super().__init__(("127.0.0.1", 0), _ImapGreeter)
        self.tls, self.at_once, self.commands, self.injected = context, at_once, [], b""

    def __enter__(self):
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *args):
        self.shutdown()
        super().__exit__(*args)


def kind_of_certificate(folder, kind):
    """A certificate that is good, or in one way is not, and the authorities that somebody trusts."""
    made = certificate(
        folder,
        begins=-9 if kind == "expired" else 2 if kind == "future" else -1,
        ends=-1 if kind == "expired" else 9,
        address="127.0.0.2" if kind == "other host" else "127.0.0.1",
    )
    return made.context(), None if kind == "own authority" else made.file
