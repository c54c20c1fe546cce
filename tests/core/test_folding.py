"""Letters are folded as people type them for one another."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.folding import fold, fold_in_context


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Łódź", "lodz"),
        ("żółć", "zolc"),
        ("Smørrebrød på Ærø", "smorrebrod pa aero"),
        ("Đường về Đà Nẵng", "duong ve da nang"),
        ("ħobż tal-Malti", "hobz tal-malti"),
        ("Straße", "STRASSE"),
        ("ŒUVRE", "oeuvre"),
        ("Þórður Guðmundsson", "thordur gudmundsson"),
        ("IŞIK", "ışık"),
        ("İstanbul", "istanbul"),
        ("ılık", "ILIK"),
        ("Bakı şəhəri", "baki seheri"),
        ("Αθήνας", "ΑΘΗΝΑΣ"),
        ("ἀρχή", "αρχη"),
        ("Ёлка", "елка"),
        ("Київ", "Киів"),
        ("қазақ", "казак"),
        ("п\u2019ять", "п\u02bcять"),
        ("שָׁלוֹם", "שלום"),
        ("שלומ", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("مدرسة", "مدرسه"),
        ("کتاب", "كتاب"),
        ("٢٠٢٦", "2026"),
        ("ज़मीन", "जमीन"),
        ("१२", "12"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("カタカナ", "かたかな"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("한글", unicodedata.normalize("NFD", "한글")),
        ("ﬁnal", "final"),
        ("می\u200cروم", "میروم"),
        ("so\u00adft\u2060 \ufeffhy\u200dphen", "soft hyphen"),
    ],
)
def test_what_people_type_for_one_another_folds_to_the_same(written, typed):
    assert fold(written) == fold(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [("мой", "мои"), ("МОЙ", "МОИ"), ("が", "か"), ("कि", "कु"), ("≠", "="), ("∉", "∈"), ("ครับ", "ครบ"), ("i", "l")],
)
def test_what_spells_another_word_stays_apart(one, other):
    assert fold(one) != fold(other)


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_every_normal_form_of_a_text_folds_to_the_same(text, form):
    assert fold(unicodedata.normalize(form, text)) == fold(text)


CASED = st.characters(max_codepoint=0x24FF, exclude_characters="\u0345", exclude_categories=["Cs"])


@given(st.text(CASED, max_size=20))
def test_case_never_matters(text):
    text = text.translate(dict.fromkeys(range(0x1F80, 0x1FFD)))  # Greek capitals write iota subscript out
    assert fold(text.lower()) == fold(text)
    assert fold(text.casefold()) == fold(text)
    assert fold(text.upper()) == fold(text)


@given(st.text(st.characters() | st.sampled_from("aZ \u0301\u00ad\u200dΣςİıﬁ한ㄱㅏ가ﾞガé"), max_size=12))
def test_a_text_folds_as_if_every_character_met_its_neighbours(text):
    assert fold(text) == fold_in_context(text)
