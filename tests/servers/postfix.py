"""A real server for sending (Postfix) on loopback, which signs in with and delivers to a running Dovecot.

Mail to ``example.test`` arrives there, mail to ``example.com`` is taken and thrown away, every other recipient is
refused. Beside it stands a proxy that breaks either connection on order.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dovecot

MAIN = """
compatibility_level = 3.6
queue_directory = {state}/queue
data_directory = {state}/data
maillog_file = {state}/log
maillog_file_prefixes = {state}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{state}/boxes
virtual_alias_maps =
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
transport_maps = inline:{{ example.com=discard: }}
default_transport = error:5.1.2 nothing leaves this machine
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_auth_enable = yes
smtpd_tls_security_level = none
smtpd_sender_login_maps = texthash:{state}/senders
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient,
  check_recipient_access inline:{{ example.com=OK, {domain}=OK }}, reject
message_size_limit = 1000000
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtputf8_enable = yes
notify_classes =
alias_maps =
local_recipient_maps =
biff = no
"""
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running server.

    Attributes:
        sender: Port for sending, without TLS.
    """

    mailboxes: dovecot.Dovecot
    sender: int
    log: Path

    def waiting(self) -> bool:
        """Whether mails are under way to their mailboxes."""
        queues = (self.log.parent / "queue" / name for name in ("maildrop", "incoming", "active"))
        return any(path.is_file() for queue in queues for path in queue.rglob("*"))


def why_not() -> str:
    """Why the server cannot be started here; empty when it can."""
    if shutil.which("postfix", path=dovecot.PATH) is None:
        return "Postfix is not installed (apt-get install postfix)"
    return dovecot.why_not()


@contextmanager
def postfix(mailboxes: dovecot.Dovecot):
    """Run it until the context is left."""
    state = Path(tempfile.mkdtemp(prefix="postfix.", dir="/tmp"))
    state.chmod(0o755)
    (port,) = dovecot._free_ports(1)
    config, owner = state / "config", (mailboxes.state / "mail").stat()
    for name in ("config", "queue", "data"):
        (state / name).mkdir()
    shutil.chown(state / "data", "postfix")
    boxes = [f"{user}@{dovecot.DOMAIN}" for user in dovecot.USERS]
    (state / "boxes").write_text("".join(f"{box} {box}/\n" for box in boxes))
    (state / "senders").write_text(
        "".join(f"{box} {box}\n" for box in boxes) + f"alice.k@{dovecot.DOMAIN} {boxes[0]}\n"
    )
    facts = {"state": state, "domain": dovecot.DOMAIN, "mail": mailboxes.state / "mail", "port": port}
    facts |= {"uid": owner.st_uid, "gid": owner.st_gid, "auth": mailboxes.state / "run" / "auth-client"}
    (config / "main.cf").write_text(MAIN.format(**facts))
    (config / "master.cf").write_text(SERVICES.format(**facts))
    command, environment = ["postfix", "-c", str(config)], {**os.environ, "PATH": dovecot.PATH}
    with (state / "start").open("wb") as said:  # the daemons would keep a pipe open
        subprocess.run(
            [*command, "start"], env=environment, check=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            timeout=30,
        )  # fmt: skip
    try:
        _wait_for(port)
        yield Postfix(mailboxes, port, state / "log")
    finally:
        subprocess.run([*command, "stop"], env=environment, check=False, capture_output=True, timeout=30)
        shutil.rmtree(state, ignore_errors=True)


def _wait_for(port):
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            if link.recv(100).startswith(b"220"):
                return
        time.sleep(0.05)
    raise TimeoutError("Postfix does not answer")


@dataclass
class BreakingProxy:
    """Passes lines on, in plain text to the client; ``rule(side, line)`` says what happens to each.

    ``rule`` gives ``None`` (pass it on), ``"cut"`` (close, not passed on), ``"lose"`` (passed on, then closed before
    anything comes back), ``"drop"`` (swallow this and everything after), or bytes (answered instead).
    """

    port: int
    context: ssl.SSLContext | None = None
    rule: object = field(default=lambda side, line: None)
    links: list[_Link] = field(default_factory=list)

    @contextmanager
    def serve(self):
        """Serve until the context is left; gives ``host:port``."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            accepting.start()
            yield f"127.0.0.1:{listener.getsockname()[1]}"
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
        for one in self.links:
            one.end()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                for one in (client, server):  # a line at a time is passed on, which would wait for more
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.context is not None:
                    server = self.context.wrap_socket(server, server_hostname="127.0.0.1")
                self.links.append(_Link(self, client, server))


class _Link:
    def __init__(self, proxy, client, server):
        self.proxy, self.ends = proxy, {"client": client, "server": server}
        self.lost = self.silent = False
        self.pumps = [threading.Thread(target=self.pump, args=(side,), daemon=True) for side in self.ends]
        for pump in self.pumps:
            pump.start()

    def end(self):
        self._close()
        for pump in self.pumps:
            pump.join()
        for one in self.ends.values():
            one.close()

    def pump(self, side):
        near, far = self.ends[side], self.ends["server" if side == "client" else "client"]
        with suppress(OSError, ValueError), near.makefile("rb") as lines:
            for line in lines:
                if self.lost or not self._pass(side, line, near, far):
                    break
            else:
                if self.lost:
                    return  # what was passed on is carried out first; its answer ends both
        self._close()

    def _pass(self, side, line, near, far):
        done = None if self.silent else self.proxy.rule(side, line.rstrip(b"\r\n"))
        if done == "cut":
            return False
        if done == "drop":
            self.silent = True
        if isinstance(done, bytes):
            near.sendall(done + b"\r\n")
        elif not self.silent:
            self.lost = done == "lose"
            far.sendall(line)
        return True

    def _close(self):
        for end in self.ends.values():
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
