"""Recorded exchanges, answered by method and binding arguments, and compared with what is sent now."""

import json
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl

import httpx

from dragoman.providers.slack import SlackProvider, SlackSettings
from dragoman.providers.slack.api import Api, client_of

FOLDER = Path(__file__).parents[2] / "wire" / "slack"
BINDING = ("channel", "ts", "thread_ts", "users", "user", "bot", "query", "markdown_text")


def recording(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def exchanges_of(recorded):
    return recorded.get("exchanges") or [{"request": recorded["request"], "response": recorded["response"]}]


def arguments_of(raw):
    kind, content = raw.headers["content-type"], raw.content.decode()
    return (
        json.loads(content) if kind.startswith("application/json") else dict(parse_qsl(content, keep_blank_values=True))
    )


class Replay:
    """Gives the answers of a recording in order, each to the request that it belongs to."""

    def __init__(self, recorded):
        self.recorded = recorded
        self.left = exchanges_of(recorded)
        self.requests = []
        self.token = self.left[0]["request"]["headers"]["authorization"].removeprefix("Bearer ")

    def handle(self, raw):
        assert raw.method == "POST"
        assert raw.url.query == b""
        assert raw.headers["authorization"] == f"Bearer {self.token}"
        method, arguments = raw.url.path.rpartition("/")[2], arguments_of(raw)
        self.requests.append((method, arguments))
        for at, exchange in enumerate(self.left):
            wanted = exchange["request"]
            if wanted["path"].endswith(f"/{method}") and self._fits(arguments, wanted["body"]):
                return self._answer(self.left.pop(at)["response"])
        side = self.recorded.get("also", {}).get(method, {})
        main = arguments.get("user") or arguments.get("channel") or arguments.get("bot") or ""
        found = side.get(main) or side.get("") or {"ok": False, "error": "unknown_method"}
        return httpx.Response(200, json=found)

    def _fits(self, arguments, wanted):
        same = all(arguments.get(key) == wanted.get(key) for key in BINDING if key != "query")
        onward = "cursor" in wanted and not ("cursor" in arguments or "latest" in arguments)
        return same and not onward

    def _answer(self, response):
        if response.get("status") is None:
            raise httpx.ReadError("reset")
        return httpx.Response(response["status"], headers=response["headers"], json=response["body"])

    def calls(self, method):
        return [arguments for name, arguments in self.requests if name == method]


@asynccontextmanager
async def replaying(name):
    replay = Replay(recording(name))
    settings = SlackSettings(token=replay.token)
    async with client_of(settings, transport=httpx.MockTransport(replay.handle)) as client:
        yield SlackProvider(settings, Api(client, settings)), replay
