"""A search that finds nothing says what was searched and what would find more, in every script and of every account."""

import pytest
from fake_chat import DAY

from dragoman.accounts.provider_registry import provider_class
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.sync.runner import accounts_to_sync, keep_current
from dragoman.toolset import ToolServices, call_tool

pytestmark = pytest.mark.anyio

WORDS = {
    "latin": "quokka",
    "greek": "καρχαρίας",
    "cyrillic": "кенгуру",
    "hebrew": "תמנון",
    "arabic": "أخطبوط",
    "devanagari": "ऑक्टोपस",
    "tamil": "கங்காரு",
    "thai": "ปลาหมึกยักษ์",
    "han": "袋鼠標本",
    "kana": "カンガルー",
    "hangul": "캥거루가",
    "georgian": "კენგურუ",
}
FORMS = [
    "{}",
    '"{} {}"',
    "{} OR {}x",
    "{} -deployment",
    "-{} -old -deployment",
    "from:{}",
    "from:Bo {}",
    "{} after:2020-01-01",
    "{} before:1999-01-01",
    "{} on:2024-02-30",
    "{} has:file",
    "{} has:link",
    "{} is:unread",
    "label:{}",
    "subject:{}",
    "({} OR {}x) AND old",
    "{}*",
    "in:#nowhere-{} old",
]
PLACES = [
    {},
    {"account": "held"},
    {"account": "part"},
    {"account": "never"},
    {"conversation": "held:deck"},
    {"conversation": "part:deck"},
    {"conversation": "never:deck"},
    {"author": "Bo"},
    {"since": "2d"},
]


@pytest.fixture
async def services(world):
    """One account that is held, one whose service searches and that is held in part, and one that is not kept."""
    kinds = {"held": ("telling", "all"), "part": ("searching", "5d"), "never": ("silent", None)}
    settings = {}
    for name, (kind, sync) in kinds.items():
        world.service(name).fill("deck", 12)
        world.service(name).post("deck", "The deployment is done", ago=DAY)
        settings[name] = provider_class(kind).Settings(provider=kind, sync=sync, chat=name)
    async with Workspace.open(settings, world.path) as workspace:
        await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
        yield ToolServices(workspace, clock=world.clock.time)


@pytest.mark.parametrize("script", WORDS)
async def test_no_search_ends_in_a_bare_number(services, script):
    silent = []
    for number, form in enumerate(FORMS):
        query = form.replace("{}", WORDS[script])
        # Every form everywhere in one script; in the others each form in two places, others than in the script before.
        turn = (number + 2 * list(WORDS).index(script)) % len(PLACES)
        for place in PLACES if script == "latin" else (PLACES[turn], PLACES[turn - 4]):
            header, *rest = (await answer_of(services, query, place)).splitlines()
            if header.startswith("0 hits") and not any(line.strip() for line in rest):
                silent.append((query, place, header))
    assert silent == []


async def answer_of(services, query, place):
    """The text that the assistant reads, also where the question cannot be answered."""
    try:
        return (await call_tool(services, "search_messages", {"query": query, **place})).text
    except DragomanError as error:
        return str(error.sentences)


@pytest.mark.parametrize(("place", "is_told"), [("never", True), ("part", False), ("held", False)])
async def test_an_index_of_what_happened_to_be_read_is_not_taken_for_the_whole_account(services, place, is_told):
    answer = await answer_of(services, "quokka", {"account": place})
    assert answer.startswith("0 hits")
    assert ("has only what was read of never so far" in answer) is is_told
