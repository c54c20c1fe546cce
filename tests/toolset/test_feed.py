"""Feeds over a list that is cut anywhere, with and without cursors of the provider's own."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import Conflict, DeadlineExceeded
from dragoman.core.model import Page
from dragoman.toolset.paging.feed import CursorState, Feed, FeedPosition, Source

pytestmark = pytest.mark.anyio


def numbers(count: int, size: int, *, anchors: bool, log: list[str | None] | None = None) -> Source[int]:
    async def fetch(cursor: str | None) -> Page[int]:
        if log is not None:
            log.append(cursor)
        start = int(cursor or 0)
        end = min(start + size, count)
        return Page(items=range(start, end), cursor=str(end) if end < count else None)

    return Source(fetch=fetch, key=str, cursor_after=lambda n: str(n + 1) if anchors else None)


async def read(source: Source[int], place: FeedPosition | None, most: int) -> tuple[list[int], FeedPosition | None]:
    items: list[int] = []
    feed = Feed(source, place or FeedPosition())
    while len(items) < most and await feed.peek() is not None:
        (item,), after = feed.take(1)
        items.append(item)
        place = after(0)
    return items, place


@pytest.mark.parametrize("anchors", [True, False])
@given(count=st.integers(0, 40), size=st.integers(1, 12), cut=st.integers(1, 15))
def test_reading_on_after_any_cut_gives_every_item_once_and_in_order(
    anchors: bool, count: int, size: int, cut: int
) -> None:
    async def walk() -> list[int]:
        source = numbers(count, size, anchors=anchors)
        items, place = await read(source, FeedPosition(), cut)
        while place is not None and items and len(items) < count:
            more, place = await read(source, place, cut)
            items += more
        return items

    assert anyio.run(walk) == list(range(count))


async def test_a_provider_that_can_make_a_cursor_is_not_asked_for_the_same_page_twice() -> None:
    log: list[str | None] = []
    source = numbers(30, 10, anchors=True, log=log)
    _, place = await read(source, None, 4)
    assert place == FeedPosition("4")
    items, _ = await read(source, place, 3)
    assert items == [4, 5, 6]
    assert log == [None, "4"]


async def test_the_last_item_of_the_last_page_leads_nowhere() -> None:
    _, place = await read(numbers(10, 5, anchors=False), None, 10)
    assert place is None


async def test_an_item_that_new_ones_have_pushed_to_a_later_page_is_still_found() -> None:
    newest_first = list(range(20, 0, -1))

    async def fetch(cursor: str | None) -> Page[int]:
        start = int(cursor or 0)
        end = start + 5
        return Page(items=newest_first[start:end], cursor=str(end) if end < len(newest_first) else None)

    source = Source(fetch=fetch, key=str)
    _, place = await read(source, None, 2)
    newest_first[:0] = range(28, 20, -1)
    items, _ = await read(source, place, 100)
    assert items == list(range(18, 0, -1))


async def test_a_list_that_lost_the_place_says_so_instead_of_losing_items() -> None:
    items = list(range(20))

    async def fetch(cursor: str | None) -> Page[int]:
        start = int(cursor or 0)
        return Page(items=items[start : start + 5], cursor=str(start + 5) if start + 5 < len(items) else None)

    source = Source(fetch=fetch, key=str)
    _, place = await read(source, None, 2)
    items.remove(1)
    with pytest.raises(Conflict, match="changed"):
        await read(source, place, 5)


async def test_a_cursor_that_comes_back_ends_the_list() -> None:
    async def fetch(_: str | None) -> Page[int]:
        return Page(items=(), cursor="again")

    assert await read(Source(fetch=fetch, key=str), None, 5) == ([], None)


@given(st.dictionaries(st.text(), st.none() | st.builds(FeedPosition, st.none() | st.text(), st.none() | st.text())))
def test_places_survive_being_kept(places: dict[str, FeedPosition | None]) -> None:
    assert CursorState.from_json(CursorState(places).to_json()) == places


async def test_a_list_of_ever_new_cursors_with_nothing_on_its_pages_is_given_up() -> None:
    async def fetch(cursor: str | None) -> Page[int]:
        return Page(cursor=str(int(cursor or 0) + 1))

    feed = Feed(Source(fetch=fetch, key=str))
    with pytest.raises(DeadlineExceeded, match="goes on and on"):
        await feed.peek()
    assert feed.pages == 100


async def test_empty_pages_before_an_item_are_passed_over() -> None:
    async def fetch(cursor: str | None) -> Page[int]:
        at = int(cursor or 0)
        return Page(items=[7] if at == 60 else [], cursor=str(at + 1) if at < 60 else None)

    feed = Feed(Source(fetch=fetch, key=str))
    assert await feed.peek() == 7
