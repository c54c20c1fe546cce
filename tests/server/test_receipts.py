"""Whether the client got the answer about a write is noted, over every transport."""

from pathlib import Path

import apsw
import forked_program
import pytest

from dragoman_server.mcp import receipts

FIRST = {"conversation": "local:room", "text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
REPLY = {"conversation": "local:room", "text": "See you at nine"}


def delivered(data):
    con = apsw.Connection(str(data / "dragoman.db"))
    return [bool(one) for (one,) in con.execute("SELECT delivered FROM writes ORDER BY entry")]


def call(tool, arguments):
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@pytest.fixture
def data(environment):
    return Path(environment["DRAGOMAN_DATA"])


def said(answer):
    return answer["result"]["content"][0]["text"]


def test_an_answer_over_stdio_is_delivered_before_the_next_call_is_made(serve, data):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", call("import_message", FIRST)["params"])
        for number in range(2, 12, 2):
            arguments = REPLY | {"text": f"See you at {number}"}
            assert "See you" in said(server.ask(number, **call("send_message", arguments)))
            again = said(server.ask(number + 1, **call("send_message", arguments)))
            assert "because the same text was sent here" in again
        assert all(delivered(data))


def test_an_answer_that_no_client_reads_is_not_delivered(serve, data):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", call("import_message", FIRST)["params"])
        server.process.stdout.close()
        server.send({"id": 2, **call("send_message", REPLY)})
        server.process.wait(40)
    assert delivered(data) == [True, False]
    with serve() as server:
        server.greet()
        again = said(server.ask(1, **call("send_message", REPLY)))
        assert "its answer may not have arrived. Nothing was sent again." in again
        assert "because the same text" not in said(server.ask(2, **call("send_message", REPLY | {"text": "Bye"})))
    assert delivered(data)[:2] == [True, True]


@pytest.mark.anyio
async def test_an_answer_counts_as_delivered_only_when_sending_it_succeeds():
    noted = []

    async def receipt():
        noted.append(True)

    receipts.expect("lost", receipt)
    with pytest.raises(OSError, match="gone"):
        async with receipts.leaving("lost"):
            raise OSError("gone")
    assert noted == []
    receipts.expect("sent", receipt)
    async with receipts.leaving("sent"):
        pass
    async with receipts.leaving("sent"):
        pass
    assert noted == [True]
    await receipts.settled()


def test_updates_are_told_once_however_soon_the_client_asks_again(serve):
    with serve() as server:
        server.greet()
        for number in range(2, 32, 3):
            arguments = FIRST | {"text": f"number {number}", "sent_at": "2019-03-10T09:00Z"}
            server.ask(number, **call("import_message", arguments))
            told = [said(server.ask(number + more, **call("get_updates", {}))) for more in (1, 2)]
            assert number > 2 or "number 2" not in told[0]  # who asks for the first time gets the last day
            assert number == 2 or f"number {number}" in told[0]
            assert "nothing new" in told[1]


def test_updates_that_no_client_has_read_are_told_again(serve):
    now = {**FIRST, "sent_at": "2099-03-10T09:00Z"}
    with serve() as server:
        server.greet()
        server.ask(1, **call("import_message", now))
        server.process.stdout.close()
        server.send({"id": 2, **call("get_updates", {})})
        server.process.wait(40)
    with serve() as server:
        server.greet()
        assert "Hello" in said(server.ask(1, **call("get_updates", {})))
        assert "nothing new" in said(server.ask(2, **call("get_updates", {})))


def test_the_command_line_has_its_answer_at_once(environment, data, tmp_path):
    for tool, arguments in (("import_message", FIRST), ("send_message", REPLY)):
        words = [f"{name}={value}" for name, value in arguments.items()]
        assert forked_program.run(["call", tool, *words], env=environment, cwd=tmp_path).returncode == 0
    assert delivered(data) == [True, True]
