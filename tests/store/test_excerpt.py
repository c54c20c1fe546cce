from hypothesis import given
from hypothesis import strategies as st

from dragoman.store.excerpt import excerpt


def marked(text, words, width=40):
    passage, highlights = excerpt(text, words, width)
    return passage, [(text if passage is None else passage)[a:b] for a, b in highlights]


def test_a_short_text_needs_no_passage():
    assert marked("The launch is on Thursday", ["launch"]) == (None, ["launch"])


def test_the_passage_is_around_the_first_find_and_begins_with_a_word():
    passage, finds = marked("word " * 50 + "launch window " + "word " * 50, ["launch"])
    assert finds == ["launch"]
    assert len(passage) == 40
    assert passage.startswith("word ")


def test_case_and_accents_do_not_matter_on_either_side():
    assert marked("Crème BRÛLÉE, cre\u0301me", ["creme", "brûlée"]) == (None, ["Crème", "BRÛLÉE", "cre\u0301me"])


def test_letters_that_fold_to_two_are_marked_whole():
    assert marked("Die Straße dort", ["strasse"]) == (None, ["Straße"])


def test_half_of_a_letter_that_folds_to_two_marks_the_letter_once():
    assert marked("ß", ["s"]) == (None, ["ß"])


def test_beginnings_of_words_are_preferred_to_pieces():
    assert marked("relaunch, then launch", ["launch"]) == (None, ["launch"])
    assert marked("relaunch", ["launch"]) == (None, ["launch"])


def test_a_phrase_is_found_across_punctuation():
    assert marked("the launch-window opens", ["launch window"]) == (None, ["launch-window"])


def test_unspaced_scripts_and_emoji_are_marked():
    assert marked("今日は東京都へ🚀", ["京都", "🚀"]) == (None, ["京都", "🚀"])


def test_nothing_found_marks_nothing():
    assert excerpt("abc", ["xyz", ""], 40) == (None, ())


@given(st.text(max_size=80), st.lists(st.text(max_size=5), max_size=3), st.integers(5, 30))
def test_highlights_are_ordered_and_lie_within_the_passage(text, words, width):
    passage, highlights = excerpt(text, words, width)
    shown = text if passage is None else passage
    assert shown in text
    at = 0
    for start, end in highlights:
        assert at <= start < end <= len(shown)
        at = end
