"""Recorded exchanges, answered from and compared with what is sent now."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from glean_account import settings
from glean_service import TRANSPORT_HEADERS
from wire_recordings import content_of

from dragoman.providers.glean import GleanProvider

FOLDER = Path(__file__).parents[2] / "wire" / "glean"


def recording(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))


class Replay:
    """Gives the recorded answers in order, the last one again and again; ``others`` are for other endpoints."""

    def __init__(self, *recordings, others=None):
        self.exchanges = [each for one in recordings for each in one.get("exchanges") or [one]]
        self.path = self.exchanges[0]["request"]["path"]
        self.others = others or {}
        self.requests = []

    async def handle(self, request):
        body = json.loads(await request.aread() or "null")
        path = request.url.raw_path.decode()
        if path != self.path:
            found = self.others.get(path.rpartition("/")[2])
            return httpx.Response(404, text="not found") if found is None else httpx.Response(200, json=found)
        self.requests.append({"method": request.method, "path": path, "headers": dict(request.headers), "body": body})
        return answered(self.exchanges[min(len(self.requests), len(self.exchanges)) - 1]["response"])


def answered(recorded):
    return httpx.Response(recorded["status"], headers=recorded["headers"], content=content_of(recorded))


@asynccontextmanager
async def replaying(*names, others=None, **more):
    replay = Replay(*(recording(name) for name in names), others=others)
    async with GleanProvider.open(settings(**more), transport=httpx.MockTransport(replay.handle)) as account:
        yield account, replay


def assert_as_recorded(sent, name, *, ours=(), theirs=(), headers=()):
    """Compare a request with the recorded one.

    ``ours`` are members of the body that we always send and the recorded call left out, ``theirs`` the other
    way round, both as paths; ``headers`` are recorded ones that belong to an option we do not use.
    """
    recorded = recording(name)["request"]
    assert (sent["method"], sent["path"]) == (recorded["method"], recorded["path"])
    given = {key: value for key, value in sent["headers"].items() if key not in TRANSPORT_HEADERS}
    assert given == {key: value for key, value in recorded["headers"].items() if key not in headers}
    assert without(sent["body"], ours) == without(recorded["body"], theirs)


def without(body, paths):
    if body is None:
        return None
    copy = json.loads(json.dumps(body))
    for path in paths:
        *parents, last = path.split(".")
        part = copy
        for step in parents:
            part = part[step]
        part.pop(last)
    return copy
