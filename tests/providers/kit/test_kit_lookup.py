"""Names are asked for once, in batches, and no page fails for want of one."""

import anyio
import pytest

from dragoman.core.context.clock import hurry
from dragoman.core.errors import NotFound, Unavailable
from dragoman.providers.kit.cache import LruCache, TtlCache
from dragoman.providers.kit.lookup import Lookup

pytestmark = pytest.mark.anyio


class People:
    """A service that knows everybody whose id does not begin with x."""

    def __init__(self):
        self.asked = []
        self.failure = None

    async def names(self, ids):
        self.asked.append(list(ids))
        await anyio.lowlevel.checkpoint()
        if self.failure:
            raise self.failure
        return {one: one.upper() for one in ids if not one.startswith("x")}


@pytest.fixture
def clock():
    with hurry():
        from dragoman.core.context.clock import current_clock

        yield current_clock()


@pytest.fixture
def people():
    return People()


async def test_each_id_is_asked_for_once_in_batches(people):
    lookup = Lookup(people.names, batch=2)
    assert await lookup.get_all(["a", "b", "a", None, "", "c"]) == {"a": "A", "b": "B", "c": "C"}
    assert await lookup.get_all(["c", "d"]) == {"c": "C", "d": "D"}
    assert sorted(people.asked) == [["a", "b"], ["c"], ["d"]]


async def test_pages_that_are_read_at_once_share_a_call(people):
    lookup = Lookup(people.names)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(lookup.get_all, ["a", "b"])
    assert people.asked == [["a", "b"]]


async def test_what_the_service_does_not_know_is_not_asked_for_again(people):
    lookup = Lookup(people.names)
    for _ in range(3):
        assert await lookup.get_all(["x1", "a"]) == {"a": "A"}
    assert people.asked == [["x1", "a"]]


@pytest.mark.parametrize(("failure", "seconds"), [(Unavailable("down"), 61), (NotFound("no"), 3601)])
async def test_a_failure_costs_no_page_and_is_tried_again_after_a_while(people, clock, failure, seconds):
    lookup, people.failure = Lookup(people.names), failure
    assert await lookup.get_all(["a"]) == {}
    people.failure = None
    assert await lookup.get_all(["a"]) == {}
    await clock.sleep(seconds)
    assert await lookup.get_all(["a"]) == {"a": "A"}
    assert len(people.asked) == 2


async def test_names_are_asked_for_anew_when_they_are_old(people, clock):
    lookup = Lookup(people.names, ttl=10)
    await lookup.get_all(["a"])
    await clock.sleep(11)
    await lookup.get_all(["a"])
    assert len(people.asked) == 2


async def test_more_ids_than_one_call_may_ask_for_come_next_time(people):
    lookup = Lookup(people.names, batch=1, at_once=2)
    assert len(await lookup.get_all(["a", "b", "c"])) == 2
    assert len(await lookup.get_all(["a", "b", "c"])) == 3


async def test_more_ids_than_the_cache_holds_are_still_told(people):
    lookup = Lookup(people.names, size=3)
    wanted = [f"n{n}" for n in range(10)]
    assert len(await lookup.get_all(wanted)) == 10


async def test_a_cache_drops_what_was_not_used_for_longest():
    cache = LruCache[str, str](2)
    cache.put("a", "1")
    cache.put("b", "2")
    cache.get("a")
    cache.put("c", "3")
    assert ("a" in cache, "b" in cache, "c" in cache, len(cache)) == (True, False, True, 2)


async def test_a_cache_by_size_holds_at_least_the_last_value():
    cache = LruCache[str, str](10, len)
    cache.put("a", "x" * 6)
    cache.put("b", "x" * 6)
    assert list(cache) == ["b"]
    cache.put("b", "x")
    cache.put("a", "x" * 9)
    assert list(cache) == ["b", "a"]
    cache.put("c", "x" * 100)
    assert list(cache) == ["c"]


async def test_a_value_is_good_for_a_while(clock):
    cache = TtlCache[str, int | None](10, ttl=5)
    cache.put("a", 1)
    cache.put("b", 2, ttl=50)
    cache.put("n", None)
    assert (cache.get("a"), cache.entry("n"), cache.entry("m")) == (1, (None,), None)
    await clock.sleep(6)
    assert (cache.get("a"), cache.pop("b"), cache.get("b")) == (None, 2, None)


async def test_a_service_that_is_asked_for_each_id_alone_is_asked_once(clock):
    asked = []

    async def fetch(identifier):
        asked.append(identifier)
        return None if identifier == "x" else identifier.upper()

    lookup = Lookup.one_by_one(fetch)
    assert await lookup.get_all(["a", "x", "b"]) == {"a": "A", "b": "B"}
    assert await lookup.get_all(["a", "x"]) == {"a": "A"}
    assert sorted(asked) == ["a", "b", "x"]
    assert ("x" in lookup, "c" in lookup) == (True, False)
