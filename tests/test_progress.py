import anyio
import pytest

from dragoman.core.context import progress

pytestmark = pytest.mark.anyio


def listener():
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    return heard, listen


async def test_nobody_has_to_listen():
    assert not progress.has_listener()
    await progress.report(1, "said to nobody")


async def test_reports_reach_whoever_listens_and_nobody_afterwards():
    heard, listen = listener()
    with progress.listening(listen):
        assert progress.has_listener()
        await progress.report(1, "one")
    await progress.report(2, "two")
    assert heard == [(1, "one")]


async def test_numbers_grow_even_when_other_work_begins():
    heard, listen = listener()
    with progress.listening(listen):
        for done in (1, 5, 1, 2, 9):
            await progress.report(done, "x")
    assert [done for done, _ in heard] == [1, 5, 6, 7, 9]


async def test_tasks_that_are_started_inside_are_heard_and_others_are_not():
    heard, listen = listener()
    async with anyio.create_task_group() as outside:
        with progress.listening(listen):
            async with anyio.create_task_group() as inside:
                inside.start_soon(progress.report, 1, "inside")
        outside.start_soon(progress.report, 2, "outside")
    assert heard == [(1, "inside")]


async def test_listening_can_be_silenced():
    heard, listen = listener()
    with progress.listening(listen):
        with progress.listening(None):
            assert not progress.has_listener()
            await progress.report(1, "silenced")
        await progress.report(1, "heard")
    assert heard == [(1, "heard")]


async def test_a_listener_that_fails_is_forgotten_with_its_failure():
    async def fail(_done, _text):
        raise RuntimeError

    with pytest.raises(RuntimeError), progress.listening(fail):
        await progress.report(1, "x")
    assert not progress.has_listener()
