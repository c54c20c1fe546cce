"""A file and PostgreSQL find the same messages, in the same order."""

import random

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from store_contract_messages import message

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Attachment
from dragoman.core.queries import Filter, SearchQuery
from dragoman.store import open_store

WORDS = {
    name: line.split()
    for name, line in {
        "latin": "launch Rückfrage straße Łódź naïve coöperate İstanbul fjord running runs runner run",
        "greek": "Σίσυφος σίσυφοσ ΟΔΟΣ οδός καλημέρα λόγος",
        "cyrillic": "Привет привёт Москва Йод йод ЁЛКА елка",
        "hebrew": "שלום עולם בְּרֵאשִׁית ספר",
        "arabic": "مرحبا العَرَبِيَّة كتاب مدرسة",
        "devanagari": "नमस्ते हिन्दी दुनिया किताब",
        "thai": "สวัสดีครับ ภาษาไทย กรุงเทพมหานคร",
        "chinese": "東京都 北京大學 京都 我愛你 東 大學生",
        "japanese": "カタカナ ひらがな 東京タワー データベース",
        "korean": "안녕하세요 서울특별시 데이터 서울",
        "armenian": "Բարեւ աշխարհ գիրք",
        "georgian": "გამარჯობა მსოფლიო წიგნი",
        "signs": "c++ build_4812 nvsKeyStore a41c9d2 10.0.0.1 v1.2.3 foo-bar >>= #relay $HOME 🚀 👍🏽 user@example.org https://relay.example",
    }.items()
}
EVERY = [word for words in WORDS.values() for word in words]
FILTERS = [Filter("has", "file"), Filter("has", "link"), Filter("label", "Wichtig"), Filter("from", "ann")]

words = st.sampled_from(EVERY)
texts = st.lists(st.one_of(words, words.map(lambda word: word[: max(1, len(word) - 1)])), min_size=1, max_size=12).map(
    " ".join
)
quoted = st.lists(words, min_size=1, max_size=3).map(lambda found: f'"{" ".join(found)}"')
terms = st.one_of(words, quoted, words.map(lambda word: f"{word[:3]}*"), words.map(lambda word: word[1:] or word))
queries = st.lists(
    st.tuples(st.sampled_from(["", "", "", "-", "OR "]), terms).map("".join), min_size=1, max_size=3
).map(" ".join)


async def hits(store, query, *, limit=200):
    """Ids of what is found, page by page, or that the query has nothing to look for."""
    found, cursor = [], None
    try:
        while True:
            page = await store.messages.search("acc", SearchQuery(text=query, limit=limit, cursor=cursor))
            found += [(hit.message.id, hit.excerpt) for hit in page.items]
            cursor = page.cursor
            if cursor is None:
                return found, page.notes, page.advice
    except InvalidArgument as error:
        return str(error)


def empty(server, address):
    """Forget every message."""
    server.execute(
        "TRUNCATE seen_index, seen_words, seen_messages, seen_places, seen_authors CASCADE;"
        " UPDATE index_builds SET messages = 0, lexemes = 0, last_number = 0",
        address.rpartition("/")[2],
    )


async def compare(server, address, documents, asked):
    async with open_store(None) as file, open_store(address) as database:
        empty(server, address)
        messages = [message(str(number), text) for number, text in enumerate(documents)]
        for store in (file, database):
            await store.messages.number(messages)
        for query in asked:
            assert await hits(database, query) == await hits(file, query), query


@given(documents=st.lists(texts, min_size=1, max_size=8), asked=st.lists(queries, min_size=1, max_size=6))
@example(documents=["the " * 300 + "end", "the end"], asked=["the", '"the end"', "the end"])
@example(documents=["w" * 1500, "w" * 1500 + "x"], asked=["w" * 1500, "w" * 300 + "*", "w" * 1400 + "*"])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_and_asked_both_find_the_same(postgres_server, shared_address, documents, asked):
    anyio.run(compare, postgres_server, shared_address, documents, asked)


@pytest.fixture(scope="module")
def shared_address(postgres_server):
    return postgres_server.new_database()


@pytest.mark.anyio
async def test_two_hundred_questions_in_twelve_scripts_find_the_same_in_a_larger_store(postgres_address):
    chance = random.Random(7)
    documents = [
        message(
            str(number),
            " ".join(chance.choices(EVERY, k=chance.randint(1, 40))),
            labels=chance.choice([(), ("Wichtig",), ("other",)]),
            attachments=chance.choice([(), (), (Attachment(name="plan.pdf"),)]),
            subject=chance.choice([None, None, " ".join(chance.choices(EVERY, k=2))]),
        )
        for number in range(400)
    ]
    asked = [" ".join(chance.choices(words, k=count)) for words in WORDS.values() for count in (1, 1, 2, 2, 3)]
    asked += [f'"{" ".join(chance.choices(words, k=2))}"' for words in WORDS.values() for _ in range(2)]
    asked += [f"{chance.choice(words)[:2]}*" for words in WORDS.values()]
    asked += [f"{chance.choice(EVERY)} OR {chance.choice(EVERY)} -{chance.choice(EVERY)}" for _ in range(60)]
    asked += [f"{chance.choice(EVERY)} {chance.choice(EVERY)[1:]}" for _ in range(60)]
    async with open_store(None) as file, open_store(postgres_address) as database:
        for store in (file, database):
            await store.messages.number(documents)
        for query in asked:
            assert await hits(database, query, limit=30) == await hits(file, query, limit=30), query
        for one in FILTERS:
            for text in ("", "launch", "東京都"):
                query = SearchQuery(text=text, filters=(one,), limit=200)
                pages = [await store.messages.search("acc", query) for store in (file, database)]
                assert pages[0].items == pages[1].items
                assert pages[0].items or text


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [7, 45, 300, 600])
async def test_many_equal_hits_are_listed_alike_whatever_a_page_takes(postgres_address, limit):
    chance = random.Random(9)
    variants = ["crane", "cräne", "crane crane", "Crane bird", "a cräne bird", "cranes", "cräne over crane"]
    documents = [message(str(n), chance.choice(variants)) for n in range(1300)]
    async with open_store(None) as file, open_store(postgres_address) as database:
        for store in (file, database):
            await store.messages.number(documents)
        for query in ("crane", "cräne", "crane bird"):
            assert await hits(database, query, limit=limit) == await hits(file, query, limit=limit), query
