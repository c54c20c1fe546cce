"""How often a call waits for PostgreSQL; over a network that is what takes time."""

from contextlib import contextmanager

import psycopg
import pytest
from store_contract_messages import message

from dragoman.core.queries import SearchQuery

pytestmark = pytest.mark.anyio


@contextmanager
def round_trips():
    """Counts how often something was sent and waited for."""
    waits = []
    with pytest.MonkeyPatch.context() as patch:
        wait = psycopg.Connection.wait
        patch.setattr(psycopg.Connection, "wait", lambda *args, **more: (waits.append(1), wait(*args, **more))[1])
        yield waits


@pytest.fixture
async def filled(postgres_store):
    """A store in which 600 messages hold a word, and fewer hold two."""
    await postgres_store.messages.number([message(f"m{n}", f"needle {'thread' * (n % 3)}") for n in range(600)])
    return postgres_store


@pytest.mark.parametrize(("text", "most"), [("needle", 5), ("needle thread", 7)])
async def test_a_page_of_hits_takes_few_round_trips(filled, text, most):
    with round_trips() as waits:
        page = await filled.messages.search("acc", SearchQuery(text=text, limit=20))
    assert len(page.items) == 20
    assert len(waits) <= most
