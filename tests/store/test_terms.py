import string

import apsw
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.store import index_terms
from dragoman.store.query import parse
from dragoman.store.sqlite.schema.messages import TOKENIZER


class Index:
    """One text in an index like that of an archive."""

    def __init__(self, *texts):
        self.con = apsw.Connection(":memory:")
        self.con.execute(f'CREATE VIRTUAL TABLE i USING fts5(body, parts, scope, tokenize="{TOKENIZER}")')
        for text in texts:
            self.con.execute("INSERT INTO i VALUES(?, ?, 'p1')", (index_terms.body(text), index_terms.parts(text)))

    def matches(self, expression):
        return [row[0] for row in self.con.execute("SELECT rowid FROM i WHERE i MATCH ? ORDER BY rowid", (expression,))]


def finds(text, query):
    index, asked = Index(text), parse(query)
    return bool(index.matches(asked.exact) or (asked.loose and index.matches(asked.loose)))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Relay launch is Thursday", "launch"),
        ("Relay launch is Thursday", "LAUN"),
        ("Relay launch is Thursday", '"launch is"'),
        ("Relay launch is Thursday", "thursday relay"),
        ("Crème brûlée à la carte", "creme BRULEE"),
        ("creme brulee", "crème"),
        ("Straße 12", "strasse"),
        ("\uff26\uff35\uff2c\uff2c width", "full"),
        ("Привет, Мария", "привет"),
        ("東京都へ行きます", "京都"),
        ("東京都へ行きます", "京"),
        ("東京都へ行きます", "す"),
        ("東京都へ行きます", "東京都へ行きます"),
        ("バージョン2.0をリリース", "ージョン2.0を"),
        ("部署的时候出错了", "时候 部署"),
        ("สวัสดีครับ", "สดี"),
        ("한국어를 공부해요", "국어"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("مُحَمَّد", "محمد"),
        ("ship it 🚀🚀", "🚀"),
        ("👍🏽 thanks", "👍"),
        ("❤️", "❤"),
        ("build_4812 failed", "build_4812"),
        ("build_4812 failed", "ild_48"),
        ("build_4812 failed", "4812"),
        ("nvsKeyStore is full", "KeySto"),
        ("parseHTTPResponse", "httpresp"),
        ("HTTPServer", "server"),
        ("commit a41c9d2e77", "c9d2e"),
        ("see harbor-kiosk.example.org", "kiosk.exam"),
        ("order 20260310", "0310"),
        ("don't panic", "don't"),
        ("C++ and C#", "c++"),
    ],
)
def test_a_text_is_found_by(text, query):
    assert finds(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Relay launch", "lunch"),
        ("Relay launch", "launch -relay"),
        ("Relay launch", '"launch relay"'),
        ("Relay launch", "elay"),
        ("東京 都", "東京都"),
        ("build_4812 xyz", "812xy"),
        ("a word", "w rd"),
        ("relaunch", "-launch relaunched"),
    ],
)
def test_a_text_is_not_found_by(text, query):
    assert not finds(text, query)


def test_exact_words_come_in_the_first_step_and_beginnings_in_the_second():
    index = Index("the launch", "the launcher", "unrelated")
    asked = parse("launch")
    assert index.matches(asked.exact) == [1]
    assert index.matches(asked.loose) == [2]


@pytest.mark.parametrize("query", ["", "   ", "...", '""', "-word", "* -", "؟!", "- - -", '-"a phrase"'])
def test_a_query_without_anything_to_look_for_is_refused_with_advice(query):
    with pytest.raises(InvalidArgument, match=r"no word to look for\. Use at least one"):
        parse(query)


def test_a_query_that_is_too_long_is_refused():
    with pytest.raises(InvalidArgument, match="longer than 1,000"):
        parse("word " * 300)
    with pytest.raises(InvalidArgument, match="more than 32 words"):
        parse("w " * 33)


HOSTILE = st.text(st.sampled_from(list("\"*-():^+ANDORNOTNEAR{}\\\0' ab1_.東京🚀\u0301\ud800%;")), max_size=30)


@given(HOSTILE | st.text(max_size=30), HOSTILE | st.text(max_size=30))
def test_no_query_is_an_error_of_syntax(query, text):
    try:
        asked = parse(query)
    except InvalidArgument:
        return
    index = Index(text)
    index.matches(asked.exact)
    if asked.loose is not None:
        index.matches(asked.loose)


UNSPACED = st.text(st.sampled_from("東京都大阪市あいうアイウ日本語ไทยครับ한국어"), min_size=1, max_size=12)


@given(UNSPACED, st.data())
def test_every_piece_of_an_unspaced_text_finds_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    piece = text[start:end]
    assert finds(f"Ver.2 {text}, ok", piece)


IDENTIFIER = st.from_regex(r"[a-z]{1,8}[0-9]{1,6}([_.\-][a-z0-9]{1,6}){0,3}", fullmatch=True)


@given(IDENTIFIER, st.data())
def test_every_piece_of_an_identifier_of_three_letters_or_more_finds_it(word, data):
    plain = "".join(c for c in word if c.isalnum())
    assume(len(plain) >= 3)
    start = data.draw(st.integers(0, len(plain) - 3))
    end = data.draw(st.integers(start + 3, len(plain)))
    assert finds(f"Look at {word}, please", plain[start:end])


@given(st.text(st.sampled_from(string.ascii_letters + " .,é東"), max_size=40))
def test_every_word_of_a_text_finds_it(text):
    for word in text.replace(".", " ").replace(",", " ").split():
        assert finds(text, word)


def test_work_on_a_long_hostile_text_is_bounded():
    for text in (
        "a" * 2_000_000,
        "a1_" * 600_000,
        "aA" * 800_000,
        "東" * 1_200_000,
        "\u0301" * 1_200_000,
        "1." * 700_000,
    ):
        assert len(index_terms.body(text)) <= 4 * index_terms.INDEXED
        assert len(index_terms.parts(text)) <= 500 * 4 * 130
