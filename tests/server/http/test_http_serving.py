"""``dragoman serve --http`` as clients and those who operate it see it."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client

from dragoman.core.errors import Unavailable
from dragoman_server.commands import health
from dragoman_server.config.http import Address
from dragoman_server.transports.http.process import command

FAR = '[accounts.far]\nprovider = "trouble"\nwrite = "allow"\n'


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def far(site, trouble):
    return lambda settings="", *arguments: site(settings + FAR, *arguments)


def test_both_eras_are_served_without_a_session(site):
    with site() as server:
        for ask in (server.ask, server.ask_modern):
            listed = ask("tools/list")
            assert listed.status == 200
            assert "mcp-session-id" not in listed.headers
            assert listed.message["result"]["tools"][0]["name"] == "list_conversations"
            called = ask("tools/call", {"name": "list_conversations", "arguments": {}})
            assert called.text.startswith("0 conversations")


def test_white_space_around_the_value_of_a_header_is_no_part_of_it(site):
    with site() as server:
        call = {"name": "list_conversations", "arguments": {}}
        assert server.ask_modern("tools/call", call, Mcp_Name=" \t list_conversations \t ").status == 200
        assert server.ask_modern("tools/call", call, Mcp_Name="list conversations").status == 400


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_sdk_client_lists_calls_and_hears_progress(far, mode):
    told: list[float] = []

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        told.append(done)

    with far() as server:
        async with Client(server.url, mode=mode) as client:
            assert len((await client.list_tools()).tools) == 5
            arguments = {"conversation": "far:fine", "author": "Ann"}
            result = await client.call_tool("list_messages", arguments, progress_callback=progress)
    assert "Ann" in result.content[0].text
    assert told
    assert told == sorted(told)


@pytest.mark.parametrize("era", ["ask", "ask_modern"])
def test_closing_the_stream_stops_the_work(far, tmp_path, era):
    with far() as server:
        original = http.client.HTTPConnection.getresponse

        def leave(connection):
            wait_for((tmp_path / "started").exists)
            connection.sock.close()
            raise TimeoutError

        http.client.HTTPConnection.getresponse = leave
        try:
            with pytest.raises(TimeoutError):
                getattr(server, era)("tools/call", {"name": "list_messages", "arguments": {"conversation": "far:wait"}})
        finally:
            http.client.HTTPConnection.getresponse = original
        wait_for((tmp_path / "stopped").exists)


def test_the_health_of_the_server_is_told_to_everybody_and_to_the_container(site):
    with site("[http]\ndrain_delay = 0\n") as server:
        command = ["dragoman", "serve", "--http", f"0.0.0.0:{server.port}"]
        assert server.get("/healthz").body == b"alive\n"
        assert health.is_healthy(command)
        assert server.get("/readyz", Host="10.0.0.7:8765").body == b"ready\n"
        server.signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
        assert not health.is_healthy(command)


def test_a_server_whose_store_does_not_open_is_alive_and_not_ready(site, tmp_path):
    (tmp_path / "data" / "dragoman.db").mkdir(parents=True)
    with site() as server:
        assert server.get("/healthz").status == 200
        assert server.get("/readyz").status == 503


def test_a_server_whose_disk_is_full_reads_on_and_is_not_ready_until_there_is_room(site):
    def limit(size):
        for pid in (server.process.pid, *server.workers):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    with site() as server:
        assert server.get("/readyz").status == 200
        limit(0)
        answer = server.get("/readyz")
        assert (answer.status, answer.body) == (503, b"the store cannot be written\n")
        assert server.ask("tools/call", {"name": "list_conversations", "arguments": {}}).status == 200
        assert server.get("/healthz").status == 200
        limit(resource.RLIM_INFINITY)
        assert server.get("/readyz").body == b"ready\n"


def test_only_post_is_served(site):
    with site() as server:
        for method in ("GET", "DELETE", "PUT"):
            answer = server.request(method, "/mcp", headers={"Accept": "text/event-stream"})
            assert answer.status == 405
            assert answer.headers["allow"] == "POST"


def test_a_server_that_is_to_end_says_so_and_finishes_what_is_under_way(far, tmp_path):
    with ExitStack() as opened, far("[http]\ndrain_delay = 3\n") as server:
        assert server.get("/readyz").status == 200
        connection = opened.enter_context(closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)))
        arguments = {"name": "list_messages", "arguments": {"conversation": "far:room", "author": "Ann"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": arguments})
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request("POST", "/mcp", body, headers)
        server.signal(signal.SIGTERM)
        wait_for(lambda: server.get("/readyz").status == 503)
        assert server.get("/readyz").headers["connection"] == "close"
        assert server.ask("tools/list").status == 200
        assert b"Ann" in connection.getresponse().read()
        assert server.process.wait(40) == 0
        assert not server.log[1:]


def test_what_does_not_end_is_cut_off_when_its_time_is_over(far, tmp_path):
    with far("[http]\ndrain_delay = 0\ndrain_timeout = 0.2\n") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            arguments = {"name": "list_messages", "arguments": {"conversation": "far:wait"}}
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": arguments})
            client.sendall(
                b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            wait_for((tmp_path / "started").exists)
            server.signal(signal.SIGTERM)
            assert server.process.wait(40) == 0
        assert (tmp_path / "stopped").exists()


def test_a_worker_that_dies_is_replaced_and_all_end_together(site):
    with site("", "--workers", "2") as server:
        wait_for(lambda: server.get("/readyz").status == 200)
        wait_for(lambda: len(server.workers) == 2)
        victim = min(server.workers)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: victim not in server.workers and len(server.workers) == 2)
        assert all(server.ask("tools/list").status == 200 for _ in range(10))
        rest = server.workers
        server.signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
        for pid in rest:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def connections_of(pid: int) -> int:
    """Sockets that a process has taken in; its own are few and stay."""
    found = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # it may be closed meanwhile
            found += str(file.readlink()).startswith("socket:")
    return found


def test_a_crowd_that_comes_at_once_is_shared_out_among_the_workers(site):
    with site("", "--workers", "2") as server, ExitStack() as stack:

        def come() -> None:
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        def taken() -> dict[int, int]:
            come()
            return {pid: connections_of(pid) for pid in server.workers}

        def smaller_share() -> int:
            before = taken()
            for _ in range(200):
                come()
            wait_for(lambda: sum(taken().values()) >= sum(before.values()) + 200)
            share = min(now - before[pid] for pid, now in taken().items())
            stack.close()
            wait_for(lambda: sum(map(connections_of, server.workers)) < 20)
            return share

        wait_for(lambda: len(server.workers) == 2)
        first = taken()
        wait_for(lambda: all(now > first[pid] + 3 for pid, now in taken().items()))  # both of them listen
        # A busy machine may let one worker rest while a crowd comes, so not every crowd has to be shared out.
        assert any(smaller_share() > 20 for _ in range(5))


def test_workers_end_when_the_process_that_started_them_is_killed(site):
    with site("[http]\ndrain_delay = 0\n", "--workers", "2") as server:
        wait_for(lambda: server.get("/readyz").status == 200)
        workers = server.workers
        server.process.kill()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_sighup_puts_new_workers_into_the_place_of_the_old_ones(site):
    with site("[http]\ndrain_delay = 0\n", "--workers", "2") as server:
        wait_for(lambda: server.get("/readyz").status == 200 and len(server.workers) == 2)
        before = server.workers
        server.signal(signal.SIGHUP)
        statuses = []
        wait_for(lambda: statuses.append(server.ask("tools/list").status) or not server.workers & before)
        assert set(statuses) == {200}


def test_beyond_this_machine_it_does_not_listen_without_authentication(dragoman_command):
    ended = dragoman_command("serve", "--http", "0.0.0.0:0")
    assert ended.returncode == 2
    assert ended.stderr.decode() == (
        "Without authentication the server listens to this machine only, and the address is another one's. "
        "Listen at 127.0.0.1, or give tokens in [auth.tokens.NAME].\n"
    )


def test_an_address_that_is_taken_is_named_in_a_sentence(site, dragoman_command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "{}:{}".format(*taken.getsockname())
        ended = dragoman_command("serve", "--http", address)
    assert ended.returncode == 1
    said = ended.stderr.decode().splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"The server cannot listen at {address}: Address already in use.")
    assert "--http HOST:PORT" in said[0]


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "2001:db8::1"])
def test_an_address_that_this_machine_does_not_have_is_named_too(host):
    with pytest.raises(Unavailable, match=re.escape(Address(host, 8765).shown)):
        command.listen(Address(host, 8765))


def test_options_that_do_not_fit_are_refused(dragoman_command):
    assert dragoman_command("serve", "--workers", "2").returncode == 2
    assert b"--http must be HOST:PORT" in dragoman_command("serve", "--http", "localhost:99999").stderr


@pytest.mark.anyio
async def test_many_clients_of_both_eras_are_answered_at_once(site):
    answers = []

    async def ask(client: httpx2.AsyncClient, url: str, version: str) -> None:
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version}
        answers.append((await client.post(url, json=request, headers=headers)).status_code)

    with site() as server:
        async with httpx2.AsyncClient(timeout=30) as client, anyio.create_task_group() as group:
            for version in ["2025-06-18", "2025-03-26"] * 20:
                group.start_soon(ask, client, server.url, version)
    assert answers == [200] * 40
