"""An emulator of Slack by others on loopback, where one is installed: the npm package ``emulate``.

``npm install --prefix DIR emulate@0.12.2 node@24`` installs it, and ``SLACK_EMULATOR=DIR`` lets the tests use it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
from dovecot import _free_ports

READER, LIMITED = "xoxp-reader", "xoxp-limited"
_SCOPES = "chat:write channels:read channels:history channels:join groups:read im:read im:write mpim:read users:read"
_SEED = {
    "slack": {
        "team": {"name": "Test Workspace", "domain": "test-workspace"},
        "users": [
            {"name": "alice", "real_name": "Alice Archer", "email": "alice@example.com"},
            {"name": "bob", "real_name": "Bob Baker", "email": "bob@example.com"},
        ],
        "channels": [{"name": "project", "topic": "Project"}],
        "tokens": [
            {"token": READER, "user": "alice", "scopes": [*_SCOPES.split(), "reactions:write", "users:read.email"]},
            {"token": LIMITED, "user": "bob", "scopes": ["channels:read", "users:read"]},
        ],
        "strict_scopes": True,
    }
}


class Emulator:
    """A running emulator."""

    def __init__(self, address: str):
        self.address = address

    def call(self, method: str, **arguments: str) -> dict:
        """Ask it as another program of the same person would."""
        headers = {"authorization": f"Bearer {READER}"}
        answer = httpx.post(f"{self.address}/{method}", data=arguments, headers=headers).json()
        assert answer["ok"], answer
        return answer


def folder() -> Path | None:
    """Where it is installed; ``None`` where it is not."""
    found = Path(os.environ.get("SLACK_EMULATOR") or "/nonexistent")
    return found if (found / "node_modules" / "emulate" / "dist" / "index.js").exists() else None


@contextmanager
def emulating(installed: Path, state: Path):
    """Run it until the context is left."""
    node, (port, *_) = installed / "node_modules" / "node" / "bin" / "node", _free_ports(3)
    (state / "seed.yaml").write_text(json.dumps(_SEED))
    script = installed / "node_modules" / "emulate" / "dist" / "index.js"
    command = [node if node.exists() else "node", script, "start", "--service", "slack", "--port", port]
    with (
        (state / "log").open("wb") as log,
        subprocess.Popen([*map(str, command), "--seed", "seed.yaml"], cwd=state, stdout=log, stderr=log) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}/api"
            _wait_for(process, address, state / "log")
            yield Emulator(address)
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.post(f"{address}/auth.test")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The emulator does not answer: {log.read_text()[-500:]}")
