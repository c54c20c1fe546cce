"""The picture of an answer in the README is real, and so are the numbers beside it."""

from __future__ import annotations

import json

import pytest
from rs_bpe.bpe import openai

import doc_pages
from dragoman.providers.replay import recording
from dragoman.providers.replay.fake_http_service import Request
from dragoman.providers.replay.recorded_service import RecordedService, recorded_replay
from dragoman.testing import connect

PACKAGE = "dragoman.providers.slack"
ROOM = "#ferry-timetable"
PICTURE = """\
```
{answer}
```

| the same {count} messages | tokens |
| --- | --- |
| the answer above | **{paid}** |
| their bare `Author: text` lines, without number, time or mark | {bare} |
| what Slack's API answers for them, as compact JSON | {compact:,} |
| the same with the usual indentation | {indented:,} |

Counted with o200k, on a conversation recorded in Slack's form, by `tests/docs/test_picture.py`.
"""


def tokens(text: str) -> int:
    return openai.o200k_base().count(text)


def as_json(answers: object, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    return json.dumps(answers, ensure_ascii=False, indent=indent, separators=separators)


def api_answers() -> list[object]:
    """What Slack's Web API answers for these messages: the history, and the replies of the one thread in it."""
    workspace = RecordedService(recording(PACKAGE))

    def ask(method: str, **body: object) -> dict[str, list[dict[str, str]]]:
        answer = workspace.answer(Request(("POST", "api", method), {}, body)).body
        assert isinstance(answer, dict)
        assert answer["ok"] is True
        return answer

    history = ask("conversations.history", limit=50)
    [root] = [one["ts"] for one in history["messages"] if "reply_count" in one]
    return [history, ask("conversations.replies", ts=root, limit=200)]


async def picture() -> str:
    with recorded_replay(PACKAGE).serve() as account:
        settings = {"timezone": "UTC", "accounts": {"slack": {"provider": "slack", **account}}}
        async with connect(settings) as client:
            answer = await client.call("list_messages", conversation=ROOM)
            page = json.loads(await client.call("list_messages", conversation=ROOM, format="json"))
    bare = "\n".join(f"{one['author']}: {one['text']}" for one in page["messages"])
    answers = api_answers()
    return PICTURE.format(
        answer=answer,
        count=len(page["messages"]),
        paid=tokens(answer),
        bare=tokens(bare),
        compact=tokens(as_json(answers)),
        indented=tokens(as_json(answers, indent=2)),
    )


@pytest.mark.anyio
async def test_the_picture_is_a_real_answer_with_counted_tokens():
    found, expected = doc_pages.generated("README.md", "picture", await picture())
    assert found == expected
