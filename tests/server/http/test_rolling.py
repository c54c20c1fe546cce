"""Servers and workers that are replaced while everybody goes on calling: nobody notices."""

import http.client
import json
import signal
import sys
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest
from balancer import Balancer, connected

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the signals are those of POSIX")

CLIENTS = 3
PAUSE = 0.05
"""Seconds between the calls of a client, in which servers can start; ten times as many where calls are long."""

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
FAR = '[accounts.far]\nprovider = "trouble"\n[http]\ndrain_delay = 0.5\n'


def request(number: int, tool: str, **arguments: object) -> bytes:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()


class Crowd:
    """Clients that call again and again; every second one makes a new connection for each call."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.wrong: list[str] = []
        self.answered = Counter[str]()
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self.call, args=(number,)) for number in range(CLIENTS)]

    def call(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        long = number == 0  # many pages of a service: it is under way for a while
        body = (
            request(number, "list_messages", conversation="far:room", author="Ann")
            if long
            else request(number, "list_conversations", account="far")
        )
        while not self.enough.is_set():
            try:
                connected(connection).request("POST", "/mcp", body, HEADERS)
                answer = connection.getresponse()
                said = answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{number}: {error!r}")
                connection.close()
                continue
            if answer.status != 200 or '"isError":true' in said or ("Ann" if long else "Room") not in said:
                self.wrong.append(f"{answer.status} {said[:200]}")
            self.answered["long" if long else "short"] += 1
            if number % 2:
                connection.close()
            self.enough.wait(10 * PAUSE if long else PAUSE)
        connection.close()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join()


@contextmanager
def calling(port: int):
    with Crowd(port) as crowd:
        yield crowd
    assert not crowd.wrong, crowd.wrong
    assert crowd.answered["long"]
    assert crowd.answered["short"]


def test_servers_that_are_restarted_one_after_the_other_fail_no_call(site, trouble):
    with ExitStack() as stack:
        servers = [stack.enter_context(site(FAR)) for _ in range(2)]
        ports = frozenset(server.port for server in servers)
        balancer = stack.enter_context(Balancer(sorted(ports)))
        balancer.wait_for(lambda ready: ready == ports)
        with calling(balancer.port) as crowd:
            for old in servers:
                before = len(balancer.served)
                old.signal(signal.SIGTERM)
                balancer.wait_for(lambda ready, gone=old.port: gone not in ready)
                assert old.process.wait(40) == 0
                stack.enter_context(site(FAR, at=old.port))
                balancer.wait_for(lambda ready: ready == ports)
                assert len(balancer.served) > before
        assert set(balancer.served) == ports
        assert balancer.failures == []
        assert len(balancer.served) == crowd.answered.total()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are looked up in /proc")
def test_workers_that_are_replaced_fail_no_call_of_clients_near_and_behind_a_balancer(site, trouble):
    with ExitStack() as stack:
        server = stack.enter_context(site(FAR, "--workers", "2"))
        balancer = stack.enter_context(Balancer([server.port]))
        balancer.wait_for(bool)
        before = server.workers
        with calling(server.port), calling(balancer.port):
            server.signal(signal.SIGHUP)
            balancer.wait_for(lambda _: not any(Path(f"/proc/{pid}").exists() for pid in before))
        assert balancer.failures == []
        assert len(server.workers) == 2
