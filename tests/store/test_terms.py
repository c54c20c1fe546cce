"""What a text is found by, in an index of its own; and how the index takes texts apart."""

import re
import string

import apsw
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.folding import fold
from dragoman.core.model import Author, Message
from dragoman.core.queries import SearchQuery
from dragoman.store import index_terms
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.ranked import search
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.schema.messages import TOKENIZER
from dragoman.store.sqlite.tables import SqliteTables

TABLE = MessageTable(SqliteTables("local"))


@pytest.fixture(scope="module")
def con():
    connection = open_first(None, MIGRATIONS, 1)
    yield connection
    connection.close()


@pytest.fixture
def finds(con):
    """Whether a text, alone in an index, is found by a query that is not corrected."""

    def found(text, query, *others):
        return 0 in _found(con, query, text, *others)

    return found


def _found(con, query, *texts):
    """Which of the texts are found, best first."""
    with con:
        try:
            con.execute("SAVEPOINT texts")
            TABLE.put(con, "", "room", [_message(n, text) for n, text in enumerate(texts)])
            page = search(con, TABLE, SearchQuery(text=query), "")
            return [] if page.notes and "instead" in page.notes[0] else [int(hit.message.id) for hit in page.items]
        finally:
            con.execute("ROLLBACK TO texts")
            con.execute("RELEASE texts")


def _message(number, text):
    return Message(id=str(number), conversation="room", author=Author(name="Ann"), sent_at=None, text=text)


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
        ("C# at work", "C#"),
        ("written in C++17", "C++"),
        ("F#, too", "f#"),
        ("AT&T called", "at&t"),
        ("vitamin C", "C"),
        ("see C:\\Users", "C:\\"),
        ("m >>= f <$> g", ">>="),
        ("m >>= f <$> g", "<$>"),
        ("for all ∀x ∑ i", "∀"),
        ("for all ∀x ∑ i", "∑ i"),
        ("a → ₗ b", "→ₗ"),
        ("see #relay-launch", "#relay-launch"),
        ("relay launch", "#relay"),
        ("at 10.0.0.1 now", "10.0.0.1"),
        ("version 1.2.3 is out", "1.2.3"),
        ("version v1.2.3 is out", "1.2.3"),
        ("version 1.2.3 is out", "v1.2.3"),
        ("Release V10.4", "10.4"),
        ("kill -9 now", "-9"),
        ("push --force it", "--force"),
        ("Łódź Kraków żółć", "lodz zolc"),
        ("ΑΘΗΝΑ ΚΕΝΤΡΟ", "Αθήνα"),
        ("Η Αθήνας", "ΑΘΗΝΑΣ"),
        ("ILIK IŞIK", "ılık ışık"),
        ("\uff76\uff9e\uff7d", "ガス"),
        ("می\u200cروم خانه", "میروم"),
        ("so\u00adft hy\u2060phen\ufeffated", "soft hyphenated"),
        ("२०२६ में", "2026"),
        ("שָׁלוֹם לכם", "שלום"),
    ],
)
def test_a_text_is_found_by(finds, text, query):
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
        ("relaunch", "relaunched -launch"),
        ("the cat sat", "C++"),
        ("the cat sat", "C"),
        ("https://example.com/a", "C#"),
        ("vitamin C", "C++"),
        ("see C:\\Users", "C#"),
        ("C#", "C++"),
        ("ABC123DEF", "1.2.3"),
        ("costs 1234.50", "1.2.3"),
        ("version 11.2.3", "1.2.3"),
        ("version v11.2.3", "1.2.3"),
        ("version 11.2.3", "v1.2.3"),
        ("version v1.2.34", "1.2.3"),
        ("version 1.2.34", "1.2.3"),
        ("number 10001", "10.0.0.1"),
        ("at 10.0.0.12", "10.0.0.1"),
        ("build-4812", "build.481.2"),
        ("don tell", "don't"),
        ("a → lambda", "→ₗ"),
        ("≠", "="),
    ],
)
def test_a_text_is_not_found_by(finds, text, query):
    assert not finds(text, query)


def test_exact_words_come_first_and_beginnings_after_them(con):
    assert _found(con, "launch", "the launcher", "unrelated", "the launch and more words that say little") == [2, 0]


def test_letters_as_they_were_typed_come_before_those_that_fold_to_them(con):
    assert _found(con, "resume", "résumé", "resume here and now", "RESUME of it all") == [2, 1, 0]
    assert _found(con, "résumé", "resume", "résumé here and now") == [1, 0]


@pytest.mark.parametrize("query", ["", "   ", "...", '""', "* -", "؟!", "- - -"])
def test_a_query_without_anything_to_look_for_is_refused_with_advice(con, query):
    with pytest.raises(InvalidArgument, match=r"no word to look for\. Use at least one"):
        _found(con, query, "text")


