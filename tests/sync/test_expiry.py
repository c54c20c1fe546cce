"""``keep``: texts that are too old are dropped, by the clock that is given, and nothing else is."""

from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import apsw
import pytest

from dragoman.accounts.workspace import Workspace
from dragoman.core.context.clock import JumpingClock
from dragoman.core.model import Author, Message
from dragoman.core.queries import SearchQuery
from dragoman.providers.convore import ConvoreProvider
from dragoman.providers.local.settings import LocalSettings
from dragoman.sync import expiry

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
DAY = 24 * 3600


class SetClock(JumpingClock):
    """Shows a time that a test sets."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    def wall(self) -> float:
        return self.now.timestamp()


@pytest.fixture
async def workspace(tmp_path):
    settings = ConvoreProvider.Settings.model_validate(
        {"provider": "convore", "base_url": "http://127.0.0.1:1", "token": "t", "keep": 30}
    )
    always = settings.model_copy(update={"keep": None})
    local = LocalSettings(path=tmp_path / "dragoman.db", keep=1)
    accounts = {"desk": settings, "archive": always, "local": local}
    async with Workspace.open(accounts, tmp_path / "dragoman.db") as opened:
        store = await opened.store()
        for account in accounts:
            await store.messages.number(
                [
                    Message(
                        id=f"m{n}", conversation="room", author=Author(name="Ann"), text=f"needle {n}",
                        sent_at=START + timedelta(days=n),
                    )
                    for n in range(500)
                ],
                account=account,
            )  # fmt: skip
        yield opened


async def hits(workspace, account):
    store = await workspace.store()
    found = await store.messages.search(account, SearchQuery(text="needle", limit=1000))
    return len(found.items)


async def test_texts_go_when_their_days_are_over_in_small_steps(workspace):
    clock = SetClock(START + timedelta(days=330, hours=1))
    assert await expiry.drop_expired(workspace, clock) == 301
    assert len(clock.waits) == 2
    assert await hits(workspace, "desk") == 199
    assert await expiry.drop_expired(workspace, clock) == 0
    clock.now += timedelta(days=9)
    assert await expiry.drop_expired(workspace, clock) == 9


async def test_other_accounts_and_the_local_one_keep_everything(workspace):
    await expiry.drop_expired(workspace, SetClock(START + timedelta(days=9000)))
    assert await hits(workspace, "desk") == 0
    assert await hits(workspace, "archive") == 500
    assert await hits(workspace, "local") == 500


async def test_sync_reads_no_further_back_than_is_kept():
    def since(**given):
        values = {"provider": "convore", "base_url": "http://127.0.0.1:1", "token": "t", **given}
        return ConvoreProvider.Settings.model_validate(values).sync_since(START)

    assert since(sync="all", keep=30) == START - timedelta(days=30)
    assert since(sync="7d", keep=30) == START - timedelta(days=7)
    assert since(sync="1y", keep=30) == START - timedelta(days=30)
    assert since(keep=30) is None


async def test_the_index_of_many_small_writes_is_merged_once_an_hour(workspace, tmp_path):
    store = await workspace.store()
    for n in range(40):
        many = [
            Message(id=f"x{n}-{m}", conversation="side", author=Author(name="Bo"), sent_at=START, text=f"word{n}x{m}")
            for m in range(30)
        ]
        await store.messages.number(many, account="archive")
    before = segments(tmp_path)
    clock = SetClock(START)
    with anyio.move_on_after(20) as scope:

        async def hour(seconds):
            if seconds > 1000:
                scope.cancel()
            await anyio.lowlevel.checkpoint()

        clock.sleep = hour
        await expiry.maintain(workspace, clock)
    assert segments(tmp_path) < before
    assert segments(tmp_path) <= 2
    assert len((await store.messages.search("archive", SearchQuery(text="word39x7"))).items) == 1


def segments(folder):
    con = apsw.Connection(str(folder / "dragoman.db"), flags=apsw.SQLITE_OPEN_READONLY)
    count = con.execute("SELECT count(DISTINCT segid) FROM seen_index_idx").get
    con.close()
    return count
