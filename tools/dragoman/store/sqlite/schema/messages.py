"""Tables of conversations and messages with their full-text index, twice: ``seen`` and ``local``.

The columns of ``places``, the conversations: ``place`` is the number of one; ``described`` tells whether a service or
the user described it; ``held`` counts its visible messages; ``oldest`` and ``latest`` are the times of the first and
the last of these; by ``recent`` they are sorted. Of ``messages``: ``live`` is 0 for a tombstone or a mere number;
``moment`` is the time. All times are in microseconds since 1970.

Columns keep the names that they were given. A step that only adds leaves a server of the version before at work on the
file, beside the one that has made it; under a column that has another name, each of its calls would fail.
"""

from __future__ import annotations

from typing import Final

from dragoman.store.sql.connection import Connection as AnyConnection
from dragoman.store.sqlite.connection import Connection

PREFIXES: Final = ("seen", "local")
"""How the names of the tables begin, each of which is there twice."""

TOKENIZER: Final = "ascii"
"""Splits at the signs of ASCII and at nothing else: the columns hold lexemes already, see ``index_terms``."""

# Marks belonged to words, or Hindi and Thai words would have fallen apart at every vowel sign.
_FIRST_TOKENIZER: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"

# Parts of identifiers say less than whole words, and the scope (conversation, account) nothing about relevance.
_RANK: Final = "bm25(1.0, 0.25, 0.0)"

# AUTOINCREMENT: a number of a forgotten message may stand in a conversation, and must lead to no other message.
# Far before all times, ``recent`` sorts a conversation without one last. The index keeps no texts: $messages has them.
_TABLES: Final = f"""
CREATE TABLE $places(
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  described INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT 'room',
  data TEXT,
  held INTEGER NOT NULL DEFAULT 0,
  oldest INTEGER,
  latest INTEGER,
  recent INTEGER NOT NULL DEFAULT {-(2**62)},
  UNIQUE(account, id));
CREATE INDEX $places_recent ON $places(account, recent);
CREATE TABLE $authors(
  author INTEGER PRIMARY KEY,
  data TEXT NOT NULL UNIQUE);
CREATE TABLE $messages(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  place INTEGER NOT NULL REFERENCES $places,
  id TEXT NOT NULL,
  live INTEGER NOT NULL,
  moment INTEGER NOT NULL,
  author INTEGER REFERENCES $authors,
  reply_to TEXT,
  text TEXT,
  data TEXT,
  UNIQUE(place, id));
CREATE INDEX $messages_time ON $messages(place, moment) WHERE live = 1;
CREATE INDEX $messages_reply ON $messages(place, reply_to) WHERE reply_to IS NOT NULL;
CREATE VIRTUAL TABLE $index USING fts5(
  body, parts, scope, content='', contentless_delete=1, tokenize="{_FIRST_TOKENIZER}");
INSERT INTO $index($index, rank) VALUES('rank', '{_RANK}');
"""  # a template of our own words, filled with nothing from outside

_LEXEMES: Final = f"""
DROP TABLE IF EXISTS $index;
CREATE VIRTUAL TABLE $index USING fts5(
  body, parts, scope, content='', contentless_delete=1, tokenize="{TOKENIZER}");
INSERT INTO $index($index, rank) VALUES('rank', '{_RANK}');
"""

# ``called`` is a folded title, ``names`` what parts are looked for in; see ``core/names``.
_FOLDED_NAMES: Final = """
ALTER TABLE $places ADD COLUMN called TEXT NOT NULL DEFAULT '';
ALTER TABLE $places ADD COLUMN names TEXT NOT NULL DEFAULT '';
CREATE INDEX $places_called ON $places(account, called);
CREATE INDEX $places_oldest ON $places(account, oldest) WHERE oldest IS NOT NULL;
ALTER TABLE $authors ADD COLUMN names TEXT NOT NULL DEFAULT '';
CREATE INDEX $authors_names ON $authors(names);
CREATE INDEX $messages_author ON $messages(author, moment, place) WHERE live = 1;
CREATE INDEX $messages_moment ON $messages(moment) WHERE live = 1;
CREATE VIRTUAL TABLE $words USING fts5vocab($index, col);
INSERT INTO index_builds(prefix) VALUES('$');
"""

_BUILDS: Final = """
CREATE TABLE index_builds(
  prefix TEXT PRIMARY KEY,
  version TEXT NOT NULL DEFAULT '',
  next INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
"""

CREATE: Final = "".join(_TABLES.replace("$", f"{prefix}_") for prefix in PREFIXES)


def fold_names_and_words(con: Connection) -> None:
    """Have names and words folded. The index is empty then, and filled by ``index_rebuild``."""
    con.execute(_BUILDS)
    for prefix in PREFIXES:
        recreate_index(con, prefix)
        con.execute(_FOLDED_NAMES.replace("'$'", f"'{prefix}'").replace("$", f"{prefix}_"))


def recreate_index(con: AnyConnection, prefix: str) -> None:
    """Make the full-text index anew, with nothing in it."""
    con.execute(_LEXEMES.replace("$", f"{prefix}_"))
