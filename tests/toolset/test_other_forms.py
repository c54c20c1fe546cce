"""Where nothing has the words as they were typed, a search tries how other people write them, and says so."""

import re

import pytest

from dragoman.accounts.workspace import Workspace
from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.local import LocalSettings
from dragoman.toolset import ToolServices, call_tool

pytestmark = pytest.mark.anyio

FORMS = [
    ("see the e-mail about the data base", "database"),
    ("see the email list", "e-mail"),
    ("the database is down", "data base"),
    ("the database is down", "data-base"),
    ("set up the log in page", "login"),
    ("our web site is new", "website"),
    ("use the filename here", "file name"),
    ("the wifi is broken", "wi-fi"),
    ("don't stop", "dont"),
    ("dont stop", "don't"),
    ("it's fine", "its fine"),
    ("costs 1,000 EUR", "1000"),
    ("HTTP/2 rocks", "http2"),
    ("Relay is deployed", "re-lay"),
    ("the deployment of Relay", "deployment,relay"),
    ("the deployment of Relay", "deployment/relay"),
    ("the deployment of Relay", "deployment and relay"),
    ("the deployment of Relay", "deployment & relay"),
    ("the deployment of Relay", "deployment or banana"),
    ("the deployment of Relay", "deployment^2 relay~1"),
    ("Müller schrieb", "Mueller"),
    ("Mueller schrieb", "Müller"),
    ("كتاب جديد", "الكتاب"),
    ("الكتاب جديد", "كتاب"),
]
SIGNS = [
    "deployment && relay",
    "deployment || banana",
    "deployment | banana",
    "deployment \u2212banana",
    "deployment \u2013banana",
]
OPERATORS = ["text:deployment", 'body:"of Relay"', "deployment by:maria", "deployment date:2026-03-10"]


@pytest.fixture
async def services(tmp_path):
    path = tmp_path / "dragoman.db"
    async with Workspace.open({"local": LocalSettings(provider="local", path=path)}, path) as workspace:
        yield ToolServices(workspace)


async def say(services, *texts):
    provider = await services.workspace.account("local").provider()
    messages = [
        Message(id=f"m{n}", conversation="room", author=Author(name="Maria Koch"), sent_at=None, text=text)
        for n, text in enumerate(texts)
    ]
    await provider.import_conversation(Conversation(id="room", title="Room"), messages)


async def found(services, query, **arguments):
    return (await call_tool(services, "search_messages", {"query": query, **arguments})).text


@pytest.mark.parametrize(("text", "query"), FORMS)
async def test_a_text_is_found_by_the_form_that_somebody_else_would_write(services, text, query):
    await say(services, "nothing of it", text)
    answer = await found(services, query)
    assert answer.startswith("1 hit ")
    assert "so other forms of it were searched." in answer


@pytest.mark.parametrize("query", SIGNS)
async def test_signs_of_other_systems_join_and_exclude_words(services, query):
    await say(services, "nothing of it", "the deployment of Relay")
    assert (await found(services, query)).startswith("1 hit ")


@pytest.mark.parametrize("query", OPERATORS)
async def test_operators_of_other_systems_mean_what_they_say(services, query):
    provider = await services.workspace.account("local").provider()
    message = Message(
        id="m1", conversation="room", author=Author(name="Maria Koch"), text="the deployment of Relay",
        sent_at=services.clock().replace(year=2026, month=3, day=10, hour=9),
    )  # fmt: skip
    await provider.import_conversation(Conversation(id="room", title="Room"), [message])
    assert (await found(services, query)).startswith("1 hit ")


async def test_the_form_that_was_typed_is_searched_alone_where_it_is_found(services):
    await say(services, "the wifi is broken", "the wi-fi is broken")
    answer = await found(services, "wi-fi")
    assert answer.startswith("1 hit ")
    assert "other forms" not in answer


async def test_pages_of_other_forms_follow_each_other(services):
    await say(services, *(f"data base {n}" for n in range(25)))
    numbers, cursor = [], {}
    for _ in range(10):
        answer = await found(services, "database", limit=4, **cursor)
        numbers += re.findall(r"(?m)^(\d+) ", answer.partition("\n")[2])
        more = re.search(r"more: cursor (\w+)", answer)
        if more is None:
            break
        cursor = {"cursor": more[1]}
    assert len(numbers) == len(set(numbers)) == 25


@pytest.mark.parametrize("query", ["zzyzx", "zzyzx-quux", "zzyzx quux", "12345", "zzyzx^2", "and", "or", "& |"])
async def test_what_no_form_finds_ends_in_advice(services, query):
    await say(services, "nothing of it")
    header, *notes = (await found(services, query)).split("\n")
    assert header.startswith("0 hits")
    assert notes
