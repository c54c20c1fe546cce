"""What is remembered of large archives takes little memory."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.ids import LargeSet

_ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_many_texts_take_little_memory_and_each_is_there_once():
    many, texts = 100_000, LargeSet()
    tracemalloc.start()
    try:
        for start in range(0, many, 1000):
            texts.update(f"conversation {number // 2}" for number in range(start, start + 1000))
        assert sum(1 for _ in texts) == len(texts) == many // 2
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


@given(st.lists(st.sets(_ANY_TEXT, max_size=20), max_size=3))
def test_a_set_gives_back_whatever_it_was_given(parts):
    texts = LargeSet()
    texts.update(f"filler {number}" for number in range(5000))
    for part in parts:
        texts.update(part)
    wanted = {f"filler {number}" for number in range(5000)}.union(*parts)
    assert set(texts) == wanted
    assert len(texts) == len(wanted)
