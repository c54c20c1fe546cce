from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import Author, Message
from dragoman.providers.base.provider import SearchQuery
from dragoman.store import open_store
from dragoman.store.sqlite.store import SqliteStore

START = datetime(2026, 3, 10, tzinfo=UTC)


def message(id_, text="hello", **rest):
    return Message(id=id_, conversation="room", author=Author(name="Ann"), sent_at=START, text=text, **rest)


sights = st.lists(
    st.builds(
        message,
        st.sampled_from("ab"),
        st.sampled_from(["apple", "pear"]),
        partial=st.booleans(),
        reply_to=st.sampled_from([None, "p"]),
        edited_at=st.sampled_from([None, START, START + timedelta(1)]),
        deleted_at=st.sampled_from([None, None, START]),
    ),
    max_size=4,
)


@settings(max_examples=25)
@given(st.lists(st.tuples(sights, st.sampled_from(["full", "numbers", "off"])), max_size=6))
def test_whatever_is_seen_again_a_store_that_remembers_the_last_moment_says_and_keeps_what_a_new_one_does(steps):
    async def see(path, *, anew):
        said = []
        async with open_store(path) as store:
            # Twice each, and all of them later on: the very same messages come again, as a page that was kept does.
            for messages, remember in [*(step for step in steps for _ in range(2)), *steps]:
                one = SqliteStore(store._database) if anew else store
                said.append(await one.messages.number(messages, remember, account="acc"))
            words = [await store.messages.search("acc", SearchQuery(text=word)) for word in ("apple", "pear")]
        return said, [[hit.message for hit in page.items] for page in words]

    async def both():
        with TemporaryDirectory() as folder:
            same = await see(Path(folder) / "same.db", anew=False)
            assert same == await see(Path(folder) / "anew.db", anew=True)

    anyio.run(both)


@pytest.mark.anyio
async def test_what_was_seen_a_moment_ago_has_its_number_while_the_file_is_busy_elsewhere(store, tmp_path):
    page = [message("a"), message("b", reply_to="a")]
    seen = await store.messages.number(page, account="acc")
    async with open_store(tmp_path / "elsewhere.db") as other:
        store.messages._database = other._database
        assert await store.messages.number(page, account="acc") == seen


@pytest.mark.anyio
async def test_what_another_program_has_buried_is_written_down_again_after_a_while(store, tmp_path, clock):
    await store.messages.number([message("a", "apple")], account="acc")
    async with open_store(tmp_path / "dragoman.db") as other:
        await other.messages.number([message("a", "apple", deleted_at=START)], account="acc")
    assert (await store.messages.search("acc", SearchQuery(text="apple"))).items == []
    clock.now += 121
    await store.messages.number([message("a", "apple")], account="acc")
    assert len((await store.messages.search("acc", SearchQuery(text="apple"))).items) == 1