HOSTILE = st.text(st.sampled_from(list("\"*-():^+ANDORNOTNEAR{}\\\0' ab1_.東京🚀\u0301\ud800%;#=<>")), max_size=30)


@given(HOSTILE | st.text(max_size=30), HOSTILE | st.text(max_size=30))
def test_no_query_is_an_error_of_syntax(con, query, text):
    try:
        _found(con, query, text)
    except InvalidArgument:
        return


JOINED = re.compile(r"[^\W_]+(?:[_.\-][^\W_]+)*")
TELLING = re.compile(
    r"[0-9]{4}|[0-9]+[^\W_]|[^\W\d_]+[0-9]|[^\W_]+[_.\-][^\W_]|[A-Z]*[a-z]+[A-Z]|[A-Z]{2,}[a-z]"
)  # fmt: skip


@given(st.text(st.sampled_from("abcXYZ019_.- \n+é東#"), max_size=40))
def test_the_pieces_of_a_text_are_those_of_each_identifier_in_it(text):
    words = [word for word in JOINED.findall(text) if len(word) > 3 and TELLING.match(word)]
    found = [lexeme for lexeme in index_terms.parts(text).split() if lexeme[0] == "\ue001" and len(lexeme) > 1]
    assert found == [piece for word in dict.fromkeys(words) for piece in index_terms.pieces_of(word)]


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "Zs", "S"]), max_size=20)


@given(WORDS | st.text(max_size=20))
@example("a\u3000b–c")
def test_the_database_splits_a_column_as_lexemes_does(text):
    con = apsw.Connection(":memory:")
    con.execute(f'CREATE VIRTUAL TABLE i USING fts5(body, tokenize="{TOKENIZER}")')
    con.execute("CREATE VIRTUAL TABLE v USING fts5vocab(i, instance)")
    for column in (index_terms.body(text), index_terms.parts(text)):
        con.execute("DELETE FROM i")
        con.execute("INSERT INTO i VALUES(?)", (column.replace("\0", " "),))
        split = [term for (term,) in con.execute("SELECT term FROM v ORDER BY offset")]
        assert split == index_terms.lexemes(column)


@given(st.text(st.characters(codec="utf-8", categories=["L"]), min_size=2, max_size=12))
def test_a_word_is_found_by_its_folded_form_and_the_other_way_round(con, word):
    assume(index_terms.query_words(word).lexemes)
    for text, query in ((word, fold(word)), (fold(word), word), (word.upper(), word), (word, word.upper())):
        assume(fold(text) == fold(query))
        assert _found(con, f'"{query}"', f"before {text} after") == [0]


UNSPACED = st.text(st.sampled_from("東京都大阪市あいうアイウ日本語ไทยครับ한국어"), min_size=1, max_size=12)


@given(UNSPACED, st.data())
def test_every_piece_of_an_unspaced_text_finds_it(con, text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    piece = text[start:end]
    assert _found(con, piece, f"Ver.2 {text}, ok") == [0]


IDENTIFIER = st.from_regex(r"[a-z]{1,8}[0-9]{1,6}([_.\-][a-z0-9]{1,6}){0,3}", fullmatch=True)


@given(IDENTIFIER, st.data())
def test_every_piece_of_an_identifier_of_three_letters_or_more_finds_it(con, word, data):
    plain = "".join(c for c in word if c.isalnum())
    assume(len(plain) >= 3)
    start = data.draw(st.integers(0, len(plain) - 3))
    end = data.draw(st.integers(start + 3, len(plain)))
    assert _found(con, plain[start:end], f"Look at {word}, please") == [0]


@given(st.text(st.sampled_from(string.ascii_letters + " .,é東"), max_size=40))
def test_every_word_of_a_text_finds_it(con, text):
    for word in text.replace(".", " ").replace(",", " ").split():
        assert _found(con, word, text) == [0]


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


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("the launch window", "lanuch"),
        ("the launch window", "lauch"),
        ("the launch window", "launxh"),
        ("the launch window", "aunch"),
        ("la réunion de mai", "reunoin"),
        ("булочки и чай", "булочкы"),
        ("καλημέρα σας", "καλιμερα"),
        ("გამარჯობა", "გამარჯოვა"),
        ("שלום חברים", "חבריט"),
        ("السلام عليكم", "السلان"),
        ("नमस्ते दुनिया", "नमस्टे"),
        ("բարեւ ձեզ", "բարեվ"),
    ],
)
def test_a_word_that_nobody_wrote_is_looked_for_with_one_letter_changed(con, text, typed):
    with con:
        con.execute("SAVEPOINT texts")
        TABLE.put(con, "", "room", [_message(0, text)])
        page = search(con, TABLE, SearchQuery(text=typed), "")
        con.execute("ROLLBACK TO texts")
        con.execute("RELEASE texts")
    assert len(page.items) == 1
    assert "was searched instead" in page.notes[0]
    assert page.items[0].highlights
