"""What every store promises of ids, keys and names that are longer than an index of PostgreSQL takes."""

import random
from dataclasses import replace

from store_contract_leases import NOW, lease_of
from store_contract_messages import message
from store_contract_writes import INTENT

from dragoman.core.model import Conversation
from dragoman.core.rate_budget import Rate
from dragoman.store.coverage import OPEN, Span
from dragoman.store.sync_state import ConversationSync, SyncStep

LONG = random.Random(19).randbytes(3000).hex()
ALIKE = [f"{LONG}a", f"{LONG}b", f"a{LONG}", f"東{LONG}"]
"""Each is another one, and nothing of them can be compressed."""


class LongIdsContract:
    """Texts of thousands of letters are told apart in every table, also where only their ends differ."""

    async def test_conversations_with_long_ids_are_remembered_as_shown(self, store):
        for viewer in ALIKE:
            shown = [("acc", id_) for id_ in ALIKE]
            await store.exposures.record((viewer, viewer), shown)
            await store.exposures.record((viewer, viewer), shown[:1])
            assert sorted(await store.exposures.list((viewer, viewer))) == sorted(shown)

    async def test_callers_with_long_names_have_positions_of_their_own(self, store):
        for turn in range(2):
            for number, name in enumerate(ALIKE):
                await store.cursors.save_position((name, name), name, {"at": [number, turn]})
        for number, name in enumerate(ALIKE):
            assert await store.cursors.load_position((name, name), name) == {"at": [number, 1]}
        assert await store.cursors.load_position((LONG, LONG), LONG) is None

    async def test_writes_with_long_conversations_and_keys_are_told_apart(self, store):
        intents = [replace(INTENT, conversation=id_, key=id_, principal=id_) for id_ in ALIKE]
        entries = [await store.writes.begin(intent) for intent in intents]
        for intent, entry in zip(intents, entries, strict=True):
            assert (await store.writes.begin(intent)).id == entry.id
            assert (await store.writes.find("acc", intent.key, intent.principal)).id == entry.id
            await store.writes.finish(entry.id, "done", intent.conversation)
            assert (await store.writes.find("acc", intent.key, intent.principal)).message == intent.conversation
        assert len({entry.id for entry in entries}) == len(ALIKE)

    async def test_sync_follows_conversations_with_long_ids(self, store):
        lease = await lease_of(store)
        states = [ConversationSync(id=id_, checked_at=NOW, cursor=id_) for id_ in ALIKE]
        for _ in range(2):
            step = SyncStep(
                messages=[message(id_, conversation=id_) for id_ in ALIKE],
                conversations=[Conversation(id=id_, title=id_) for id_ in ALIKE],
                covered=[(id_, Span(NOW, OPEN)) for id_ in ALIKE[:2]],
                states=states,
            )
            await store.sync.commit(lease, step)
        found = await store.sync.conversations("acc", ALIKE)
        assert {id_: one.cursor for id_, one in found.items()} == {id_: id_ for id_ in ALIKE}
        covered = [(await store.sync.coverage("acc", id_)).covers(NOW) for id_ in ALIKE]
        assert covered == [True, True, False, False]
        assert (await store.messages.conversation("acc", ALIKE[3])).title == ALIKE[3]

    async def test_budgets_with_long_names_are_told_apart(self, store):
        rate = Rate(0.001, 1)
        for name in ALIKE:
            assert (await store.rate_budgets.take(name, 1, rate)).wait == 0
            assert (await store.rate_budgets.take(name, 1, rate)).wait > 0
