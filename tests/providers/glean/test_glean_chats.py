import pytest
from glean_account import opened
from glean_service import Fault, GleanServer
from glean_store import Tenant

from dragoman.core.errors import (
    DragomanError,
    InvalidArgument,
    NotFound,
    UnsupportedOperation,
)
from dragoman.providers.base.provider import Draft, MessageQuery

pytestmark = pytest.mark.anyio


def chatting(*answers):
    server = GleanServer(Tenant())
    server.tenant.chats["c1"] = {"id": "c1", "name": "Chat", "messages": []}
    server.chat_answers = list(answers)
    return server


def answer(*messages, **more):
    return {"chatId": "c1", "messages": [{"author": "GLEAN_AI", **one} for one in messages], **more}


def text(words, kind="CONTENT", **more):
    return {"messageType": kind, "fragments": [{"text": words}], **more}


async def test_a_question_begins_a_chat_or_goes_on_with_one(waits):
    server = chatting()
    async with opened(server) as account:
        first = await account.send_message("chat.new", Draft(text="One?"))
        second = await account.send_message(first.conversation, Draft(text="Two?"))
        page = await account.list_messages(first.conversation, MessageQuery())
        assert (await account.get_message(second.conversation, second.id)).text == "You said: Two?"
    assert first.conversation == second.conversation == "chat.fresh1"
    assert [one.text for one in page.items] == ["One?", "You said: One?", "Two?", "You said: Two?"]
    new, old = server.sent("chat")
    assert "chatId" not in new
    assert (old["chatId"], old["timeoutMillis"]) == ("fresh1", 180_000)


async def test_a_new_chat_is_empty_and_described_without_asking():
    server = chatting()
    async with opened(server) as account:
        assert (await account.get_conversation("chat.new")).title == "New chat"
        assert list((await account.list_messages("chat.new", MessageQuery())).items) == []
        with pytest.raises(NotFound):
            await account.get_message("chat.new", "m")
    assert server.journal == []


async def test_the_answer_is_all_content_and_nothing_else():
    parts = [text("thinking", "UPDATE"), text("The "), text("context", "CONTEXT"), text("answer.", messageId="a2")]
    async with opened(chatting(answer(*parts))) as account:
        message = await account.send_message("chat.c1", Draft(text="?"))
    assert (message.id, message.text) == ("a2", "The answer.")


async def test_an_error_inside_of_a_success_is_one_and_says_that_the_question_was_asked():
    server = chatting(answer(text("partly "), text("Something went wrong", "ERROR")))
    async with opened(server) as account:
        with pytest.raises(DragomanError, match="Something went wrong") as caught:
            await account.send_message("chat.c1", Draft(text="?"))
    assert caught.value.sent is None
    assert "list_messages" in caught.value.hint


async def test_a_question_that_waits_is_shown_as_waiting():
    def queue(body):
        server.tenant.chats["c1"]["messages"].append({**body["messages"][0], "messageId": "q7"})
        return Fault(202, {"chatId": "c1", "queuedRequestId": "r7"})

    server = chatting(queue)
    async with opened(server) as account:
        message = await account.send_message("chat.c1", Draft(text="?"))
        assert (message.id, message.text, message.status) == ("q7", "?", "queued")


async def test_a_waiting_question_that_is_not_stored_yet_has_the_id_of_its_request():
    async with opened(chatting(Fault(202, {"chatId": "c1", "queuedRequestId": "r8"}))) as account:
        message = await account.send_message("chat.c1", Draft(text="?"))
    assert (message.id, message.status, message.conversation) == ("r8", "queued", "chat.c1")


async def test_an_answer_without_an_id_is_looked_up():
    def reply(body):
        stored = {"author": "GLEAN_AI", **text("Yes."), "messageId": "a9"}
        server.tenant.chats["c1"]["messages"] += [body["messages"][0], stored]
        return answer(text("Yes."))

    server = chatting(reply)
    async with opened(server) as account:
        assert (await account.send_message("chat.c1", Draft(text="?"))).id == "a9"


@pytest.mark.parametrize("given", [answer(), answer(text("x", "UPDATE")), {"messages": None, "chatId": "c1"}])
async def test_no_answer_at_all_is_of_unknown_outcome(given):
    async with opened(chatting(given)) as account:
        with pytest.raises(DragomanError, match="no answer") as caught:
            await account.send_message("chat.c1", Draft(text="?"))
    assert caught.value.sent is None


async def test_what_a_chat_does_not_have_is_refused_before_anything_is_sent():
    server = chatting()
    async with opened(server) as account:
        for draft in (Draft(text="x", reply_to="m"), Draft(text="x", subject="s")):
            with pytest.raises(InvalidArgument):
                await account.send_message("chat.c1", draft)
        with pytest.raises(UnsupportedOperation, match="only reads"):
            await account.send_message("slack.channel.C1", Draft(text="x"))
    assert server.journal == []


async def test_a_chat_that_was_described_is_read_anew_after_a_question(waits):
    server = chatting()
    async with opened(server) as account:
        await account.get_conversation("chat.c1")
        await account.send_message("chat.c1", Draft(text="Hello?"))
        assert len((await account.list_messages("chat.c1", MessageQuery())).items) == 2


async def test_a_chat_without_content_is_not_found():
    server = chatting()
    server.always = Fault(200, {"chatResult": None})
    async with opened(server) as account:
        with pytest.raises(NotFound):
            await account.list_messages("chat.c1", MessageQuery())


async def test_a_thread_of_a_chat_is_its_one_message(waits):
    async with opened(chatting()) as account:
        await account.send_message("chat.c1", Draft(text="One?"))
        page = await account.list_messages("chat.c1", MessageQuery(thread="q1"))
    assert [one.id for one in page.items] == ["q1"]
