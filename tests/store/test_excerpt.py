from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.queries import Term
from dragoman.store.excerpt import excerpt


def marked(text, words, width=40):
    passage, highlights = excerpt(text, [Term(word) for word in words], width)
    return passage, [(text if passage is None else passage)[a:b] for a, b in highlights]


def test_a_short_text_needs_no_passage():
    assert marked("The launch is on Thursday", ["launch"]) == (None, ["launch"])


def test_the_passage_is_around_the_first_find_and_begins_with_a_word():
    passage, finds = marked("word " * 50 + "launch window " + "word " * 50, ["launch"])
    assert finds == ["launch"]
    assert len(passage) == 40
    assert passage.startswith("word ")


def test_case_and_accents_do_not_matter_on_either_side():
    assert marked("Crème BRÛLÉE,\ncre\u0301me", ["creme", "brûlée"]) == (None, ["Crème", "BRÛLÉE", "cre\u0301me"])


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
    assert marked("abc", ["xyz", ""]) == (None, [])


def test_a_word_that_repeats_is_marked_once_a_line():
    assert marked("dock, dock and dock\nno\na dock", ["dock"]) == (None, ["dock", "dock"])
    assert marked("dock door dock door", ["dock", "door"]) == (None, ["dock", "door"])


def test_each_word_is_marked_where_it_stands_best():
    assert marked("relaunch the launcher at the dock", ["launch", "dock"]) == (None, ["launch", "dock"])
    assert marked("cat c", ["c"]) == (None, ["c"])


def test_signs_of_a_short_word_are_marked_with_it():
    assert marked("I like C and C++", ["C++"]) == (None, ["C++"])


def test_letters_are_marked_as_they_are_folded():
    assert marked("Łódź, ΑΘΗΝΑΣ und ｶﾞｽ", ["lodz", "αθηνας", "がす"]) == (None, ["Łódź", "ΑΘΗΝΑΣ", "ｶﾞｽ"])
    assert marked("a so\u00adft\u2060 word", ["soft"]) == (None, ["so\u00adft\u2060"])


@given(st.text(max_size=80), st.lists(st.text(max_size=5), max_size=3), st.integers(5, 30))
def test_highlights_are_ordered_and_lie_within_the_passage(text, words, width):
    passage, highlights = excerpt(text, [Term(word) for word in words], width)
    shown = text if passage is None else passage
    assert shown in text
    at = 0
    for start, end in highlights:
        assert at <= start < end <= len(shown)
        at = end
