"""A title is cached for a minute, for the person who asked, and within bounds."""

import pytest

from dragoman.core.context.clock import current_clock, hurry
from dragoman.core.context.impersonation import acting_for
from dragoman.core.references import Reference
from dragoman.toolset.addressing.titles import TitleCache

ROOM = Reference("notes", "room-1")
pytestmark = pytest.mark.anyio


@pytest.fixture
def cache():
    with hurry():
        yield TitleCache()


def test_a_title_is_found_again_by_the_same_person_only(cache):
    cache.put("Plans", ROOM)
    assert cache.get("Plans") == ROOM
    assert cache.get("plans") is None
    token = acting_for.set("bo@example.com")
    assert cache.get("Plans") is None
    cache.put("Plans", Reference("notes", "room-2"))
    acting_for.reset(token)
    assert cache.get("Plans") == ROOM


async def test_a_title_is_forgotten_after_a_minute(cache):
    cache.put("Plans", ROOM)
    await current_clock().sleep(59)
    assert cache.get("Plans") == ROOM
    await current_clock().sleep(2)
    assert cache.get("Plans") is None


def test_of_many_titles_the_last_stay_and_a_very_long_one_is_not_kept(cache):
    for number in range(300):
        cache.put(f"Title {number}", ROOM)
    assert [cache.get(f"Title {number}") for number in (0, 99)] == [None, None]
    assert cache.get("Title 299") == ROOM
    cache.put("x" * 501, ROOM)
    assert cache.get("x" * 501) is None
