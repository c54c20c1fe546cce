"""What is new, edited or deleted is told once each, by asking the conversations that moved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import Conflict, NotFound, PermissionDenied, Unavailable
from dragoman.core.model import Author, Conversation, Message, Order, Page
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.providers.kit import ConversationChanges

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["write", "edit", "ask"]), st.integers(0, 6), st.integers(0, 40)), max_size=60
)


class Rooms(Provider):
    """Rooms in memory, which tell what was written last in each, or do not; a page holds ``most`` messages."""

    name = "rooms"

    def __init__(self, *, timed=True, most=100):
        super().__init__(AccountSettings(provider="rooms"))
        self.rooms, self.now, self.timed, self.most, self.asked, self.failing = {}, START, timed, most, [], {}
        self.changes_of_rooms = ConversationChanges.of(self)

    async def list_conversations(self, query):
        self.asked.append("list")
        found = [Conversation(id=room, last_message_at=self._last(room)) for room in self.rooms]
        found.sort(key=lambda one: one.last_message_at or START, reverse=True)
        begin = int(query.cursor or 0)
        more = begin + query.limit < len(found)
        return Page(items=found[begin : begin + query.limit], cursor=str(begin + query.limit) if more else None)

    async def list_messages(self, conversation, query):
        self.asked.append(conversation)
        if conversation in self.failing:
            raise self.failing[conversation]
        found = [one for one in self.rooms[conversation] if query.since is None or one.sent_at >= query.since]
        size, start = min(query.limit, self.most), int(query.cursor or 0)
        if query.order is Order.LATEST:
            found = found[: len(found) - start]
            return Page(items=found[-size:], cursor=str(start + size) if len(found) > size else None)
        return Page(items=found[start : start + size], cursor=str(start + size) if len(found) > start + size else None)

    async def get_message(self, conversation, message):
        found = [one for one in self.rooms[conversation] if one.id == message]
        if not found:
            raise NotFound("It is gone.")
        return found[0]

    async def changes(self, position):
        return await self.changes_of_rooms.changes(position)

    def write(self, room, seconds=1):
        self.now += timedelta(seconds=seconds)
        there = self.rooms.setdefault(room, [])
        id_ = f"m{sum(map(len, self.rooms.values()))}-{self.now.timestamp():.0f}"
        there.append(Message(id=id_, conversation=room, author=Author(name="Ann"), sent_at=self.now, text="Hi"))
        return id_

    def edit(self, room, at):
        self.now += timedelta(seconds=1)
        self.rooms[room][at] = replace(self.rooms[room][at], edited_at=self.now, text="Edited")
        return self.rooms[room][at].id

    def _last(self, room):
        return max((one.sent_at for one in self.rooms[room]), default=None) if self.timed else None


async def told_since(rooms, position):
    """All that is told since a position, and the next one."""
    told = []
    for _ in range(200):
        changes = await rooms.changes(position)
        told += changes.messages
        position = changes.position
        if not changes.more:
            return told, position
    raise AssertionError("The changes do not end.")


@given(OPERATIONS, st.booleans(), st.integers(3, 9), st.integers(1, 30))
@settings(max_examples=250, deadline=None)
def test_each_new_version_of_a_message_is_told_once(operations, timed, most, apart):
    async def run():
        rooms, told, expected = Rooms(timed=timed, most=most), [], []
        for room in range(3):
            rooms.write(f"r{room}")
        position = (await rooms.changes(None)).position
        for operation, room, at in [*operations, ("ask", 0, 0)]:
            there = rooms.rooms.setdefault(f"r{room}", [])
            if operation == "write":
                expected.append((rooms.write(f"r{room}", apart), None))
            elif operation == "edit" and there[-most:]:
                index = len(there) - 1 - at % min(len(there), most)
                expected.append((rooms.edit(f"r{room}", index), rooms.now))
            elif operation == "ask":
                news, position = await told_since(rooms, position)
                told += [(one.id, one.edited_at) for one in news]
        final = {one.id: one.edited_at for there in rooms.rooms.values() for one in there}
        assert len(told) == len(set(told))
        assert {id_ for id_, _ in told} == {id_ for id_, _ in expected}
        # The last version of each was told; what was changed twice between two questions has one.
        assert {pair for pair in told if final[pair[0]] == pair[1]} == {(id_, final[id_]) for id_, _ in expected}

    anyio.run(run)


@pytest.mark.anyio
async def test_what_was_there_before_the_position_is_not_told():
    rooms = Rooms()
    for number in range(200):
        rooms.write(f"r{number % 80}")
    told, position = await told_since(rooms, (await rooms.changes(None)).position)
    assert told == []
    new = rooms.write("r79"), rooms.write("unseen"), rooms.write("r0")
    told, position = await told_since(rooms, position)
    assert tuple(one.id for one in told) == new
    assert (await told_since(rooms, position))[0] == []


@pytest.mark.anyio
async def test_a_deleted_message_is_told_as_deleted_and_one_that_only_hides_is_not():
    rooms = Rooms()
    ids = [rooms.write("r") for _ in range(5)]
    position = (await rooms.changes(None)).position
    hidden = rooms.rooms["r"][1]
    rooms.rooms["r"] = [one for one in rooms.rooms["r"] if one.id not in ids[1:3]]
    get = rooms.get_message

    async def finds_hidden(conversation, message):
        return hidden if message == hidden.id else await get(conversation, message)

    rooms.get_message = finds_hidden
    told, position = await told_since(rooms, position)
    assert [(one.id, one.deleted_at is not None, one.text) for one in told] == [(ids[2], True, "")]
    assert (await told_since(rooms, position))[0] == []


@pytest.mark.anyio
@pytest.mark.parametrize("late", [5, 119, 3600])
async def test_a_message_that_the_service_shows_late_is_told(late):
    rooms = Rooms()
    for _ in range(40):
        rooms.write("r", 1000)
    _, position = await told_since(rooms, (await rooms.changes(None)).position)
    hidden = replace(rooms.rooms["r"][-1], id="late", sent_at=rooms.now - timedelta(seconds=late))
    new = rooms.write("r", 1)
    told, position = await told_since(rooms, position)
    rooms.rooms["r"] = sorted([*rooms.rooms["r"], hidden], key=lambda one: one.sent_at)
    told += (await told_since(rooms, position))[0]
    assert [one.id for one in told] == [new, "late"]


@pytest.mark.anyio
async def test_many_messages_of_one_second_are_all_told():
    rooms = Rooms(most=10)
    rooms.write("r")
    position = (await rooms.changes(None)).position
    expected = [rooms.write("r", 0 if number % 7 else 1) for number in range(95)]
    expected = [one.id for one in rooms.rooms["r"][1:]]
    told, position = await told_since(rooms, position)
    assert sorted(one.id for one in told) == sorted(expected)
    assert (await told_since(rooms, position))[0] == []


@pytest.mark.anyio
@pytest.mark.parametrize("timed", [True, False])
async def test_one_question_makes_a_bounded_number_of_requests(timed):
    rooms = Rooms(timed=timed)
    for number in range(40):
        rooms.write(f"r{number}", 7200)
    position = (await rooms.changes(None)).position
    rooms.asked.clear()
    new = [rooms.write(f"r{number}") for number in range(40)]
    changes = await rooms.changes(position)
    assert len(rooms.asked) == 1 + 12
    assert changes.more
    told, position = await told_since(rooms, changes.position)
    assert sorted(one.id for one in (*changes.messages, *told)) == sorted(new)


@pytest.mark.anyio
async def test_a_question_after_a_quiet_hour_asks_for_the_list_and_the_newest_conversation_alone():
    rooms = Rooms()
    for number in range(9):
        rooms.write(f"r{number}", 7200)
    _, position = await told_since(rooms, (await rooms.changes(None)).position)
    rooms.asked.clear()
    await rooms.changes(position)
    assert rooms.asked == ["list", "r8"]
    rooms.changes_of_rooms = ConversationChanges.of(rooms, lookback=timedelta(0))
    rooms.asked.clear()
    await rooms.changes(position)
    assert rooms.asked == ["list"]


@pytest.mark.anyio
async def test_a_conversation_that_is_closed_is_passed_and_one_that_cannot_be_reached_is_asked_again():
    rooms = Rooms()
    for number in range(3):
        rooms.write(f"r{number}")
    position = (await rooms.changes(None)).position
    new = [rooms.write(f"r{number}") for number in range(3)]
    rooms.failing = {"r0": PermissionDenied("Not here."), "r1": Unavailable("Not now.")}
    changes = await rooms.changes(position)
    assert [one.id for one in changes.messages] == new[2:]
    assert changes.more
    with pytest.raises(Unavailable):
        await rooms.changes(changes.position)
    rooms.failing.clear()
    told, position = await told_since(rooms, changes.position)
    assert [one.id for one in told] == new[1:2]
    told, _ = await told_since(rooms, position)
    assert [one.id for one in told] == new[:1]


@pytest.mark.anyio
@pytest.mark.parametrize("position", ["", "x", "WyJBQUFBQUFBQSIsMCwwLFtdXQ", "é"])
async def test_a_position_of_something_else_is_a_conflict(position):
    with pytest.raises(Conflict):
        await Rooms().changes(position)


@pytest.mark.anyio
async def test_a_position_stays_short_with_many_conversations():
    rooms = Rooms(timed=False)
    for number in range(3000):
        rooms.write(f"room-number-{number % 60}")
    _, position = await told_since(rooms, (await rooms.changes(None)).position)
    assert len(position) < 50_000
