import asyncio
import gc
import ipaddress
import os
import socket
import sys
from pathlib import Path

import anyio.lowlevel
import pytest
from hypothesis import settings

# Time says more about the machine than about the code; the timeout of each test is bound enough.
# In CI the examples are the same in each run; a failing random example should meet somebody who can mend it.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


sys.path.insert(0, str(Path(__file__).parent))  # for linear_growth
sys.path.insert(0, str(Path(__file__).parent / "servers"))


_SHARED = (
    ("dragoman_server.config.load", "DEFAULT_ACCOUNTS"),
    ("dragoman.accounts.provider_registry", "BUILT_IN"),
    ("dragoman.archives.registry", "BUILT_IN"),
)


def pytest_collection_finish():
    """Have the garbage collector leave alone what was collected, which stays to the end; going through it took long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
async def one_loop(anyio_backend):
    """Keep one event loop for all tests from here on.

    For tests of gRPC, whose only completion queue delivers late events of a closed loop to the next one.
    """


@pytest.fixture
async def skip_time(anyio_backend):
    """Let the time of the event loop go on by so many seconds, so that no test of a limit depends on the machine.

    What is due runs before the call returns; real time goes on beside it.
    """
    loop = asyncio.get_running_loop()
    real, skipped = loop.time, 0.0

    async def skip(seconds):
        nonlocal skipped
        skipped += seconds
        for _ in range(5):
            await anyio.lowlevel.checkpoint()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", lambda: real() + skipped)
        yield skip


@pytest.fixture(autouse=True)
def shared_values():
    """Fail the test that changes what all tests share, and not one that comes after it."""
    before = _shared()
    yield
    after = _shared()
    changed = [name for name, value in before.items() if after[name] != value]
    assert not changed, f"the test has changed values that all tests share: {changed}"


def _shared():
    there = [(module, name) for module, name in _SHARED if module in sys.modules]
    return {f"{module}.{name}": repr(getattr(sys.modules[module], name)) for module, name in there}


@pytest.fixture(scope="session", autouse=True)
def only_loopback():
    """Refuse every connection that would leave this machine, and every question about a name."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked(address):
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and not _is_here(host):
            raise AssertionError(f"a test wants to connect to {host}")
        return address

    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or _is_here(name):
            return resolve(host, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, f"tests resolve no name: {name}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda self, address: connect(self, checked(address)))
        patch.setattr(socket.socket, "connect_ex", lambda self, address: connect_ex(self, checked(address)))
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def _is_here(host):
    try:
        return host in {"", "localhost"} or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def postgres_server():
    """A server of PostgreSQL, for all tests of a process."""
    import postgres

    reason = postgres.why_not()
    if reason:
        pytest.skip(reason)
    # A vacuum is a transaction too, after which everything is read again: tests that count round trips would see that.
    settings = "autovacuum = off\nmax_wal_size = 128MB\n"
    with postgres.postgres(settings=settings, folder=postgres.folder_in_memory()) as server:
        yield server


@pytest.fixture
def postgres_address(postgres_server):
    """The address of a new, empty database, which is dropped after the test."""
    address = postgres_server.new_database()
    yield address
    postgres_server.drop(address)


@pytest.fixture(scope="session")
def pgbouncer_port(postgres_server):
    """The port of a PgBouncer in transaction mode; ``None`` where it is not installed."""
    import pgbouncer

    if pgbouncer.why_not():
        yield None
        return
    with pgbouncer.pgbouncer(postgres_server) as port:
        yield port


@pytest.fixture
def pooled_address(postgres_server, postgres_address, pgbouncer_port):
    """The address of a new, empty database through PgBouncer, or without it where there is none."""
    if pgbouncer_port is None:
        return postgres_address
    return postgres_server.address(postgres_address.rpartition("/")[2], port=pgbouncer_port)
