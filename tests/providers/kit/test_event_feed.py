"""Events are told once each, in parts, however late a service records them within the overlap."""

from datetime import UTC, datetime, timedelta

import anyio
from hypothesis import given
from hypothesis import strategies as st

from dragoman.providers.kit.event_feed import OVERLAP, Event, EventFeed

STEPS = st.lists(
    st.tuples(st.integers(0, 70), st.integers(0, int(OVERLAP.total_seconds()) - 1), st.integers(0, 2)), max_size=12
)


@given(STEPS)
def test_each_event_is_told_once_whenever_it_is_recorded(steps):
    recorded: list[Event[int]] = []
    now = start = datetime.now(UTC)
    told: list[int] = []

    async def fetch(after: datetime) -> list[Event[int]]:
        return [one for one in recorded if one.at > after][::-1]

    async def run() -> None:
        nonlocal now
        feed = EventFeed(fetch)
        position = (await feed.since(None)).position
        for count, late, polls in [*steps, (0, 0, 30)]:
            now += timedelta(seconds=7)
            for _ in range(count):
                at = max(now - timedelta(seconds=late), start)
                recorded.append(Event(f"e{len(recorded)}", at, len(recorded)))
            for _ in range(polls):
                batch = await EventFeed(fetch).since(position)
                position = batch.position
                told.extend(batch.values)
                assert len(batch.values) <= 50

    anyio.run(run)
    assert sorted(told) == list(range(len(recorded)))
