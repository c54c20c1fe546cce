from dataclasses import replace
from datetime import UTC, datetime

import apsw
import pytest

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Author, Message
from dragoman.store import open_store
from dragoman.store.sqlite.maintenance.verify import verify

pytestmark = pytest.mark.anyio


@pytest.fixture
async def path(store_file):
    """A store of the present version with one of everything."""
    async with open_store(store_file):
        pass
    return store_file


def damage(path, *statements):
    con = apsw.Connection(str(path))
    con.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        con.execute(statement)
    con.close()


async def test_a_sound_store_has_no_problems(path):
    for quick in (True, False):
        found = verify(path, quick=quick)
        assert found.problems == ()
        assert found.messages == 17
        assert found.size == path.stat().st_size


async def test_a_store_that_is_written_to_meanwhile_is_sound(path):
    author, sent_at = Author(name="Ann"), datetime(2026, 3, 10, tzinfo=UTC)
    async with open_store(path) as store:
        for turn in range(3):
            message = Message(id=f"n{turn}", conversation="c", account="a", author=author, sent_at=sent_at, text="new")
            await store.messages.number([message])
            assert verify(path).problems == ()


async def test_deleted_and_changed_messages_are_not_missed_in_the_index(path):
    author, sent_at = Author(name="Ann"), datetime(2026, 3, 10, tzinfo=UTC)
    one = Message(id="n", conversation="c", account="a", author=author, sent_at=sent_at, text="first words")
    async with open_store(path) as store:
        await store.messages.number([one])
        await store.messages.number([replace(one, text="other words")])
        await store.messages.number([replace(one, id="gone")])
        await store.messages.number([replace(one, id="gone", deleted_at=sent_at)])
    assert verify(path).problems == ()


DAMAGES = {
    "a changed text": ("index of the seen", "UPDATE seen_messages SET text = 'another' WHERE number = 1"),
    "a lost index entry": ("index of the local", "DELETE FROM local_index WHERE rowid = 3"),
    "an index entry of nothing": (
        "index of the local",
        "INSERT INTO local_index(rowid, body, parts, scope) VALUES(999, 'ghost', '', '')",
    ),
    "an author that makes no sense": ("rows of the seen", "UPDATE seen_authors SET data = '[1' WHERE author = 1"),
    "details that make no sense": ("rows of the seen", "UPDATE seen_messages SET data = '{]' WHERE number = 4"),
    "a conversation of no kind": ("rows of the local", "UPDATE local_places SET kind = 'x'"),
    "a counter": ("numbers of the local", "UPDATE local_places SET held = 2"),
    "a number that was never given": (
        "numbers of the seen",
        "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'seen_messages'",
    ),
    "a message of no conversation": ("structure", "UPDATE seen_messages SET place = 77 WHERE number = 1"),
    "an outbox entry": ("outbox", "UPDATE writes SET begun = 'x' WHERE entry = 1"),
    "a cursor": ("cursors", "UPDATE cursors SET state = '{'"),
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_what_is_wrong_is_found_and_named(path, name):
    where, statement = DAMAGES[name]
    damage(path, statement)
    problems = verify(path).problems
    assert any(problem.startswith(where) for problem in problems), problems


async def test_a_quick_look_finds_what_is_wrong_with_the_structure_and_the_counts(path, full_store):
    damage(path, "DELETE FROM local_index WHERE rowid = 3")
    assert any("and 12 are there" in problem for problem in verify(path, quick=True).problems)
    path.write_bytes(full_store[:28672] + b"\x05" * 4096 + full_store[32768:])
    assert any(problem.startswith("structure") for problem in verify(path, quick=True).problems)


async def test_a_store_of_an_earlier_version_is_checked_as_it_is(store_file):
    before = store_file.read_bytes()
    assert verify(store_file).problems == ()
    assert store_file.read_bytes() == before


def test_other_files_are_refused(tmp_path):
    with pytest.raises(NotFound):
        verify(tmp_path / "x.db")
    other = apsw.Connection(str(tmp_path / "other.db"))
    other.execute("CREATE TABLE mine(a)")
    other.close()
    with pytest.raises(InvalidArgument, match="another program"):
        verify(tmp_path / "other.db")
