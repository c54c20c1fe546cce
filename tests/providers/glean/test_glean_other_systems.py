"""Ids of containers are opaque: each chat system has its own form of them."""

import json
from pathlib import Path

import httpx
import pytest
from glean_account import settings

from dragoman.core.errors import NotFound
from dragoman.providers.glean import GleanProvider

pytestmark = pytest.mark.anyio
ANSWER = json.loads((Path(__file__).parents[2] / "data" / "glean_gchat_document.json").read_text(encoding="utf-8"))
[MESSAGE] = ANSWER["documents"]


def document(**metadata):
    [found] = ANSWER["documents"].values()
    return {"id": MESSAGE, "content": found["content"], "metadata": {**found["metadata"], **metadata}}


async def read(conversation, *, url=None, **metadata):
    found = document(**metadata) | ({"url": url} if url else {})

    def handle(request):
        assert request.url.path.endswith("/getdocuments")
        return httpx.Response(200, json={"documents": {MESSAGE: found}})

    async with GleanProvider.open(settings(), transport=httpx.MockTransport(handle)) as account:
        return await account.get_message(conversation, MESSAGE)


@pytest.mark.parametrize(
    ("conversation", "container"),
    [
        ("gchat.channel.spaces/AAQx77", "GCHAT_spaces/AAQx77"),
        ("gchat.channel.AAQx77", "GCHAT_spaces/AAQx77"),
        ("gchat.channel.spaces/AAQx77", "opaque:8f3a"),
        ("microsoftteams.channel.19:abc@thread.tacv2", "MICROSOFTTEAMS_team-1_19:abc@thread.tacv2"),
        ("microsoftteams.channel.19:abc@thread.tacv2", "MSTEAMS|4711"),
        ("slackentgrid.channel.C024BE91L", "SLACKENTGRID_E01_T02_CHANNEL_C024BE91L"),
        ("slackentgrid.channel.C024BE91L", "SLACKENTGRID_T02.C024BE91L"),
        ("facebookworkplace.channel.1234567890", "FACEBOOKWORKPLACE_GROUP_1234567890"),
        ("facebookworkplace.channel.1234567890", "WORKPLACE:g-77"),
        ("slack.channel.C024BE91L", None),
    ],
)
async def test_a_message_is_shown_whatever_form_the_ids_of_its_system_have(conversation, container):
    found = await read(conversation, containerId=container, container=None)
    assert found.text == "Standup moved to 10:30 ⏰"
    assert found.conversation == conversation


@pytest.mark.parametrize(
    ("conversation", "url", "container"),
    [
        ("slack.channel.C024BE91L", None, "SLACK_T02_CHANNEL_C0OTHER99"),
        ("slackentgrid.channel.C024BE91L", "https://acme.slack.com/archives/C0OTHER99/p1717430812004200", None),
        (
            "microsoftteams.channel.19:abc@thread.tacv2",
            "https://teams.microsoft.com/l/message/19%3Aother%40thread.tacv2/1717430812004",
            "MICROSOFTTEAMS_x",
        ),
        ("slack.channel.general", None, "SLACK_CHANNEL_C0OTHER99"),
    ],
)
async def test_a_message_that_is_certainly_elsewhere_is_not_shown(conversation, url, container):
    with pytest.raises(NotFound):
        await read(conversation, url=url, containerId=container, container="random")
