from datetime import UTC, datetime

import anyio
import apsw
import pytest
from local_room import ROOM, START, message, texts

from dragoman.core.errors import Conflict, InvalidArgument, NotFound, Unavailable
from dragoman.core.model import Author, Conversation, ConversationKind, Order
from dragoman.providers.base.provider import Capability, Change, ConversationQuery, Draft, MessageQuery, SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store

pytestmark = pytest.mark.anyio


def test_it_can_do_everything():
    assert LocalProvider.capabilities() == frozenset(Capability)


def test_it_may_be_written_to_and_its_texts_are_not_remembered_twice_by_default():
    settings = LocalSettings()
    assert (settings.provider, settings.write, settings.remember, settings.path) == ("local", "allow", "numbers", None)


async def test_without_a_path_the_file_is_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    async with LocalProvider.open(LocalSettings()) as provider:
        assert await provider.check() == f"0 messages in 0 conversations in {tmp_path / 'data' / 'dragoman.db'}"


async def test_a_provider_that_is_not_open_says_so():
    with pytest.raises(Unavailable, match="not open"):
        await LocalProvider(LocalSettings()).check()


async def test_a_sent_message_is_of_the_account_and_of_now(path):
    async with LocalProvider.open(LocalSettings(path=path, name="Ines")) as local:
        await local.import_conversation(ROOM, [message("a")])
        before = datetime.now(UTC)
        sent = await local.send_message("room", Draft(text="Hi", reply_to="a", subject="S"))
        assert (sent.author.name, sent.text, sent.reply_to, sent.subject) == ("Ines", "Hi", "a", "S")
        assert before <= sent.sent_at <= datetime.now(UTC)
        assert (await local.get_message("room", "a")).replies == 1
        assert "Ines" in (await local.get_conversation("room")).participants


async def test_sending_needs_a_conversation_a_parent_and_a_text(local):
    with pytest.raises(NotFound, match="import_message creates"):
        await local.send_message("nowhere", Draft(text="Hi"))
    await local.import_conversation(ROOM, [])
    with pytest.raises(NotFound, match="to reply to"):
        await local.send_message("room", Draft(text="Hi", reply_to="nothing"))
    with pytest.raises(InvalidArgument, match="empty"):
        await local.send_message("room", Draft(text=" \n"))
    with pytest.raises(InvalidArgument, match="1,000,001 characters, and 1,000,000"):
        await local.send_message("room", Draft(text="x" * 1_000_001))


async def test_an_idempotency_key_sends_once(local):
    await local.import_conversation(ROOM, [])
    draft = Draft(text="Hi", idempotency_key="k")
    first = await local.send_message("room", draft)
    await local.update_message("room", first.id, Change(text="Ho"))
    again = await local.send_message("room", draft)
    assert (again.id, again.text) == (first.id, "Ho")
    assert await texts(local) == ["Ho"]
    with pytest.raises(Conflict, match="another message"):
        await local.send_message("room", Draft(text="Other", idempotency_key="k"))


async def test_ids_of_sent_messages_are_short_different_and_in_order_of_time(local):
    await local.import_conversation(ROOM, [])
    sent = [(await local.send_message("room", Draft(text=str(n)))).id for n in range(50)]
    assert len(set(sent)) == 50
    assert {len(id_) for id_ in sent} == {15}
    assert [id_[:9] for id_ in sent] == sorted(id_[:9] for id_ in sent)


async def test_an_edit_keeps_the_earlier_text(local):
    await local.import_conversation(ROOM, [message("a", text="one", subject="S", labels=("x",))])
    await local.update_message("room", "a", Change(text="two"))
    changed = await local.update_message("room", "a", Change(text="three", subject="", labels=("y", "y")))
    assert (changed.text, changed.subject, changed.labels) == ("three", None, ("y",))
    assert [edit.text for edit in changed.history] == ["one", "two"]
    assert changed.history[0].at == START
    assert (await local.search_messages(SearchQuery(text="one"))).items == []


async def test_a_change_that_changes_no_text_is_no_edit(local):
    await local.import_conversation(ROOM, [message("a")])
    same = await local.update_message("room", "a", Change(text="hello", labels=("l",)))
    assert (same.edited_at, same.history, same.labels) == (None, (), ("l",))


async def test_conversations_are_most_recent_first_and_found_by_title_participant_and_kind(local):
    for n, (id_, kind) in enumerate(
        [("a", ConversationKind.DIRECT), ("b", ConversationKind.MAIL), ("c", ConversationKind.MAIL)]
    ):
        about = Conversation(id=id_, title=f"Title {id_}", kind=kind, participants=(f"Person {id_}",))
        await local.import_conversation(about, [message("m", n)])

    async def found(**query):
        return [c.id for c in (await local.list_conversations(ConversationQuery(**query))).items]

    assert await found() == ["c", "b", "a"]
    await local.send_message("a", Draft(text="new"))
    assert await found() == ["a", "c", "b"]
    assert await found(text="TITLE B") == ["b"]
    assert await found(text="person c") == ["c"]
    assert await found(kind=ConversationKind.MAIL) == ["c", "b"]
    first = await local.list_conversations(ConversationQuery(limit=2))
    rest = await local.list_conversations(ConversationQuery(limit=2, cursor=first.cursor))
    assert [c.id for c in (*first.items, *rest.items)] == ["a", "c", "b"]
    assert rest.cursor is None


