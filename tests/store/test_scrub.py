"""Of what is forgotten nothing is left in the file, in its -wal file and in its index."""

from contextlib import closing
from pathlib import Path

import anyio
import apsw
import pytest
from store_contract_messages import message

from dragoman.core.errors import Unavailable
from dragoman.core.model import Author, Conversation
from dragoman.core.queries import SearchQuery
from dragoman.store import open_store
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.store import SqliteStore

pytestmark = pytest.mark.anyio

SECRETS = (b"xylophonist", b"Quetzalcoatlus", b"Zanzibarian", b"m-secret-id", b"Okapi")


def bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()) if file.name.startswith(path.name))


async def fill(store) -> None:
    secret = [
        message(
            f"m-secret-id{n}", f"the xylophonist {n} plays " + "on and on " * 60, author=Author(name="Zanzibarian"),
            conversation="hidden", subject="Okapi",
        )
        for n in range(400)
    ]  # fmt: skip
    for start in range(0, 400, 50):
        await store.messages.number(secret[start : start + 50])
        await store.messages.number([message(f"open{start + n}", f"kept word {n}") for n in range(50)])
    await store.messages.remember_conversations([Conversation(id="hidden", account="acc", title="Quetzalcoatlus")])


async def test_nothing_is_left_of_what_was_forgotten(tmp_path):
    path = tmp_path / "dragoman.db"
    async with open_store(path) as store:
        await fill(store)
        held = bytes_of(path)
        assert all(secret in held or secret.lower() in held for secret in SECRETS)
        await store.retention.forget("acc", "hidden")
        await store.retention.scrub()
        held = bytes_of(path).lower()
        assert [secret for secret in SECRETS if secret.lower() in held] == []
        assert len((await store.messages.search("acc", SearchQuery(text="kept", limit=200))).items) == 200
    assert [secret for secret in SECRETS if secret.lower() in bytes_of(path).lower()] == []
    with closing(apsw.Connection(str(path))) as con:
        assert con.execute("PRAGMA integrity_check").get == "ok"


async def test_other_processes_read_and_write_while_it_goes(tmp_path, monkeypatch):
    path = tmp_path / "dragoman.db"
    async with open_store(path) as store:
        await fill(store)
        monkeypatch.setattr(Database, "_shared", {})
        async with SqliteStore.open(path) as server, anyio.create_task_group() as group:

            async def forget():
                await store.retention.forget("acc", "hidden")
                await store.retention.scrub()
                done.set()

            done = anyio.Event()
            group.start_soon(forget)
            written = 0
            while not done.is_set() or written < 3:
                (new,) = await server.messages.number([message(f"while{written}", "during words")])
                assert await server.messages.locate(new.number) == ("acc", "room", f"while{written}")
                written += 1
            page = await server.messages.search("acc", SearchQuery(text="during", limit=200))
            assert len(page.items) == min(written, 200)
            await server.check()


async def test_an_earlier_state_that_somebody_reads_is_told(tmp_path, monkeypatch):
    path = tmp_path / "dragoman.db"
    monkeypatch.setattr("dragoman.store.sqlite.connections.open_file.open_writer", impatient)
    async with open_store(path) as store:
        await fill(store)
        with closing(apsw.Connection(str(path))) as reader:
            reader.execute("BEGIN; SELECT count(*) FROM seen_messages").fetchone()
            await store.retention.forget("acc", "hidden")
            with pytest.raises(Unavailable, match="keeps an earlier state"):
                await store.retention.scrub()
            reader.execute("ROLLBACK")
        await store.retention.scrub()
        assert b"xylophonist" not in bytes_of(path)


def impatient(path: Path, _patience: float) -> apsw.Connection:
    return apsw.Connection(str(path))
