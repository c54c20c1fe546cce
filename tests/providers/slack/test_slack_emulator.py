"""The flow of reading against an emulator that others made, where one is installed; see ``slack_emulator``.

It ignores bounds of time and takes no Markdown, so that pages and sending are tested with the strict fake alone.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "servers"))  # for slack_emulator
from slack_emulator import LIMITED, READER, emulating, folder

from dragoman import ConversationQuery, MessageQuery, NotFound, PermissionDenied
from dragoman.providers.slack import SlackProvider, SlackSettings

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(folder() is None, reason="SLACK_EMULATOR names no folder with the npm package emulate"),
]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulating(folder(), tmp_path_factory.mktemp("emulator")) as running:
        yield running


def account(emulator, token=READER):
    return SlackProvider.open(SlackSettings(token=token, base_url=emulator.address))


async def test_a_channel_is_found_and_read_with_threads_names_reactions_and_edits(emulator):
    async with account(emulator) as slack:
        assert "Test Workspace" in await slack.check()
        channels = emulator.call("conversations.list")["channels"]
        room = next(one["id"] for one in channels if one["name"] == "project")
        emulator.call("conversations.join", channel=room)
        start = (await slack.changes(None)).position
        root = emulator.call(
            "chat.postMessage", channel=room, text="Window is *Thursday* :tada: <https://x.example|docs>"
        )
        reply = emulator.call("chat.postMessage", channel=room, text="Fine", thread_ts=root["ts"])
        emulator.call("reactions.add", channel=room, timestamp=root["ts"], name="+1")
        last = emulator.call("chat.postMessage", channel=room, text="frist")
        emulator.call("chat.update", channel=room, ts=last["ts"], text="first")

        [found] = (await slack.list_conversations(ConversationQuery(text="project", exact=True))).items
        assert (found.id, found.title) == (room, "project")
        page = await slack.list_messages(room, MessageQuery(limit=10))
        shown = [(one.id, one.text, one.reply_to) for one in page.items][-3:]
        assert shown == [
            (root["ts"], "Window is **Thursday** 🎉 [docs](https://x.example)", None),
            (reply["ts"], "Fine", root["ts"]),
            (last["ts"], "first", None),
        ]
        assert page.items[-3].author.name == "Alice Archer"
        assert [(one.emoji, one.count) for one in page.items[-3].reactions] == [("👍", 1)]
        thread = await slack.list_messages(room, MessageQuery(thread=reply["ts"]))
        assert [one.id for one in thread.items] == [root["ts"], reply["ts"]]
        assert (await slack.get_message(room, reply["ts"])).reply_to == root["ts"]
        assert slack.parse_link((await slack.get_message(room, root["ts"])).url) == (room, root["ts"])
        told = (await slack.changes(start)).messages
        assert {root["ts"], reply["ts"], last["ts"]} <= {one.id for one in told}


async def test_refusals_are_told_as_they_are(emulator):
    async with account(emulator, LIMITED) as slack:
        with pytest.raises(PermissionDenied, match="lacks the scope channels:history"):
            await slack.list_messages("C000000001", MessageQuery())
    async with account(emulator) as slack:
        with pytest.raises(NotFound):
            await slack.list_messages("C0NOPE0001", MessageQuery())


async def test_a_person_is_found_and_the_direct_conversation_opened_only_by_writing(emulator):
    async with account(emulator) as slack:
        [person] = (await slack.list_conversations(ConversationQuery(text="bob"))).items
        assert (person.id[:2], person.title) == ("@U", "Bob Baker")
        assert (await slack.get_conversation(person.id)).id == person.id
