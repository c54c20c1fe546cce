"""A service that answers from a recording alone."""

import pytest

from dragoman.providers.replay.fake_http_service import Request
from dragoman.providers.replay.recorded_service import RecordedService

RECORDING = {
    "parts": {"m1": {"id": "m1", "by": {"part": "ann"}}, "ann": {"name": "Ann"}},
    "exchanges": [
        {"route": ["GET", "messages"], "answer": {"data": [{"part": "m1"}]}},
        {"route": ["GET", "messages"], "after": 1, "answer": {"data": [{"part": "m1"}, {"id": "m2"}]}},
        {"route": ["GET", "messages"], "when": {"limit": "1", "after": None}, "answer": {"data": []}},
        {"route": ["POST", "messages"], "writes": True, "status": 201, "answer": {"id": "m2"}},
    ],
}
M1 = {"id": "m1", "by": {"name": "Ann"}}


def ask(service, *route, body=None, **query):
    reply = service.answer(Request(route, query, body or {}))
    return reply.status, reply.body


def test_what_is_written_is_there_afterwards():
    service = RecordedService(RECORDING)
    assert ask(service, "GET", "messages") == (200, {"data": [M1]})
    assert ask(service, "POST", "messages", body={"text": "Hi"}) == (201, {"id": "m2"})
    assert ask(service, "GET", "messages") == (200, {"data": [M1, {"id": "m2"}]})


@pytest.mark.parametrize(
    ("query", "found"), [({"limit": "1"}, []), ({"limit": "2"}, [M1]), ({"limit": "1", "after": "m0"}, [M1])]
)
def test_an_answer_belongs_to_what_was_asked(query, found):
    assert ask(RecordedService(RECORDING), "GET", "messages", **query) == (200, {"data": found})


def test_what_was_not_recorded_is_absent():
    assert ask(RecordedService(RECORDING), "GET", "people")[0] == 404
