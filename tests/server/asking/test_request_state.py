"""The state that a client holds between a question and its answer counts once, and for one write."""

import anyio
import mcp_types as types
import pytest
from asked_user import FIRST, REPLY, YES, User, texts

from dragoman.testing import connect

pytestmark = pytest.mark.anyio


class TestStateInTheHandsOfTheClient:
    """From 2026-07-28 on the client holds what names the question."""

    @pytest.fixture
    async def client(self, settings, data):
        user = User(YES)
        async with connect(settings, data=data, mode="2026-07-28", elicitation_callback=user) as client:
            yield client

    @staticmethod
    async def call(client, arguments, answer=None, state=None):
        answers = {"confirm": answer} if answer else None
        return await client.session.call_tool(
            "send_message", arguments, input_responses=answers, request_state=state, allow_input_required=True
        )

    async def asked(self, client, arguments=REPLY):
        result = await self.call(client, arguments)
        assert isinstance(result, types.InputRequiredResult)
        assert list(result.input_requests) == ["confirm"]
        return result.request_state

    async def test_an_answer_to_the_question_sends(self, client):
        state = await self.asked(client)
        result = await self.call(client, REPLY, YES, state)
        assert not result.is_error
        assert await texts(client) == ["Hello", "See you at nine"]

    @pytest.mark.parametrize("state", [None, "", "x", "a" * 14, "a" * 100_000, "\ud800"])
    async def test_an_answer_to_no_question_is_asked_again(self, client, state):
        again = await self.call(client, REPLY, YES, state)
        assert isinstance(again, types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_an_answer_counts_once(self, client):
        state = await self.asked(client)
        await self.call(client, REPLY, YES, state)
        again = await self.call(client, REPLY, YES, state)
        assert not isinstance(again, types.CallToolResult) or again.is_error
        assert await texts(client) == ["Hello", "See you at nine"]

    async def test_of_two_answers_at_once_one_counts(self, client):
        state = await self.asked(client)
        results = []

        async def answer():
            results.append(await self.call(client, REPLY, YES, state))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(answer)
        assert await texts(client) == ["Hello", "See you at nine"]
        written = [r for r in results if isinstance(r, types.CallToolResult) and not r.is_error]
        assert len(written) == 1

    @pytest.mark.parametrize(
        "change", [{"text": "See you never"}, {"conversation": "local:other"}, {"reply_to": "1"}, {"subject": "x"}]
    )
    async def test_an_answer_counts_for_nothing_else(self, client, change):
        other = FIRST | {"conversation": "local:other"}
        await client.call("import_message", **other)
        state = await self.asked(client)
        again = await self.call(client, REPLY | change, YES, state)
        assert isinstance(again, types.InputRequiredResult)
        assert await texts(client) == ["Hello"]
        assert (await self.call(client, REPLY, YES, state)).is_error is False

    async def test_after_a_no_the_same_question_cannot_be_answered_with_yes(self, client):
        state = await self.asked(client)
        assert (await self.call(client, REPLY, types.ElicitResult(action="decline"), state)).is_error
        assert isinstance(await self.call(client, REPLY, YES, state), types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_a_no_needs_no_state(self, client):
        assert (await self.call(client, REPLY, types.ElicitResult(action="cancel"))).is_error
        assert await texts(client) == ["Hello"]

    async def test_the_state_is_no_token_of_a_preview(self, client):
        state = await self.asked(client)
        result = await self.call(client, REPLY | {"confirm": state})
        assert not isinstance(result, types.CallToolResult) or result.is_error
        assert await texts(client) == ["Hello"]

    async def test_the_token_of_a_preview_is_no_state(self, client, settings, data):
        async with connect(settings, data=data) as other:
            token = (await other.call("send_message", **REPLY)).partition("confirm=")[2].split()[0]
        assert isinstance(await self.call(client, REPLY, YES, token), types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_an_answer_of_another_kind_writes_nothing(self, client):
        state = await self.asked(client)
        answer = types.ListRootsResult(roots=[])
        result = await self.call(client, REPLY, answer, state)
        assert result.content[0].text.startswith("preview")
        assert await texts(client) == ["Hello"]
