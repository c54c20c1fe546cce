"""The SDK's own client in a session over HTTP: it can be asked, can cancel, and hears of progress."""

from functools import partial

import anyio
import mcp_types as types
import pytest
from mcp import Client

pytestmark = pytest.mark.anyio

SESSIONS = '[http]\nsessions = true\n[accounts.local]\nprovider = "local"\nwrite = "confirm"\nask = "client"\n'
FAR = '[accounts.far]\nprovider = "trouble"\n'
YES = types.ElicitResult(action="accept", content={"send": True})
NO_ANSWERS = [
    types.ElicitResult(action="decline"),
    types.ElicitResult(action="cancel"),
    types.ElicitResult(action="accept", content={"send": False}),
    types.ErrorData(code=types.INTERNAL_ERROR, message="no window"),
]


def message(text):
    return {"conversation": "local:room", "text": text, "author": "Ann", "sent_at": "2026-03-10T09:00Z"}


def said(result):
    return result.content[0].text


async def read(client):
    return said(await client.call_tool("list_messages", {"conversation": "local:room"}))


async def test_a_client_in_a_session_is_asked_and_its_yes_counts(site):
    asked = []

    async def answer(_context, params):
        asked.append(params.message)
        return YES

    with site(SESSIONS) as server:
        async with Client(server.url, mode="legacy", elicitation_callback=answer) as client:
            assert not (await client.call_tool("import_message", message("See you at nine"))).is_error
            assert "See you at nine" in await read(client)
    assert len(asked) == 1
    assert "See you at nine" in asked[0]


async def test_whatever_else_it_answers_writes_nothing(site):
    answers = iter(NO_ANSWERS)

    async def answer(_context, _params):
        return next(answers)

    with site(SESSIONS) as server:
        async with Client(server.url, mode="legacy", elicitation_callback=answer) as client:
            for _ in NO_ANSWERS:
                refused = await client.call_tool("import_message", message("See you at nine"))
                assert refused.is_error
                assert "othing was imported" in said(refused)
            listed = await client.call_tool("list_conversations", {})
    assert said(listed).startswith("0 conversations")


async def test_a_client_that_cannot_be_asked_gets_a_preview(site):
    with site(SESSIONS) as server:
        async with Client(server.url, mode="legacy") as client:
            assert "confirm=" in said(await client.call_tool("import_message", message("See you at nine")))


async def test_of_many_clients_each_hears_its_own_questions_and_answers(site):
    heard = {}

    async def answer(name, _context, params):
        heard.setdefault(name, []).append(params.message)
        return YES

    async def write(url, name):
        async with Client(url, mode="legacy", elicitation_callback=partial(answer, name)) as client:
            for number in range(3):
                result = await client.call_tool("import_message", message(f"{name} says {number}"))
                assert f"{name} says {number}" in said(result)

    with site(SESSIONS) as server:
        async with anyio.create_task_group() as group:
            for name in ("Ann", "Bob", "Eve"):
                group.start_soon(write, server.url, name)
    for name, questions in heard.items():
        assert len(questions) == 3
        assert all(f"{name} says {number}" in question for number, question in enumerate(questions))


async def test_a_cancelled_call_ends_its_work_and_the_session_goes_on(site, trouble, tmp_path):
    async def noted(note):
        while not (tmp_path / note).exists():  # noqa: ASYNC110  # another process makes it
            await anyio.sleep(0.01)

    with site(SESSIONS + FAR) as server, anyio.fail_after(60):
        async with Client(server.url, mode="legacy") as client:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as calling:
                    calling.start_soon(client.call_tool, "list_messages", {"conversation": "far:wait"})
                    await noted("started")
                    scope.cancel()
            await noted("stopped")
            assert "Room" in said(await client.call_tool("list_conversations", {"account": "far"}))


async def test_a_client_can_call_on_while_its_user_thinks(site):
    thinking, done = anyio.Event(), anyio.Event()

    async def answer(_context, _params):
        thinking.set()
        await done.wait()
        return YES

    with site(SESSIONS) as server, anyio.fail_after(60):
        async with Client(server.url, mode="legacy", elicitation_callback=answer) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "import_message", message("See you at nine"))
                await thinking.wait()
                assert said(await client.call_tool("list_conversations", {})).startswith("0 conversations")
                done.set()
            assert "See you at nine" in await read(client)
