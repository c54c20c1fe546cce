"""Recorded exchanges, answered from and compared with what is sent now."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from datagrid_service import KEY, URL, read
from wire_recordings import content_of

from dragoman.providers.datagrid import DatagridProvider, DatagridSettings
from dragoman.providers.datagrid.api import LONGEST_ANSWER, Api, client_of

FOLDER = Path(__file__).parents[2] / "wire" / "datagrid"
ROOM = "conv_01HZX4T0Q8M3"


claimed = set()


def claim(*recordings):
    """Mark a test with the recordings that it replays; each is given to it in turn."""
    claimed.update(recordings)
    return pytest.mark.parametrize("name", recordings)


def recording(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def exchanges(recorded):
    return recorded.get("exchanges") or [recorded]


class Replay:
    """Gives the recorded answers in order, the last one again and again; names of agents are no part of it."""

    def __init__(self, *recordings, others=()):
        self.answers = [each["response"] for one in recordings for each in exchanges(one)]
        self.requests = []
        self.paths = []
        self.others = dict(others)

    async def handle(self, raw):
        path = raw.url.raw_path.decode().partition("?")[0].removeprefix("/v1")
        if path.startswith(("/agents/", "/files/")) or (raw.method, path) in self.others:
            found = self.others.get((raw.method, path))
            found = found.pop(0) if isinstance(found, list) else found
            return httpx.Response(404, json={"message": "none"}) if found is None else httpx.Response(200, json=found)
        self.requests.append(read(raw, await raw.aread()))
        self.paths.append(raw.url.raw_path.decode().partition("?")[0])
        return answer(self.answers[min(len(self.requests), len(self.answers)) - 1])


def answer(recorded):
    content, fault = content_of(recorded), recorded.get("fault", "")
    failure = httpx.RemoteProtocolError(fault) if fault.startswith("connection closed") else None
    return httpx.Response(recorded["status"], headers=recorded["headers"], content=_pieces(content, failure))


async def _pieces(content, failure):
    yield content
    if failure is not None:
        raise failure


@asynccontextmanager
async def replaying(*recordings, others=(), **settings):
    replay = Replay(*recordings, others=others)
    own = DatagridSettings(token=KEY, base_url=URL, **settings)
    async with client_of(own, transport=httpx.MockTransport(replay.handle)) as client:
        yield DatagridProvider(own, Api(client, LONGEST_ANSWER)), replay


def assert_same_request(sent, recorded, *, ours=(), theirs=()):
    """Compare what was sent with a recorded request.

    ``ours`` are query or body members that we always send and the recorded call left out; ``theirs`` the other
    way round.
    """
    assert (sent.method, f"/v1{sent.path}") == (recorded["method"], recorded["path"])
    wanted = recorded["headers"]
    assert {name: sent.headers[name] for name in wanted} == wanted
    extra = sent.headers.keys() - wanted.keys()
    assert extra <= {"accept-encoding", "connection", "content-length", "host", "user-agent"}
    assert without(sent.query, ours) == without(recorded["query"], theirs)
    assert without(sent.body, ours) == without(recorded["body"], theirs)


def without(members, names):
    return members if members is None else {name: value for name, value in members.items() if name not in names}
