"""A real PgBouncer on loopback, in front of a PostgreSQL server of the tests, in transaction mode."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from dovecot import _free_ports
from postgres import PASSWORD, Postgres

CONNECTIONS = 3
"""To the server: so few that the transactions of one client go over several of them."""

CONFIG = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {state}/users
pool_mode = transaction
default_pool_size = {connections}
server_round_robin = 1
server_idle_timeout = 2
max_client_conn = 200
ignore_startup_parameters =
logfile = {state}/log
"""


def program() -> str | None:
    """Where it is installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def why_not() -> str:
    """Why it cannot be started here; empty when it can."""
    return "" if program() else "PgBouncer is not installed (apt-get install pgbouncer)"


@contextmanager
def pgbouncer(server: Postgres):
    """Run it until the context is left; gives its port."""
    found = program()
    assert found is not None
    state = Path(tempfile.mkdtemp(prefix="pgb.", dir="/tmp"))
    (port,) = _free_ports(1)
    (state / "users").write_text(f'"test" "{PASSWORD}"\n')
    config = CONFIG.format(server_port=server.port, port=port, state=state, connections=CONNECTIONS)
    (state / "config").write_text(config)
    user = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (state, *state.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    process = subprocess.Popen(
        [found, "-q", str(state / "config")], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user
    )
    try:
        _wait_for(port, process, state)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(state, ignore_errors=True)


def _wait_for(port, process, state):
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError((state / "log").read_text() if (state / "log").exists() else "PgBouncer did not start")
