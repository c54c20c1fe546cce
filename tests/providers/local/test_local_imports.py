import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from local_room import ROOM, START, message, texts

from dragoman.core.errors import Conflict, InvalidArgument, NotFound
from dragoman.core.model import Attachment, Author, Conversation, ConversationKind, Edit, Reaction
from dragoman.providers.base.provider import Change, Draft, MessageQuery, SearchQuery
from dragoman.providers.local import BATCH
from dragoman.store.sql.messages.prepared import index_rows, prepare
from dragoman.store.sql.messages.rows import index_row

pytestmark = pytest.mark.anyio


async def test_a_file_keeps_a_conversation_with_everything_in_it(local):
    rich = message(
        "a",
        subject="Notes",
        status="draft",
        url="https://x.example/1",
        labels=("pinned",),
        reactions=(Reaction(emoji="👍", count=2, by=("Bob",)),),
        attachments=(Attachment(name="notes.docx", id="f1", media_type="text/plain", size=47_000, url="https://x"),),
        history=(Edit(text="helo", at=START),),
        edited_at=START + timedelta(minutes=1),
        extra={"channel": {"x": [1, "π"]}},
    )
    await local.import_conversation(ROOM, [rich])
    assert await local.get_message("room", "a") == rich
    assert await local.get_conversation("room") == replace(ROOM, messages=1, last_message_at=START)


async def test_importing_again_and_again_does_not_double(local):
    many = [message(f"m{n}", n) for n in range(2 * BATCH + 10)]
    assert await local.import_conversation(ROOM, many) == len(many)
    assert await local.import_conversation(ROOM, many) == 0
    assert (await local.get_conversation("room")).messages == len(many)


async def test_messages_without_ids_do_not_double_either(local):
    many = [message("", n, f"text {n}") for n in range(5)]
    assert await local.import_conversation(ROOM, many) == 5
    assert await local.import_conversation(ROOM, many) == 0


async def test_importing_a_file_again_brings_later_edits_deletions_and_reactions(local):
    await local.import_conversation(ROOM, [message("a", 1), message("b", 2), message("c", 3)])
    later = START + timedelta(hours=1)
    thumb = (Reaction(emoji="👍", count=1),)
    changed = [
        message("a", 1, "edited", edited_at=later),
        message("b", 2, deleted_at=later),
        message("c", 3, reactions=thumb),
    ]
    assert await local.import_conversation(ROOM, changed) == 0
    page = await local.list_messages("room", MessageQuery())
    assert [(m.text, m.reactions) for m in page.items] == [("edited", ()), ("hello", thumb)]
    assert page.items[0].history == (Edit(text="hello", at=START + timedelta(seconds=1)),)
    assert page.total == 2


async def test_importing_again_keeps_what_was_changed_here_and_what_was_deleted(local):
    old = [message("a", 1), message("b", 2)]
    await local.import_conversation(ROOM, old)
    await local.update_message("room", "a", Change(text="mine", labels=("kept",)))
    await local.import_conversation(ROOM, [message("b", 2, deleted_at=START)])
    await local.import_conversation(ROOM, old)
    page = await local.list_messages("room", MessageQuery())
    assert [(m.text, m.labels) for m in page.items] == [("mine", ("kept",))]


async def test_importing_again_renames_and_keeps_what_is_not_told(local):
    await local.import_conversation(ROOM, [])
    await local.import_conversation(Conversation(id="room", title="New name"), [])
    renamed = await local.get_conversation("room")
    assert (renamed.title, renamed.kind, renamed.topic, renamed.participants) == (
        "New name",
        ConversationKind.CHANNEL,
        "2.0",
        ("Ann",),
    )


async def test_a_time_that_was_read_wrongly_is_put_right_by_a_later_import(local):
    right, wrong = START + timedelta(hours=2), START + timedelta(days=200)
    await local.import_conversation(ROOM, [message("a", 1), replace(message("b"), sent_at=wrong)])
    for time in (right, right + timedelta(seconds=30)):  # seconds that one of two archives leaves out change nothing
        await local.import_batch([replace(message("b"), sent_at=time)])
        page = await local.list_messages(ROOM.id, MessageQuery())
        assert [(one.id, one.sent_at) for one in page.items] == [("a", START + timedelta(seconds=1)), ("b", right)]
    assert (await local.get_conversation(ROOM.id)).last_message_at == right
    assert not (await local.list_messages(ROOM.id, MessageQuery(since=right + timedelta(hours=1)))).items


LITTLE = Conversation(id=ROOM.id, title=ROOM.id)
"""What an archive tells that knows the id alone."""


