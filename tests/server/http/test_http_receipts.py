"""Over HTTP, too, it is noted whether the client got the answer about a write."""

from pathlib import Path

import apsw
import pytest

FIRST = {"conversation": "local:room", "text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
REPLY = {"conversation": "local:room", "text": "See you at nine"}


def delivered(data):
    con = apsw.Connection(str(data / "dragoman.db"))
    return [bool(one) for (one,) in con.execute("SELECT delivered FROM writes ORDER BY entry")]


@pytest.mark.parametrize("sessions", ["", "[http]\nsessions = true\n"])
def test_an_answer_is_delivered_when_it_was_sent_to_a_client_that_is_there(site, environment, sessions):
    with site(sessions) as server:
        where = server.session() if sessions else server
        where.call("import_message", **FIRST)
        assert "See you" in where.call("send_message", **REPLY).text
        assert "because the same text was sent here" in where.call("send_message", **REPLY).text
    assert delivered(Path(environment["DRAGOMAN_DATA"])) == [True, True]
