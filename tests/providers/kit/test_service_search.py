"""A search by a service is asked in its language, once for each alternative, and each hit comes once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dragoman import Author, InvalidArgument, Message, SearchQuery
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
    return Message(
        id=f"m{number}",
        conversation="c1",
        author=Author(name="Ann"),
        sent_at=DAY + timedelta(hours=number),
        text=f"[number] {number}",
    )


class Service:
    """Has the numbers that each word means."""

    def __init__(self, **numbers):
        self.numbers, self.asked = numbers, []
        self.search = ServiceSearch(self.ask, LANGUAGE, most=3)

    async def ask(self, asked):
        words, is_ranked, position, _ = asked
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


async def test_a_service_that_knows_an_or_is_asked_once_and_its_token_asks_for_the_next_page():
    asked = []

    async def ask(question):
        asked.append((question.words, question.position.token))
        return SearchPart([hit(len(asked))], token="second" if len(asked) == 1 else None)

    search = ServiceSearch(ask, most=3, either=" OR ", storable=False)
    first = await search.page(SearchQuery(text="pier OR quay"))
    last = await search.page(SearchQuery(text="pier OR quay", cursor=first.cursor))
    assert asked == [("pier OR quay", None), ("pier OR quay", "second")]
    assert (first.storable, first.total, last.cursor) == (False, None, None)


async def test_what_matched_is_told_apart_from_the_text_and_other_conversations_are_left_out():
    async def ask(_):
        return SearchPart([hit(1), replace(hit(2), conversation="c2")])

    search = ServiceSearch(ask, most=3, marks=("[", "]"))
    [found] = (await search.page(SearchQuery(text="number", conversation="c1"))).items
    assert (found.message.id, found.message.text, found.highlights) == ("m1", "number 1", ((0, 6),))
