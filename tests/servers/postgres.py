"""A real PostgreSQL server on loopback for tests. The server itself never runs as root."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from dovecot import _free_ports

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{state}'
port = {port}
max_connections = 100
"""
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""
PASSWORD = "secret"  # noqa: S105 - of a server that lives as long as a test
_DATABASES = count(1)
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder for the state of one server is made in it
_ROOM = 2**29
"""Bytes that the server of all tests may take, with some to spare."""


class Postgres:
    """A running server; user ``test``, see :data:`PASSWORD`."""

    def __init__(self, programs: Path, state: Path, port: int):
        self.programs, self.state, self.port = programs, state, port

    def address(self, database: str = "postgres", *, port: int | None = None, user: str = "test") -> str:
        """Of a database."""
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"db{next(_DATABASES)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def drop(self, address: str) -> None:
        """Drop a database, and end who is connected to it."""
        self.execute(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres"):
        """Run statements as an administrator; the rows of the last."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for _ in range(50):
            with contextlib.suppress(RuntimeError):  # what was killed may not have ended yet
                self._control("start", "-w", "-t", "60", "-l", str(self.state / "log"))
                return
            time.sleep(0.1)
        raise RuntimeError((self.state / "log").read_text())

    def stop(self, mode: str = "immediate") -> None:
        """Stop it."""
        self._control("stop", "-w", "-t", "30", "-m", mode, check=False)

    def kill(self) -> None:
        """Kill the server and all that it has started, as a power cut does."""
        lock = self.state / "data" / "postmaster.pid"
        pid = int(lock.read_text().split()[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        children = list(_processes(str(self.state), pid))
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for _ in range(500):
            if not any(map(_is_running, (pid, *children))):
                break
            time.sleep(0.01)
        # Whoever has to wait for the killed process may take seconds; so long a new server would take it for alive.
        for one in (lock, self.state / f".s.PGSQL.{self.port}.lock"):
            one.unlink(missing_ok=True)

    def start_if_needed(self) -> None:
        """Start it unless it runs."""
        self._control("start", "-w", "-t", "60", "-l", str(self.state / "log"), check=False)

    def promote(self) -> None:
        """Have a standby become the primary server."""
        self._control("promote", "-w")

    def wait_for(self, primary: Postgres) -> None:
        """Wait until everything of the primary server is here."""
        ((last,),) = primary.execute("SELECT pg_current_wal_flush_lsn()")
        for _ in range(600):
            if self.execute(f"SELECT pg_last_wal_replay_lsn() >= '{last}'") == [(True,)]:
                return
            time.sleep(0.05)
        raise TimeoutError

    def _control(self, *arguments: str, check: bool = True) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.state / "data"), *arguments]
        _run(command, self.state, check=check)


def programs() -> Path | None:
    """The folder of the newest programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    path = shutil.which("postgres")
    return Path(path).resolve().parent if path else None


def why_not() -> str:
    """Why the server cannot be started here; empty when it can."""
    if programs() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    return ""


def folder_in_memory() -> Path | None:
    """Where the files of a server are not written to a disk; ``None`` where there is no such place, or little room.

    They outlive a kill of the server there, as in the cache of a disk.
    """
    has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if has_room else None


@contextmanager
def postgres(*, durable: bool = False, settings: str = "", folder: Path | None = None):
    """Run it until the context is left."""
    found = programs()
    assert found is not None
    state = Path(tempfile.mkdtemp(prefix="pg.", dir=folder or "/tmp"))  # noqa: S108 - short, for the socket
    state.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(state, "postgres", "postgres")
    secret = state / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    (port,) = _free_ports(1)
    options = ["--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    _run([str(found / "initdb"), "-D", str(state / "data"), "-U", "test", f"--pwfile={secret}", *options], state)
    server = Postgres(found, state, port)
    with (state / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(state=state, port=port) + ("" if durable else FAST) + settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def standby(primary: Postgres):
    """A server that follows another one, until the context is left."""
    state = Path(tempfile.mkdtemp(prefix="pg.", dir=primary.state.parent))
    state.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(state, "postgres", "postgres")
    (port,) = _free_ports(1)
    primary.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
    copy = [str(primary.programs / "pg_basebackup"), "-h", str(primary.state), "-p", str(primary.port), "-U", "test"]
    _run([*copy, "-D", str(state / "data"), "-R", "-X", "stream", "-c", "fast"], state)
    server = Postgres(primary.programs, state, port)
    with (state / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(state=state, port=port))
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


SMALL = """
max_wal_size = 32MB
min_wal_size = 32MB
"""
"""Settings for a small disk."""


def why_no_small_disk() -> str:
    """Why no small disk can be had here; empty when it can."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "a small disk needs root"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
        )
        if done.returncode:
            return "a small disk cannot be mounted here"
        subprocess.run(["umount", folder], check=True)
    return ""


def fill(folder: Path) -> Path:
    """Leave no room on the disk of a folder; the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return filler


@contextmanager
def small_disk(megabytes: int):
    """A folder on a disk of its own, in memory."""
    folder = Path(tempfile.mkdtemp(prefix="disk.", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def _run(command, state, *, check=True):
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile() as said:  # the server would keep a pipe open
        done = subprocess.run(
            command, cwd="/", env=environment, check=False, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **user
        )
        said.seek(0)
        if check and done.returncode:
            raise RuntimeError(said.read().decode(errors="replace"))


def _is_running(pid):
    """Whether a process has not ended, be it that nobody has waited for it yet."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _processes(state, parent):
    """The processes of a server whose parent is gone."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                status = (entry / "status").read_text()
                session = re.search(r"^NSsid:\s+(\d+)", status, re.MULTILINE)
                if (session and int(session[1]) == parent) or state in (entry / "cmdline").read_text():
                    yield int(entry.name)
