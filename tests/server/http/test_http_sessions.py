"""Sessions of clients up to 2025-11-25: what belongs to one, how it ends, and what it cannot do to others."""

import json
import signal
import time

import pytest

from dragoman_server.transports.http.asgi_app.sessions import LARGEST_OPENING

SESSIONS = "[http]\nsessions = true\n"
FAR = '[accounts.far]\nprovider = "trouble"\n'
CONFIRMED = '[accounts.local]\nprovider = "local"\nwrite = "confirm"\nask = "client"\n'
WAITING = {"name": "list_messages", "arguments": {"conversation": "far:wait"}}
MESSAGE = {"conversation": "local:room", "text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
IMPORT = {"name": "import_message", "arguments": MESSAGE}


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def events(answer):
    """The messages of an answer, one after the other as they come."""
    for line in answer:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_older_clients_have_to_have_a_session_and_newer_ones_have_none(site):
    with site(SESSIONS) as server:
        session = server.session()
        assert len(session.ask("tools/list").message["result"]["tools"]) == 8
        assert session.call("list_conversations").text.startswith("0 conversations")
        assert server.session().id != session.id
        refused = server.ask("tools/list")
        assert (refused.status, refused.sentence) == (400, "Bad Request: Missing session ID")
        modern = server.ask_modern("tools/list")
        assert modern.status == 200
        assert "mcp-session-id" not in modern.headers


def test_an_ended_and_an_unknown_session_are_not_found(site):
    with site(SESSIONS) as server:
        session, other = server.session(), server.session()
        assert session.end().status == 200
        answers = [session.end(), session.ask("tools/list"), server.request("GET", "/mcp", headers=session.headers)]
        session.id = "x" * 32
        answers += [session.end(), session.ask("tools/list"), server.request("GET", "/mcp", headers=session.headers)]
        assert [(answer.status, answer.sentence) for answer in answers] == [(404, "Session not found")] * 6
        assert other.ask("tools/list").status == 200


def test_a_stream_belongs_to_a_session_which_has_one(site):
    with site(SESSIONS) as server:
        assert server.get("/mcp", Accept="text/event-stream").status == 400
        assert server.request("DELETE", "/mcp").status == 400
        session = server.session()
        with session.begun() as stream:
            assert stream.status == 200
            assert stream.getheader("content-type").startswith("text/event-stream")
            assert server.request("GET", "/mcp", headers=session.headers).status == 409
            assert session.ask("tools/list").status == 200
            assert session.end().status == 200
            assert stream.read() == b""
        for method in ("PUT", "HEAD", "PATCH"):
            assert server.request(method, "/mcp").headers["allow"] == "GET, POST, DELETE"


def test_a_client_that_comes_back_for_what_it_missed_gets_a_stream_that_begins_now(site):
    with site(SESSIONS) as server, server.session().begun(Last_Event_ID="7") as stream:
        assert stream.status == 200


def test_streams_take_no_place_of_calls(site):
    with site(SESSIONS + "max_concurrency = 1\n") as server:
        sessions = [server.session() for _ in range(3)]
        with sessions[0].begun() as first, sessions[1].begun() as second:
            assert [first.status, second.status] == [200, 200]
            assert [session.ask("tools/list").status for session in sessions] == [200] * 3


def test_a_call_keeps_its_place_when_its_client_leaves_and_can_still_be_cancelled(site, trouble, tmp_path):
    with site(SESSIONS + "max_concurrency = 1\n" + FAR) as server:
        session = server.session()
        with session.begun("POST", {"id": 7, "method": "tools/call", "params": WAITING}):
            wait_for((tmp_path / "started").exists)
        assert not (tmp_path / "stopped").exists()
        for busy in (session.ask("tools/list"), server.ask_modern("tools/list")):
            assert (busy.status, busy.headers["retry-after"]) == (503, "1")
        cancel = {"method": "notifications/cancelled", "params": {"requestId": 7}}
        assert session.send(cancel).status == 202
        wait_for((tmp_path / "stopped").exists)
        wait_for(lambda: session.ask("tools/list").status == 200)


def test_of_two_requests_with_one_id_the_later_one_is_refused(site, trouble, tmp_path):
    with site(SESSIONS + FAR) as server:
        session, other = server.session(), server.session()
        with session.begun("POST", {"id": 7, "method": "tools/call", "params": WAITING}):
            wait_for((tmp_path / "started").exists)
            for again in (7, "7"):
                refused = session.send({"id": again, "method": "tools/list"})
                assert (refused.status, refused.sentence) == (
                    400, "A request with this id is under way in this session; choose another id.",
                )  # fmt: skip
            assert other.send({"id": 7, "method": "tools/list"}).status == 200
        wait_for(lambda: session.send({"id": 7, "method": "tools/list"}).status == 200)


def test_a_server_that_is_to_end_ends_streams_and_does_not_wait_for_their_clients(site):
    with site(SESSIONS + "drain_delay = 0\ndrain_timeout = 25\n") as server:
        first, second = server.session(), server.session()
        with first.begun() as one, second.begun() as another:
            begun = time.monotonic()
            server.signal(signal.SIGTERM)
            assert [one.read(), another.read()] == [b"", b""]  # to their proper ends
            assert server.process.wait(40) == 0
            assert time.monotonic() - begun < 15
        assert server.log[1:] == []


def test_a_server_that_is_to_end_takes_an_open_question_for_declined(site):
    with site(SESSIONS + "drain_delay = 0\ndrain_timeout = 25\n" + CONFIRMED) as server:
        session = server.session(elicitation={})
        with session.begun("POST", {"id": 7, "method": "tools/call", "params": IMPORT}) as answer:
            said = events(answer)
            assert next(said)["method"] == "elicitation/create"
            begun = time.monotonic()
            server.signal(signal.SIGTERM)
            told = [message["result"] for message in said if message.get("id") == 7]
            assert told[0]["isError"]
            assert "othing was imported" in told[0]["content"][0]["text"]
            assert server.process.wait(40) == 0
            assert time.monotonic() - begun < 15
        assert server.log[1:] == []


def test_work_of_a_session_that_does_not_end_is_cut_off_with_the_server(site, trouble, tmp_path):
    with site(SESSIONS + "drain_delay = 0\ndrain_timeout = 0.2\n" + FAR) as server:
        session = server.session()
        with session.begun("POST", {"id": 7, "method": "tools/call", "params": WAITING}):
            wait_for((tmp_path / "started").exists)
            server.signal(signal.SIGTERM)
            assert server.process.wait(40) == 0
        assert (tmp_path / "stopped").exists()


def test_thousands_of_sessions_are_refused_and_those_that_are_open_go_on(site):
    with site(SESSIONS + "max_sessions = 20\n") as server:
        sessions = [server.session() for _ in range(20)]
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        refused = [server.ask("initialize", params) for _ in range(2000)]
        assert {(answer.status, answer.sentence) for answer in refused} == {(503, "Too many open sessions")}
        assert {session.ask("tools/list").status for session in sessions} == {200}
        assert server.ask_modern("tools/list").status == 200
        sessions[0].end()
        assert server.session().ask("tools/list").status == 200
        assert server.log[1:] == []


def test_a_session_keeps_little_of_what_its_client_says_of_itself(site):
    with site(SESSIONS) as server:
        client = {"name": "x" * LARGEST_OPENING, "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        refused = server.ask("initialize", params)
        assert (refused.status, refused.sentence) == (413, "A session is opened with at most 16,384 bytes.")
        session = server.session()
        assert session.ask("initialize", params).status == 413
        assert session.ask("tools/list").status == 200


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ("workers = 2\nsessions = true\n", (), "dragoman.toml:3: http.sessions: needs workers = 1, because a session"),
        ("sessions = true\n", ("--workers", "2"), "sessions = true in [http] needs workers = 1, because a session"),
        ("max_sessions = 0\n", (), "dragoman.toml:2: http.max_sessions: must be at least 1."),
        ("session_idle_timeout = 0\n", (), "dragoman.toml:2: http.session_idle_timeout: must be greater than 0."),
    ],
)
def test_settings_with_which_sessions_cannot_work_are_refused(
    dragoman_command, settings_named, settings, arguments, said
):
    settings_named("[http]\n" + settings)
    ended = dragoman_command("serve", "--http", "127.0.0.1:0", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr.decode()
