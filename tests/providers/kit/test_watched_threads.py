"""Threads of which replies were told are read again for a day, and what changes in them is told once."""

from dataclasses import replace

import pytest
from threaded_workspace import MINUTE, START, Source, Workspace

from dragoman import Author, Message, NotFound, RateLimited
from dragoman.providers.kit import from_us
from dragoman.providers.kit.watched_threads import Watched, WatchedThreads, watch

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
        self.workspace = workspace
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


def threads(source):
    async def is_gone(_, message):
        return all(one[0] != message for one in source.workspace.posts)

    return WatchedThreads(source, is_gone)


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
    found, watched = await threads(source).read(watched, START + HOUR)
    assert [one.id for one in found] == [late[0]]
    assert (await threads(source).read(watched, START + HOUR))[0] == []
    source.edited[late[1]] = from_us(START + 3 * HOUR)
    told = watch(watched, [reply(late[1], root, int(late[1]), START + 3 * HOUR)], START)
    assert (await threads(source).read(told, START + HOUR))[0] == []


async def test_the_threads_take_turns(edits):
    watched = tuple(Watched("c1", f"r{number}", START, START) for number in range(12))
    for time in range(1, 4):
        _, watched = await threads(edits).read(watched, START + time)
    assert sorted(edits.read[:12]) == sorted(one.root for one in watched)
    assert len(edits.read) == 15


@pytest.mark.parametrize("failure", [NotFound("gone"), RateLimited("later")])
async def test_a_thread_that_cannot_be_read_costs_no_other(edits, failure):
    edits.failure = failure
    watched = (Watched("c1", "r1", START, START),)
    found, after = await threads(edits).read(watched, START + HOUR)
    assert found == []
    assert [one.looked > START for one in after] == [isinstance(failure, NotFound)]


def replies(count, root="r1"):
    ids = [f"{START + at * MINUTE}" for at in range(count)]
    workspace = Workspace(posts=[(id_, root, "x", None) for id_ in ids])
    return ids, Edits(workspace), watch((), [reply(id_, root, int(id_)) for id_ in ids], START + HOUR)


async def test_a_reply_that_was_deleted_is_told_once_with_its_thread():
    ids, source, watched = replies(3)
    del source.workspace.posts[1]
    found, watched = await threads(source).read(watched, START + HOUR)
    assert [(one.id, one.reply_to, one.deleted_at is None, one.text) for one in found] == [(ids[1], "r1", False, "")]
    assert (await threads(source).read(watched, START + HOUR))[0] == []


async def test_a_deletion_that_was_told_otherwise_is_not_told_again():
    ids, source, watched = replies(2)
    source.workspace.posts.clear()
    gone = [replace(reply(id_, "r1", int(id_)), deleted_at=from_us(START)) for id_ in ids]
    assert (await threads(source).read(watch(watched, gone, START), START + HOUR))[0] == []
    other = replace(gone[0], reply_to="r2")
    assert watch((), [other], START) == (), "a thread of which nothing was told is not watched for a deletion"


async def test_a_reply_that_the_list_leaves_out_and_that_is_there_is_not_deleted():
    ids, source, watched = replies(2)

    async def nothing(*_):
        return []

    source.ask = nothing
    assert (await threads(source).read(watched, START + HOUR))[0] == []
    assert [one.replies for one in watched] == [tuple(ids)]


async def test_replies_are_gone_with_their_thread_but_not_with_the_right_to_read_the_conversation():
    ids, source, watched = replies(2)
    source.workspace.posts.clear()
    source.failure = NotFound("gone")
    assert [one.id for one in (await threads(source).read(watched, START + HOUR))[0]] == ids

    async def closed(*_):
        raise NotFound("no such conversation")

    source.history = closed
    found, after = await threads(source).read(watched, START + HOUR)
    assert (found, [one.replies for one in after]) == ([], [tuple(ids)])


async def test_a_service_that_keeps_deleted_replies_in_its_lists_tells_their_deletion():
    ids, source, watched = replies(2)
    plain = source.plain

    async def marked(conversation, raw):
        found = await plain(conversation, raw)
        return [replace(one, deleted_at=from_us(START) if one.id == ids[0] else None) for one in found]

    source.plain = marked
    assert [one.id for one in (await threads(source).read(watched, START + HOUR))[0]] == ids[:1]


def test_the_ids_that_a_position_holds_are_bounded_and_those_that_were_told_last_stay():
    told = [reply(f"{at}-{root}", f"r{root}", START + root * MINUTE) for root in range(50) for at in range(40)]
    watched = watch((), told, START)
    assert sum(len(one.replies) for one in watched) == 200
    assert watched[-1].replies[-1] == "39-49"
    assert len(watched) == 50
