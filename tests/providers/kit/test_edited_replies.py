"""Threads of which replies were told are read again for a day, and each edit in them is told once."""

from dataclasses import replace

import pytest
from threaded_workspace import MINUTE, START, Source, Workspace

from dragoman import Author, Message, NotFound, RateLimited
from dragoman.providers.kit import from_us
from dragoman.providers.kit.edited_replies import EditedReplies, Watched, watch

pytestmark = pytest.mark.anyio
HOUR = 60 * MINUTE


def reply(id_, root, at, edited=None):
    return Message(
        id=id_,
        conversation="c1",
        author=Author(name="Ann"),
        sent_at=from_us(at),
        text="x",
        reply_to=root,
        edited_at=None if edited is None else from_us(edited),
    )


class Edits(Source):
    """Replies that were edited, by their ids."""

    def __init__(self, workspace):
        super().__init__(workspace)
        self.edited, self.read, self.failure, self.plain = {}, [], None, self.to_messages
        self.ask, self.replies, self.to_messages = self.replies, self.counted, self.dated

    async def counted(self, conversation, root, since=None):
        self.read.append(root)
        if self.failure is not None:
            raise self.failure
        return await self.ask(conversation, root, since)

    async def dated(self, conversation, raw, part=None):
        found = await self.plain(conversation, raw)
        return [replace(one, edited_at=self.edited.get(one.id)) for one in found]


@pytest.fixture
def edits():
    return Edits(Workspace())


def test_threads_are_watched_from_their_first_reply_until_nobody_answers_for_a_day():
    first = watch((), [reply("1", "r1", START), reply("2", "r2", START + HOUR)], START + HOUR)
    assert [(one.root, one.until) for one in first] == [("r1", START), ("r2", START + HOUR)]
    later = watch(first, [reply("3", "r2", START + 20 * HOUR)], START + 24 * HOUR)
    assert [(one.root, one.until, one.looked) for one in later] == [("r2", START + 20 * HOUR, START + HOUR)]
    root = replace(reply("4", None, START), reply_to=None)
    gone = replace(reply("5", "r9", START), deleted_at=from_us(1))
    assert watch((), [root, gone], START) == ()
    many = watch((), [reply(str(at), f"r{at}", START + at) for at in range(90)], START)
    assert [one.root for one in many] == [f"r{at}" for at in range(40, 90)]


async def test_an_edit_is_told_once_and_one_that_was_told_otherwise_is_not_told_again():
    root = "r1"
    late = [f"{START + at * MINUTE}" for at in range(2)]
    workspace = Workspace(posts=[(id_, root, "x", None) for id_ in late])
    source = Edits(workspace)
    watched = watch((), [reply(id_, root, int(id_)) for id_ in late], START + HOUR)
    source.edited[late[0]] = from_us(START + 2 * HOUR)
    found, watched = await EditedReplies(source).read(watched, START + HOUR)
    assert [one.id for one in found] == [late[0]]
    assert (await EditedReplies(source).read(watched, START + HOUR))[0] == []
    source.edited[late[1]] = from_us(START + 3 * HOUR)
    told = watch(watched, [reply(late[1], root, int(late[1]), START + 3 * HOUR)], START)
    assert (await EditedReplies(source).read(told, START + HOUR))[0] == []


async def test_the_threads_take_turns(edits):
    watched = tuple(Watched("c1", f"r{number}", START, START) for number in range(12))
    for time in range(1, 4):
        _, watched = await EditedReplies(edits).read(watched, START + time)
    assert sorted(edits.read[:12]) == sorted(one.root for one in watched)
    assert len(edits.read) == 15


@pytest.mark.parametrize("failure", [NotFound("gone"), RateLimited("later")])
async def test_a_thread_that_cannot_be_read_costs_no_other(edits, failure):
    edits.failure = failure
    watched = (Watched("c1", "r1", START, START),)
    found, after = await EditedReplies(edits).read(watched, START + HOUR)
    assert found == []
    assert [one.looked > START for one in after] == [isinstance(failure, NotFound)]
