"""What clients cut or put aside is never reached by an answer of the default size, whatever its texts are made of."""

import json
import re

import pytest

from dragoman.testing import connect

pytestmark = pytest.mark.anyio

LONGEST = 12_000
"""Characters above which one widespread client cuts the middle out of an answer."""

TEXTS = {
    "prose of long words": "The representatives acknowledged considerable environmental responsibilities. ",
    "runs of blanks": "a" + " " * 60,
    "dashes and rules": "-" * 70 + "\n",
    "equal letters": "=" * 79 + " ",
    "German": "Die Verantwortung der Bundesregierung hinsichtlich internationaler Zusammenarbeit bleibt unbestritten. ",
    "chat": "ok, see you at 9 :) ",
}


async def filled(client, text):
    for minute in range(30):
        times = 400 if minute == 0 else 12
        await client.call(
            "import_message", conversation="local:room", author="Ann", text=f"m{minute} {text * times}",
            sent_at=f"2026-03-10T09:{minute:02}Z",
        )  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_no_answer_of_the_default_size_is_longer_than_clients_show(text):
    async with connect() as client:
        await filled(client, text)
        for form in ("text", "json"):
            calls = [
                ("list_messages", {"conversation": "local:room", "order": "oldest"}),
                ("get_message", {"message": "1"}),
                ("search_messages", {"query": "m1 OR m2 OR m3"}),
                ("get_updates", {"since": "2026-03-01"}),
            ]
            for tool, arguments in calls:
                assert len(await client.call(tool, format=form, **arguments)) <= LONGEST, (tool, form)


async def test_what_is_left_out_for_it_is_reached_by_the_cursor_once():
    async with connect() as client:
        await filled(client, TEXTS["prose of long words"])
        seen, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            answer = await client.call(
                "list_messages", conversation="local:room", order="oldest", format="json", **more
            )
            page = json.loads(answer)
            seen += [re.match(r"m(\d+)", message["text"])[1] for message in page["messages"]]
            cursor = page.get("cursor")
            if cursor is None:
                break
        assert seen == [str(number) for number in range(30)]
