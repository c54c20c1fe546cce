"""A search by a service is asked in its language, once for each alternative, and each hit comes once."""

from datetime import UTC, datetime, timedelta

import pytest

from dragoman import Author, Hit, InvalidArgument, Message, SearchQuery
from dragoman.core.queries import Filter
from dragoman.providers.kit import SearchLanguage, SearchPart, ServiceSearch

pytestmark = pytest.mark.anyio
DAY = datetime(2026, 3, 10, 12, tzinfo=UTC)


async def place(conversation):
    return f"in:{conversation}"


async def author(name):
    return f"from:{name}" if name == "ann" else ""


LANGUAGE = SearchLanguage(place=place, author=author, wider=timedelta(days=1))


@pytest.mark.parametrize(
    ("query", "operators"),
    [
        ({}, ""),
        ({"conversation": "c1", "author": "ann"}, "in:c1 from:ann"),
        ({"author": "nobody"}, ""),
        ({"since": DAY, "until": DAY}, "after:2026-03-09 before:2026-03-11"),
        ({"filters": (Filter(name="in", value="c2", negated=True),)}, "-in:c2"),
        ({"filters": (Filter(name="from", value="nobody", negated=True),)}, ""),
        ({"filters": (Filter(name="has", value="file"), Filter(name="is", value="unread"))}, "has:file"),
    ],
)
async def test_a_search_is_narrowed_in_the_language_of_the_service(query, operators):
    assert await LANGUAGE.operators(SearchQuery(text="x", **query)) == operators


def hit(number):
    message = Message(
        id=f"m{number}",
        conversation="c1",
        author=Author(name="Ann"),
        sent_at=DAY + timedelta(hours=number),
        text=f"number {number}",
    )
    return Hit(message=message)


class Service:
    """Has the numbers that each word means."""

    def __init__(self, **numbers):
        self.numbers, self.asked = numbers, []
        self.search = ServiceSearch(self.ask, LANGUAGE, most=3)

    async def ask(self, words, is_ranked, position):
        self.asked.append((words, is_ranked, position.page))
        found = self.numbers[words.split()[0] if words else ""]
        start = (position.page - 1) * position.count
        page = found[start : start + position.count]
        return SearchPart([hit(one) for one in page], start + len(page) < len(found), len(found))

    async def page(self, text, **members):
        page = await self.search.page(SearchQuery(text=text, **members))
        return [one.message.id for one in page.items], page


async def test_pages_follow_one_another_with_the_size_of_the_first():
    service = Service(pier=list(range(7)))
    found, page = await service.page("pier", limit=50)
    assert (found, page.total) == (["m0", "m1", "m2"], 7)
    more, page = await service.page("pier", limit=1, cursor=page.cursor)
    assert more == ["m3", "m4", "m5"]
    last, page = await service.page("pier", cursor=page.cursor)
    assert (last, page.cursor) == (["m6"], None)


async def test_what_two_alternatives_find_comes_once_and_no_sum_of_them_is_told():
    service = Service(pier=[1, 2], quay=[2, 3])
    found, page = await service.page("pier OR quay")
    assert (found, page.total) == (["m1", "m2", "m3"], None)
    assert [words for words, _, _ in service.asked] == ["pier", "quay"]


async def test_a_search_without_words_is_not_ranked_and_hits_outside_of_the_window_are_left_out():
    service = Service(**{"after:2026-03-09": [0, 5, 9]})
    found, _ = await service.page("", since=DAY + timedelta(hours=4))
    assert found == ["m5", "m9"]
    assert service.asked == [("after:2026-03-09", False, 1)]


async def test_a_cursor_of_another_search_is_refused():
    service = Service(pier=list(range(7)), quay=[1])
    _, page = await service.page("pier")
    with pytest.raises(InvalidArgument):
        await service.page("quay", cursor=page.cursor)