async def test_a_page_can_be_cut_after_any_message_in_either_order(local):
    await local.import_conversation(ROOM, [message(f"m{n}", n // 3, str(n)) for n in range(20)])
    numbers = [str(n) for n in range(20)]
    for order, rest in ((Order.LATEST, numbers[:7]), (Order.OLDEST, numbers[8:])):
        query = MessageQuery(order=order, limit=50)
        page = await local.list_messages("room", query)
        cursor = local.cursor_after(page.items[7], query)
        assert await texts(local, order=order, cursor=cursor) == rest


async def test_a_page_goes_on_after_its_last_message_was_deleted(local):
    await local.import_conversation(ROOM, [message(f"m{n}", n, str(n)) for n in range(5)])
    page = await local.list_messages("room", MessageQuery(limit=2))
    await local.import_conversation(ROOM, [message("m3", 3, deleted_at=START)])
    assert await texts(local, cursor=page.cursor) == ["0", "1", "2"]


@pytest.mark.parametrize("cursor", ["", "x", "munknown", "m\ud800", "1.2.3", "9" * 400])
async def test_foreign_cursors_are_refused(local, cursor):
    await local.import_conversation(ROOM, [message("a")])
    with pytest.raises(InvalidArgument, match="cursor"):
        await local.list_messages("room", MessageQuery(cursor=cursor))


async def test_unknown_conversations_messages_and_threads_are_not_found(local):
    await local.import_conversation(ROOM, [])
    assert (await local.list_messages("room", MessageQuery())).items == []
    for attempt in (
        local.list_messages("nowhere", MessageQuery()),
        local.list_messages("room", MessageQuery(thread="nothing")),
        local.get_message("room", "nothing"),
        local.get_conversation("nowhere"),
        local.search_messages(SearchQuery(text="x", conversation="nowhere")),
    ):
        with pytest.raises(NotFound):
            await attempt


@pytest.mark.parametrize("odd", ["cnv/π 7?", "a\0b", "\ud800 alone", "%2F", "x" * 10_000, "'; DROP TABLE x", " "])
async def test_odd_ids_and_texts_work_everywhere(local, odd):
    await local.import_conversation(
        Conversation(id=odd, title=odd), [message(odd, text=f"needle {odd}", author=Author(name=odd))]
    )
    await local.import_message(odd, message("reply", 1, reply_to=odd))
    assert (await local.get_message(odd, odd)).text == f"needle {odd}"
    page = await local.list_messages(odd, MessageQuery(limit=1, order=Order.OLDEST))
    assert [(m.id, m.author.name, m.replies) for m in page.items] == [(odd, odd, 1)]
    rest = await local.list_messages(odd, MessageQuery(limit=1, order=Order.OLDEST, cursor=page.cursor, thread=odd))
    assert [m.id for m in rest.items] == ["reply"]
    found = await local.search_messages(SearchQuery(text="needle", conversation=odd))
    assert [hit.message.id for hit in found.items] == [odd]
    assert (await local.list_conversations(ConversationQuery(text=odd))).items[0].title == odd


async def test_a_conversation_needs_an_id(local):
    with pytest.raises(InvalidArgument, match="empty"):
        await local.import_message("", message("a"))


async def test_a_text_of_ten_megabytes_can_be_imported_read_and_found(local):
    text = "needle " + "0123456789abcdef " * 620_000
    await local.import_conversation(ROOM, [message("big", text=text)])
    assert (await local.get_message("room", "big")).text == text
    found = await local.search_messages(SearchQuery(text="needle"))
    assert found.items[0].highlights == ((0, 6),)


async def test_search_says_that_it_covered_everything_and_keeps_its_own_numbers_to_itself(local):
    await local.import_conversation(ROOM, [message("a", text="needle")])
    page = await local.search_messages(SearchQuery(text="needle"))
    assert page.back_to is None
    assert page.items[0].message == message("a", text="needle")


async def test_account_and_store_share_one_file(local, path):
    async with open_store(path) as store:
        await local.import_conversation(ROOM, [message("a")])
        (seen,) = await store.messages.number([message("a", account="local")], "numbers")
        assert await store.messages.locate(seen.number) == ("local", "room", "a")
    assert await local.check() == f"1 message in 1 conversation in {path}"
    assert apsw.Connection(str(path)).execute("PRAGMA integrity_check").get == "ok"


async def test_many_calls_at_once_lose_nothing(local):
    await local.import_conversation(ROOM, [])
    async with anyio.create_task_group() as tasks:
        for n in range(60):
            tasks.start_soon(local.send_message, "room", Draft(text=str(n)))
            tasks.start_soon(local.list_messages, "room", MessageQuery())
    assert sorted(map(int, await texts(local, limit=100))) == list(range(60))


async def test_a_file_that_another_program_keeps_locked_is_waited_for_as_long_as_the_timeout_says(tmp_path):
    path = tmp_path / "x.db"
    async with LocalProvider.open(LocalSettings(path=path, timeout=0.05)) as account:
        await account.import_message("room", message("a"))
        program = apsw.Connection(str(path))
        program.execute("BEGIN IMMEDIATE")
        with anyio.fail_after(10), pytest.raises(Unavailable, match=r"not free within 0\.05 seconds") as caught:
            await account.send_message("room", Draft(text="too late"))
        assert caught.value.sent is False
        assert [one.text for one in (await account.list_messages("room", MessageQuery())).items] == ["hello"]
        program.execute("ROLLBACK")
        program.close()
        await account.send_message("room", Draft(text="in time"))
        assert len((await account.list_messages("room", MessageQuery())).items) == 2
