"""A real mail server (Dovecot) on loopback for tests. It needs root, because Dovecot gives its rights away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from certificates import Certificate, certificate  # beside the tests of the transport

IMAP = Path("/usr/lib/dovecot/imap")
DOMAIN = "example.test"
USERS = ("alice", "bob")
# Without mode 0 of the listener, each login waits longer after one that failed: up to 15 s.
CONFIG = """
base_dir = {state}/run
state_dir = {state}/run
log_path = {state}/log
listen = 127.0.0.1
protocols = imap
mail_location = maildir:{state}/mail/%u
mail_uid = mail
mail_gid = mail
mail_privileged_group =
first_valid_uid = 8
mail_plugins =
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_cache_size = 0
auth_failure_delay = 0 secs
mail_max_userip_connections = 100
mailbox_list_index = yes
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%Lu {state}/passwords
}}
passdb {{
  driver = passwd-file
  mechanisms = xoauth2 oauthbearer
  args = username_format=%Lu {state}/tokens
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {state}/passwords
  default_fields = uid=mail gid=mail home={state}/mail/%Lu
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server; passwords are ``NAME-secret``, tokens ``NAME-token``."""

    state: Path
    imap: int
    imaps: int
    certificate: Certificate

    def settings(self, user: str = "alice", **more: object) -> dict[str, object]:
        """What an account says that reads a mailbox of it."""
        known = {"address": f"{user}@{DOMAIN}", "imap": f"127.0.0.1:{self.imaps}", "ca_file": self.certificate.file}
        return known | ({} if "token" in more else {"password": f"{user}-secret"}) | more

    def empty(self) -> None:
        """Take every mail and folder away."""
        for user in USERS:
            shutil.rmtree(self.state / "mail" / f"{user}@{DOMAIN}", ignore_errors=True)


def why_not() -> str:
    """Why the server cannot be started here; empty when it can."""
    if not IMAP.exists() or shutil.which("dovecot", path=PATH) is None:
        return "Dovecot is not installed (apt-get install dovecot-imapd)"
    return "" if os.geteuid() == 0 else "Dovecot needs root"


PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@contextmanager
def dovecot():
    """Run it until the context is left."""
    state = Path(tempfile.mkdtemp(prefix="dovecot.", dir="/tmp"))
    state.chmod(0o755)
    made = certificate(state)
    imap, imaps = _free_ports(2)
    (state / "mail").mkdir()
    shutil.chown(state / "mail", "mail", "mail")
    for kind, end in (("passwords", "secret::::::"), ("tokens", "token")):
        (state / kind).write_text("".join(f"{user}@{DOMAIN}:{{PLAIN}}{user}-{end}\n" for user in USERS))
        (state / kind).chmod(0o644)
    config = state / "dovecot.conf"
    config.write_text(
        CONFIG.format(state=state, imap=imap, imaps=imaps, certificate=made.file, key=made.key_file), encoding="utf-8"
    )
    command = ["dovecot", "-c", str(config)]
    environment = {**os.environ, "PATH": PATH}
    with (state / "start").open("wb") as said:  # the daemons would keep a pipe open
        subprocess.run(
            command, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=30
        )
    try:
        _wait_for(imap)
        yield Dovecot(state, imap, imaps, made)
    finally:
        subprocess.run([*command, "stop"], env=environment, check=False, capture_output=True, timeout=30)
        shutil.rmtree(state, ignore_errors=True)


def _free_ports(count):
    found = [socket.socket() for _ in range(count)]
    for one in found:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in found]
    for one in found:
        one.close()
    return ports


def _wait_for(port):
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                if link.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("Dovecot does not answer")
