"""Two sessions over HTTP are told when the list of tools becomes shorter, each once."""

import json

from narrow_chat import NOTICE, NarrowChat


def method_of(stream):
    """The method of the next message of a stream."""
    line = next(line for line in stream if line.startswith(b"data: {"))
    return json.loads(line[6:])["method"]


def test_a_shorter_list_is_announced_to_every_session(site):
    chat = NarrowChat()
    with chat.serve() as address, site(f"[http]\nsessions = true\n{chat.account(address)}") as server:
        sessions = [server.session() for _ in range(2)]
        before = [session.ask("tools/list") for session in sessions]
        with sessions[0].begun() as first, sessions[1].begun() as second:
            sessions[0].call("list_conversations")
            assert [method_of(stream) for stream in (first, second)] == [NOTICE, NOTICE]
        after = [session.ask("tools/list") for session in sessions]
    assert all(b"send_message" in answer.body for answer in before)
    assert not any(b"send_message" in answer.body for answer in after)
