"""Recorded exchanges, answered from and compared with what is sent now."""

import json
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx
from convore_service import read

from dragoman.providers.convore import ConvoreProvider, ConvoreSettings
from dragoman.providers.convore.api import Api, client_of

FOLDER = Path(__file__).parents[2] / "wire" / "convore"
RECORDED_KEY = "ck_example_key"
CHANNEL = "chnnl_01h2xcejqtf2nbrexx3vqjhp41"
INCIDENTAL = {"accept-encoding", "connection", "content-length", "host", "user-agent"}


def recording(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))


class Replay:
    """Gives recorded answers by method and path; those of the same in order, the last one again and again."""

    def __init__(self, *recordings):
        self.answers = {}
        for one in recordings:
            self.answers.setdefault((one["request"]["method"], one["request"]["path"]), []).append(one["response"])
        self.requests = []

    async def handle(self, raw):
        request = read(raw, await raw.aread())
        self.requests.append(request)
        answers = self.answers.get((request.method, request.path))
        if answers is None:
            return httpx.Response(404, json={"message": f"nothing was recorded for {request.operation}"})
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        content = json.dumps(answer["json"]) if "json" in answer else answer["text"]
        return httpx.Response(answer["status"], headers=answer["headers"], content=content.encode())

    def sent(self, recorded):
        """The requests to the place of a recorded one."""
        place = (recorded["request"]["method"], recorded["request"]["path"])
        return [one for one in self.requests if (one.method, one.path) == place]


@asynccontextmanager
async def replaying(*recordings):
    replay = Replay(*recordings)
    own = ConvoreSettings(token=RECORDED_KEY)
    async with client_of(own, transport=httpx.MockTransport(replay.handle)) as client:
        yield ConvoreProvider(own, Api(client)), replay


def assert_same_request(sent, recorded, *, query=None, body=None):
    """Compare what was sent with a recorded request; ``query`` and ``body`` say what is ours to choose."""
    wanted = recorded["request"]
    assert (sent.method, sent.path) == (wanted["method"], wanted["path"])
    headers = {name.lower(): value for name, value in wanted["headers"].items()}
    assert {name: value for name, value in sent.headers.items() if name not in INCIDENTAL} == headers
    expected = dict(wanted["query"]) | (query or {})
    assert dict(sent.query) == {name: value for name, value in expected.items() if value is not None}
    members = wanted.get("json") and wanted["json"] | (body or {})
    assert sent.body == members


def channel_of():
    """The recorded channel, as reading it alone answers."""
    found = recording("list_channels")
    found["request"]["path"] += f"/{CHANNEL}"
    found["response"]["json"] = found["response"]["json"]["data"][0]
    return found


def listing(*messages):
    found = recording("list_messages_empty")
    found["response"]["json"] = {"data": list(messages)}
    return found


def require_expected(found, expect):
    """Compare a message with what a reader of its recording must come to."""
    assert (found.id, found.conversation) == (expect["id"], expect["conversation_id"])
    assert found.extra["direction"] == expect["direction"]
    assert found.extra["channel_id"] == expect["channel_id"]
    assert found.sent_at == datetime.fromisoformat(expect["sent_at"])
    assert found.author.id == expect["sender"]
    for role in ("to", "cc"):
        wanted = [value for kind, value in expect["recipients"] if kind == role]
        said = found.extra.get(role, [])
        assert len(said) == len(wanted)
        assert all(value in one for value, one in zip(wanted, said, strict=True))
    assert found.subject == expect["subject"]
    assert found.text == (expect["snippet"] if expect["text"] is None else expect["text"])
    assert found.partial == (expect["text"] is None)
    assert len(found.attachments) == expect["attachments"]
    assert found.reply_to == expect.get("reply_to")
