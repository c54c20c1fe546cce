"""What was shown is written down for all processes, also after a call that was cancelled while it wrote."""

from datetime import UTC, datetime

import anyio
import pytest

from dragoman.store import open_store
from dragoman.toolset.policy.flow_guard import ExposureLog, Viewer

pytestmark = pytest.mark.anyio
ANN = Viewer("ann", "claude")
ROOM, OTHER = ("work", "room"), ("work", "other")
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


async def test_what_a_cancelled_call_could_not_write_down_is_written_by_the_next_one():
    async with open_store(None) as store:
        log, record = ExposureLog(), store.exposures.record
        waiting = anyio.Event()

        async def slow(viewer, places):
            waiting.set()
            await anyio.sleep_forever()

        store.exposures.record = slow
        async with anyio.create_task_group() as group:
            group.start_soon(log.record, store, ANN, [ROOM], NOW)
            await waiting.wait()
            group.cancel_scope.cancel()
        store.exposures.record = record
        assert await ExposureLog().elsewhere(store, ANN, OTHER, NOW) == []
        await log.record(store, ANN, [ROOM], NOW)
        assert await ExposureLog().elsewhere(store, ANN, OTHER, NOW) == [ROOM]  # as another process sees it
