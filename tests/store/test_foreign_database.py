"""Databases of other programs are read without trust, and without a trace."""

from __future__ import annotations

import sqlite3

import pytest

from dragoman.core.errors import InvalidArgument
from dragoman.store.sqlite import foreign
from dragoman.store.sqlite.foreign import foreign_database


@pytest.fixture
def made(tmp_path):
    """Makes a database with these statements."""

    def make(*statements: str, pragma: str = ""):
        path = tmp_path / "other.db"
        with sqlite3.connect(path) as connection:
            connection.execute(pragma)
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return path

    return make


def test_a_view_or_a_virtual_table_in_the_place_of_a_table_is_never_run(made):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    path = made(f"CREATE VIEW message AS {endless}", "CREATE VIRTUAL TABLE chat USING fts5(x)")
    with foreign_database(path) as database:
        assert not database.has_tables("message")
        assert not database.has_tables("chat")
        assert list(database.rows("message", ("x",))) == []


def test_a_generated_column_is_not_computed(made):
    path = made("CREATE TABLE t(a, b AS (zeroblob(1000000000)))", "INSERT INTO t VALUES(1)")
    with foreign_database(path) as database:
        assert database.columns("t") == {"a"}
        assert [row.number("a") for row in database.rows("t", ("a", "b"))] == [1]


def test_texts_of_any_encoding_come_as_text(made):
    values = "INSERT INTO t VALUES('Zoë'), (CAST(x'ff41' AS TEXT)), (5), (NULL), (x'42')"
    for pragma in ("", "PRAGMA encoding = 'UTF-16le'", "PRAGMA encoding = 'UTF-16be'"):
        path = made("DROP TABLE IF EXISTS t", "CREATE TABLE t(a)", values, pragma=pragma)
        with foreign_database(path) as database:
            texts = [row.text("a") for row in database.rows("t", ("a",))]
        assert texts[0] == "Zoë"
        assert (texts[2], texts[3]) == ("5", "")
        path.unlink()


def test_numbers_that_are_none_or_too_large_are_zero(made):
    path = made("CREATE TABLE t(a)", "INSERT INTO t VALUES(7), (1e300), ('8'), ('x'), (NULL), (x'39'), (-1.5)")
    with foreign_database(path) as database:
        assert [row.number("a") for row in database.rows("t", ("a", "b"))] == [7, 0, 8, 0, 0, 9, -1]


def test_rows_whose_number_is_zero_can_be_left_out(made):
    path = made("CREATE TABLE t(a, b)", "INSERT INTO t VALUES(0, 1), (2000, 2), (NULL, 3), ('3000', 4), ('x', 5)")
    with foreign_database(path) as database:
        assert [row.number("b") for row in database.rows("t", ("a", "b"), where="a")] == [2, 4]
        assert list(database.rows("t", ("c", "b"), where="c")) == []


def test_a_value_above_the_limit_counts_as_absent(made, monkeypatch):
    monkeypatch.setattr(foreign, "LARGEST_VALUE", 10)
    path = made("CREATE TABLE t(a)", "INSERT INTO t VALUES('short'), ('much longer than that'), (zeroblob(20))")
    with foreign_database(path) as database:
        assert [row.text("a") for row in database.rows("t", ("a",))] == ["short", "", ""]


@pytest.mark.parametrize("data", [b"", b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_database_is_refused_in_a_sentence(data, tmp_path):
    path = tmp_path / "other.db"
    path.write_bytes(data)
    if not data:
        with foreign_database(path) as database:
            assert not database.has_tables("t")
        return
    with pytest.raises(InvalidArgument, match="cannot be read as a database"), foreign_database(path):
        pass


def test_nothing_can_be_written(made, tmp_path):
    path = made("CREATE TABLE t(a)", "INSERT INTO t VALUES(1)")
    before = path.read_bytes()
    with foreign_database(path) as database:
        assert [row.number("a") for row in database.rows("t", ("a",))] == [1]
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["other.db"]
