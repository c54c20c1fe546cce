"""A server of PostgreSQL with TLS, and what an operator is told when one side does not trust the other."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import postgres
import psycopg
import pytest
from dovecot import certificate

from dragoman.testing import ToolError, connect

pytestmark = pytest.mark.anyio

ONLY_TLS = "local all all trust\nhostssl all {user} 127.0.0.1/32 scram-sha-256\n"
CLIENT_CERTIFICATE = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n"


@dataclass
class Secure:
    """A server with TLS, and the files of its certificate and of another one."""

    server: postgres.Postgres
    right: Path
    other: Path

    def address(self, **parameters):
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"{self.server.address()}?{query}"

    def let_in(self, rules):
        """Have the server let in who follows these rules."""
        (self.server.state / "data" / "pg_hba.conf").write_text(rules)
        with psycopg.connect(
            f"host={self.server.state} port={self.server.port} user=test dbname=postgres"
        ) as connection:
            connection.execute("SELECT pg_reload_conf()")


@contextmanager
def secure(named="127.0.0.1"):
    reason = postgres.why_not()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="tls.", dir="/tmp") as folder:
        places = [Path(folder) / name for name in ("right", "other")]
        for place in places:
            place.mkdir()
        right, other = (
            certificate(place, address=address) for place, address in zip(places, (named, "127.0.0.1"), strict=True)
        )
        right.key_file.chmod(0o600)
        for path in (Path(folder), places[0], right.file, right.key_file):
            if os.geteuid() == 0:
                shutil.chown(path, "postgres", "postgres")
        files = {"ssl_cert_file": right.file, "ssl_key_file": right.key_file, "ssl_ca_file": right.file}
        settings = "ssl = on\n" + "".join(f"{name} = '{file}'\n" for name, file in files.items())
        with postgres.postgres(settings=settings) as server:
            yield Secure(server, right.file, other.file)


@pytest.fixture(scope="module")
def server():
    with secure() as server:
        yield server


async def _refusal(address, caplog):
    async with connect({"store": address}) as client:
        with pytest.raises(ToolError) as told:
            await client.call("list_conversations")
    said = f"{told.value} {caplog.text}"
    assert "Traceback" not in said
    assert postgres.PASSWORD not in said
    return str(told.value)


async def test_a_server_whose_certificate_is_trusted_is_used_over_tls(server):
    store = server.address(sslmode="verify-full", sslrootcert=server.right)
    async with connect({"store": store}) as client:
        await client.call("list_conversations")
        used = server.server.execute(
            "SELECT bool_and(ssl), count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING(pid)"
            " WHERE application_name = 'dragoman'"
        )
    assert used == [(True, True)]


async def test_a_certificate_of_an_unknown_authority_is_refused(server, caplog):
    told = await _refusal(server.address(sslmode="verify-full", sslrootcert=server.other), caplog)
    assert "has a certificate that is not trusted" in told
    assert "sslrootcert" in told


async def test_a_certificate_of_another_host_is_refused(caplog):
    with secure(named="127.0.0.2") as server:
        told = await _refusal(server.address(sslmode="verify-full", sslrootcert=server.right), caplog)
        assert "has the certificate of another host" in told
        async with connect({"store": server.address(sslmode="verify-ca", sslrootcert=server.right)}) as client:
            await client.call("list_conversations")


async def test_a_file_of_authorities_that_is_missing_is_told(server, caplog):
    told = await _refusal(server.address(sslmode="verify-full", sslrootcert="/nowhere/root.pem"), caplog)
    assert "sslrootcert" in told
    assert "no file" in told


@pytest.mark.parametrize(
    ("rules", "parameters", "sentence"),
    [
        (ONLY_TLS.format(user="all"), {"sslmode": "disable"}, "not without TLS"),
        (ONLY_TLS.format(user="nobody"), {"sslmode": "require"}, "lets nobody in from this machine"),
        (CLIENT_CERTIFICATE, {"sslmode": "require"}, "asks for a certificate of this client"),
    ],
)
async def test_a_channel_that_the_server_refuses_is_told(server, caplog, rules, parameters, sentence):
    server.let_in(rules)
    try:
        assert sentence in await _refusal(server.address(**parameters), caplog)
    finally:
        server.let_in(ONLY_TLS.format(user="all"))


@pytest.fixture
def open_key(server, tmp_path):
    key = Path(shutil.copy(server.other.with_name("key.pem"), tmp_path / "key.pem"))
    key.chmod(0o644)
    return key


async def test_a_key_that_others_may_read_is_told(server, caplog, open_key):
    store = server.address(sslmode="require", sslcert=server.other, sslkey=open_key)
    assert "sslkey" in await _refusal(store, caplog)
