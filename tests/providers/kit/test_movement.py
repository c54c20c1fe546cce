"""Where something happened, as far as the pages of a search by time tell it."""

import pytest

from dragoman import PermissionDenied
from dragoman.providers.kit import Sighting, from_us, recent_of

pytestmark = pytest.mark.anyio
SECOND = 1_000_000
PAGES = [[Sighting("c1", 90, "r1"), Sighting("c2", 80)], [Sighting("c1", 70, "r1"), Sighting("c3", 60)], []]


async def recent(pages, since=None, most=5):
    async def ask(number):
        return [one._replace(at=one.at * SECOND) for one in pages[number - 1]]

    return await recent_of(ask, None if since is None else from_us(since * SECOND), full=2, most=most)


async def test_without_a_time_the_first_page_tells_the_liveliest_conversations():
    found = await recent(PAGES)
    assert found.newest == {"c1": 90 * SECOND, "c2": 80 * SECOND}
    assert found.answered == {"c1": {"r1": 90 * SECOND}}


@pytest.mark.parametrize(("since", "newest"), [(85, {"c1", "c2"}), (75, {"c1", "c2", "c3"}), (1, {"c1", "c2", "c3"})])
async def test_pages_are_read_until_they_reach_back_far_enough(since, newest):
    assert (await recent(PAGES, since)).newest.keys() == newest


async def test_nobody_knows_where_too_much_happened_or_nothing_did_or_the_search_is_refused():
    async def refuse(_):
        raise PermissionDenied("No.")

    assert await recent(PAGES, 1, most=2) is None
    assert await recent([[]]) is None
    assert await recent_of(refuse, None, full=2, most=5) is None
