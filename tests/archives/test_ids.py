"""What is remembered of large archives takes little memory."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.ids import LargeSet, Notebook

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


def test_a_notebook_that_gave_back_memory_still_knows_everything():
    notebook = Notebook()
    tracemalloc.start()
    try:
        for number in range(10_000):
            notebook.put(f"mail {number}", str(number))
        notebook.shrink()
        assert tracemalloc.get_traced_memory()[0] < 1 << 18
    finally:
        tracemalloc.stop()
    assert all(notebook.get(f"mail {number}") == str(number) for number in range(10_000))
    assert notebook.get("mail 10000") is None
    for number in range(9_000, 20_000):
        notebook.put(f"mail {number}", "new")
    assert [notebook.get(f"mail {number}") for number in (8_999, 9_000, 19_999)] == ["8999", "new", "new"]


def test_a_small_notebook_stays_in_memory():
    notebook = Notebook()
    notebook.put("a", "1")
    notebook.shrink()
    assert (notebook.get("a"), notebook.get("b")) == ("1", None)