async def test_an_archive_that_tells_little_of_a_conversation_takes_nothing_away(local):
    full = replace(ROOM, kind=ConversationKind.GROUP, url="https://x.example", status="archived", extra={"a": 1})
    await local.import_conversation(full, [])
    before = await local.get_conversation(ROOM.id)
    await local.import_conversation(LITTLE, [])
    await local.import_batch([LITTLE])
    await local.import_prepared(prepare([LITTLE]))
    await local.import_batch([replace(LITTLE, kind=ConversationKind.DIRECT)])
    assert await local.get_conversation(ROOM.id) == before


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("order", [1, -1])
async def test_archives_of_one_import_describe_a_conversation_together(local, order, prepared):
    full = replace(ROOM, participants=("Ann",), kind=ConversationKind.GROUP)
    items = [full, replace(LITTLE, participants=("Bo",), members=2), message("a")][::order]
    await (local.import_prepared(prepare(items)) if prepared else local.import_batch(items))
    found = await local.get_conversation(ROOM.id)
    assert (found.title, found.kind, found.topic, found.members) == (full.title, full.kind, full.topic, 2)
    assert sorted(found.participants) == ["Ann", "Bo"]


@pytest.mark.parametrize("indexed", [0, 1])
async def test_all_words_of_a_message_are_found_whichever_process_makes_the_index(local, indexed):
    many = [
        message("a", 1, "the text", subject="Harbour https://x.example/1", edited_at=START),
        message("b", 2, "file", attachments=(Attachment(name="crane.txt"),), subject="Harbour"),
        message("c", 3, "label", labels=("crane",)),
        message("d", 4, "other", url="https://x.example/2"),
    ]
    batch = prepare([ROOM, *many], indexed=indexed)
    assert index_rows(batch.groups[0].columns, 0) == [index_row(one, number) for number, one in enumerate(many)]
    await local.import_prepared(batch)
    for words, ids in (("harbour", {"a", "b"}), ("text", {"a"}), ("crane", {"b"}), ("other", {"d"})):
        assert {hit.message.id for hit in (await local.search_messages(SearchQuery(text=words))).items} == ids


async def test_how_many_read_a_conversation_and_who_is_from_outside_is_kept_with_it(local):
    await local.import_conversation(Conversation(id="room", members=12, external=("Eve <eve@x.example>",)), [])
    told = await local.audience("room")
    assert (told.conversation.members, told.conversation.external) == (12, ("Eve <eve@x.example>",))


async def test_replies_may_stand_before_their_parents_in_a_file(local):
    await local.import_conversation(ROOM, [message("reply", 2, reply_to="root"), message("root", 1)])
    page = await local.list_messages("room", MessageQuery(thread="root"))
    assert [(m.id, m.replies) for m in page.items] == [("root", 1), ("reply", 0)]


async def test_tombstones_are_nowhere(local):
    await local.import_conversation(ROOM, [message("a", text="gone", deleted_at=START), message("b", reply_to="a")])
    assert await texts(local) == ["hello"]
    assert (await local.get_conversation("room")).messages == 1
    assert (await local.search_messages(SearchQuery(text="gone"))).items == []
    with pytest.raises(NotFound):
        await local.get_message("room", "a")
    with pytest.raises(NotFound):
        await local.update_message("room", "a", Change(text="back"))
    with pytest.raises(NotFound):
        await local.send_message("room", Draft(text="re", reply_to="a"))


async def test_an_imported_message_makes_its_conversation(local):
    stored = await local.import_message("new/π 7?", message("", author=Author(name="Zoe")))
    made = await local.get_conversation("new/π 7?")
    assert (made.title, made.messages, made.participants) == ("new/π 7?", 1, ("Zoe",))
    assert stored == await local.get_message("new/π 7?", stored.id)


async def test_importing_one_message_again_changes_nothing(local):
    first = await local.import_message("room", message("x", text="first"))
    assert await local.import_message("room", message("x", text="second", edited_at=START)) == first
    assert await texts(local) == ["first"]


async def test_importing_a_message_does_not_rename_its_conversation(local):
    await local.import_conversation(ROOM, [])
    await local.import_message("room", message("x"))
    kept = await local.get_conversation("room")
    assert (kept.title, kept.kind) == ("Launch room", ConversationKind.CHANNEL)


async def test_a_deleted_message_cannot_be_imported_again(local):
    await local.import_conversation(ROOM, [message("x", deleted_at=START)])
    with pytest.raises(Conflict, match="was deleted"):
        await local.import_message("room", message("x"))


async def test_an_answer_to_a_message_of_elsewhere_is_refused_and_makes_nothing(local):
    await local.import_message("other", message("x"))
    with pytest.raises(InvalidArgument, match="not in this conversation"):
        await local.import_message("room", message("y", reply_to="x"))
    with pytest.raises(NotFound):
        await local.get_conversation("room")


async def test_an_import_of_many_conversations_is_recorded_in_little_memory_and_known_while_all_are_there(local):
    many = 12_000
    await local.import_batch([message("a", conversation=f"thread {n}") for n in range(many)])
    tracemalloc.start()
    try:
        await local.record_import("digest", "report", (f"thread {n}" for n in range(many)))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert await local.find_import("digest") == "report"
    last = f"thread {many - 1}"
    await local.import_batch([message("a", conversation=last, deleted_at=START)])
    assert await local.find_import("digest") is None
