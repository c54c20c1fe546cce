"""What an assistant does is reported in short lines, and a doubtful outcome is looked up without new failures."""

import anyio
import pytest

from dragoman.core.context import progress
from dragoman.core.context.clock import hurry
from dragoman.core.errors import OutcomeUnknown, Unavailable
from dragoman.providers.kit import AnswerProgress, broken_answer, look_repeatedly, look_up

pytestmark = pytest.mark.anyio


@pytest.fixture
def heard():
    lines = []

    async def listen(done, text):
        lines.append((done, text))

    with progress.listening(listen):
        yield lines


async def test_steps_are_reported_on_one_clean_line_and_cut(heard):
    reporting = AnswerProgress(12)
    await reporting.step(" Searching\n\x1b[31mfor everything")
    await reporting.step("Reading")
    assert [done for done, _ in heard] == [1, 2]
    assert len(heard[0][1]) <= 12
    assert "\n" not in heard[0][1]
    assert "\x1b" not in heard[0][1]


async def test_of_many_pieces_the_first_is_reported_and_then_every_few_lines(heard):
    reporting = AnswerProgress()
    for _ in range(100):
        await reporting.piece("ten chars ")
    assert [text for _, text in heard] == [f"Answering, {size} characters" for size in (10, 400, 800)]


async def test_a_look_that_fails_or_takes_too_long_finds_nothing_and_raises_nothing():
    async def fail():
        raise Unavailable("The service is down.")

    async def give():
        return "it"

    assert await look_up(fail) is None
    assert await look_up(anyio.sleep_forever, seconds=0.01) is None
    assert await look_up(give) == "it"


async def test_a_defect_of_the_program_is_no_failed_look():
    async def defect():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await look_up(defect)


async def test_what_is_listed_a_little_later_is_found_and_looking_ends():
    looks = []

    async def find():
        looks.append(1)
        return "it" if len(looks) == 3 else None

    async def find_nothing():
        looks.append(1)

    with hurry() as pauses:
        assert await look_repeatedly(find) == "it"
        assert pauses == [0.5, 1.5]
        looks.clear()
        assert await look_repeatedly(find_nothing) is None
    assert len(looks) == 3


def test_an_answer_that_broke_off_is_quoted_with_what_to_do_and_without_secrets():
    cut = OutcomeUnknown("cut", operation="send_message", request_id="r-1")
    error = broken_answer("Acme", "It is \x1b[2J raining", cut, fault=None, stored=True)
    assert "Acme's answer broke off after: " in error.message
    assert "\x1b" not in error.message
    assert "do not send it again" in error.hint
    assert error.request_id == "r-1"
    silent = broken_answer("Acme", "", cut, fault="no credits", stored=False)
    assert "no credits" in silent.message
    assert "before it said anything" in silent.message
    assert "before sending it again" in silent.hint
