"""What every store promises of forgetting; see ``dragoman.store.retention``."""

from datetime import UTC, datetime, timedelta

import pytest
from store_contract_messages import START, message
from store_contract_writes import LINE

from dragoman.core.model import Author, Conversation
from dragoman.core.queries import SearchQuery
from dragoman.store.retention import Amount

LATER = START + timedelta(days=400)


async def _fill(store):
    room = [message(f"a{n}", f"needle {n}", sent_at=START + timedelta(days=n)) for n in range(20)]
    side = [message(f"b{n}", "needle aside", conversation="side", sent_at=LATER) for n in range(3)]
    other = [message("c", "needle elsewhere", account="other", author=Author(name="Zoe"))]
    numbered = await store.messages.number([*room, *side, *other])
    await store.messages.remember_conversations(
        [Conversation(id=id_, account="acc", title=f"Title {id_}") for id_ in ("room", "side")]
    )
    return numbered


async def _hits(store, account="acc"):
    return [
        hit.message.id for hit in (await store.messages.search(account, SearchQuery(text="needle", limit=50))).items
    ]


class RetentionContract:
    """What is forgotten is gone, and nothing else is."""

    async def test_an_account_is_forgotten_and_the_others_are_not(self, store):
        await _fill(store)
        assert await store.retention.amount("acc") == Amount(2, 23)
        assert await store.retention.forget("acc") == Amount(2, 23)
        assert await store.retention.amount("acc") == Amount(0, 0)
        assert await _hits(store) == []
        assert await store.messages.conversations("acc") == []
        assert await _hits(store, "other") == ["c"]
        assert await store.retention.accounts() == ["other"]

    async def test_one_conversation_is_forgotten(self, store):
        await _fill(store)
        assert await store.retention.forget("acc", "room") == Amount(1, 20)
        assert sorted(await _hits(store)) == ["b0", "b1", "b2"]
        assert await store.messages.conversation("acc", "room") is None
        assert (await store.messages.conversation("acc", "side")).title == "Title side"

    async def test_numbers_are_never_given_again(self, store):
        numbered = await _fill(store)
        await store.retention.forget("acc")
        await store.retention.forget("other")
        assert await store.messages.locate(numbered[0].number) is None
        (again,) = await store.messages.number([message("new", "needle again")])
        assert again.number > max(one.number for one in numbered)

    async def test_what_is_unknown_is_forgotten_without_a_trace(self, store):
        await _fill(store)
        assert await store.retention.forget("nobody") == Amount(0, 0)
        assert await store.retention.forget("acc", "nowhere") == Amount(0, 0)
        assert len(await _hits(store)) == 23

    @pytest.mark.parametrize("limit", [3, 100])
    async def test_texts_expire_by_the_time_of_the_message_and_numbers_stay(self, store, limit):
        numbered = await _fill(store)
        cut = START + timedelta(days=10)
        dropped = []
        while not dropped or dropped[-1] == limit:
            dropped.append(await store.retention.expire("acc", cut, limit))
        assert sum(dropped) == 10
        assert sorted(await _hits(store)) == sorted([*(f"a{n}" for n in range(10, 20)), "b0", "b1", "b2"])
        assert await store.messages.locate(numbered[0].number) == ("acc", "room", "a0")
        page = await store.messages.search("acc", SearchQuery(text="needle", conversation="room"))
        assert page.back_to == cut

    async def test_an_expired_message_that_is_read_again_has_its_number(self, store):
        numbered = await _fill(store)
        await store.retention.expire("acc", START + timedelta(days=10), 100)
        (again,) = await store.messages.number([message("a1", "needle anew", sent_at=START + timedelta(days=1))])
        assert again.number == numbered[1].number
        assert "a1" in await _hits(store)

    async def test_what_has_no_time_does_not_expire(self, store):
        await store.messages.number([message("x", "needle", sent_at=None)])
        assert await store.retention.expire("acc", datetime(3000, 1, 1, tzinfo=UTC), 100) == 0
        assert await _hits(store) == ["x"]

    async def test_the_audit_log_stays(self, store):
        await store.audit.record(LINE)
        await store.retention.forget(LINE.account)
        await store.retention.scrub()
        assert len(await store.audit.read(10)) == 1

    async def test_after_scrubbing_everything_else_is_found(self, store, other):
        await _fill(store)
        await store.retention.forget("acc", "room")
        await store.retention.scrub()
        assert sorted(await _hits(other)) == ["b0", "b1", "b2"]
        await other.messages.number([message("d", "needle anew")])
        assert len(await _hits(store)) == 4
