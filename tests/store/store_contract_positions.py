"""Where callers stopped reading news: one position for each caller and question."""

from dragoman.store.cursors import LIFETIME

CALLER = ("ann", "claude")


class PositionsContract:
    """A caller's position is kept for all processes, and no other caller has it."""

    async def test_a_position_comes_back_as_it_was_saved_last(self, store, other):
        assert await store.cursors.load_position(CALLER, "") is None
        await store.cursors.save_position(CALLER, "", {"work": "1"})
        await other.cursors.save_position(CALLER, "", {"work": "2", "home": ["\ud800", None]})
        assert await store.cursors.load_position(CALLER, "") == {"work": "2", "home": ["\ud800", None]}

    async def test_callers_and_questions_have_positions_of_their_own(self, store):
        await store.cursors.save_position(CALLER, "", {"at": 1})
        await store.cursors.save_position(("bo", "claude"), "", {"at": 2})
        await store.cursors.save_position(("ann", "codex\ud800"), "", {"at": 3})
        await store.cursors.save_position(CALLER, "room|unread", {"at": 4})
        found = [
            await store.cursors.load_position(caller, scope)
            for caller, scope in (
                (CALLER, ""),
                (("bo", "claude"), ""),
                (("ann", "codex\ud800"), ""),
                (CALLER, "room|unread"),
            )
        ]
        assert found == [{"at": 1}, {"at": 2}, {"at": 3}, {"at": 4}]

    async def test_a_position_is_forgotten_after_its_lifetime(self, store, clock):
        await store.cursors.save_position(CALLER, "", {"at": 1})
        clock.now += LIFETIME - 1
        assert await store.cursors.load_position(CALLER, "") == {"at": 1}
        clock.now += 10
        assert await store.cursors.load_position(CALLER, "") is None
