"""A user who answers questions of the server, and the answers that there are."""

import json

import mcp_types as types
import pytest

from dragoman_server.mcp.known_hosts import HostTraits

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
ROOM = "local:room"
FIRST = {"conversation": ROOM, "text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
REPLY = {"conversation": ROOM, "text": "See you at nine"}
THOUGHTFUL = HostTraits(unseen_within=-1.0)
"""A client whose every answer comes from a person, however quickly."""
YES = types.ElicitResult(action="accept", content={"send": True})
DECLINE = types.ElicitResult(action="decline")
CANCEL = types.ElicitResult(action="cancel")
UNSEEN = [
    types.ElicitResult(action="accept"),
    types.ElicitResult(action="accept", content={}),
    types.ElicitResult(action="accept", content={"send": "true"}),
    types.ElicitResult(action="accept", content={"send": 1}),
    types.ElicitResult(action="accept", content={"confirm": True}),
]


class User:
    """Answers every question in the same way and remembers them."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def __call__(self, _context, params):
        self.asked.append(params)
        return self.answer


async def texts(client):
    page = json.loads(await client.call("list_messages", conversation=ROOM, format="json"))
    return [message["text"] for message in page["messages"]]


def token_of(preview):
    return preview.split("\n")[0].partition("confirm=")[2].split()[0]


async def goes_out_by_token(client, preview):
    """A preview was answered, nothing is written, and its token writes."""
    assert preview.startswith("preview")
    assert await texts(client) == ["Hello"]
    await client.call("send_message", **REPLY, confirm=token_of(preview))
    assert await texts(client) == ["Hello", "See you at nine"]
