"""Tables of conversations and messages with their full-text index, twice: ``seen`` and ``local``."""

from __future__ import annotations

from typing import Final

# Marks belong to words, or Hindi and Thai words would fall apart at every vowel sign.
TOKENIZER: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"

# Parts of identifiers say less than whole words, and the scope (conversation, account) nothing about relevance.
_RANK: Final = "bm25(1.0, 0.25, 0.0)"

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
  body, parts, scope, content='', contentless_delete=1, tokenize="{TOKENIZER}");
INSERT INTO $index($index, rank) VALUES('rank', '{_RANK}');
"""  # a template of our own words, filled with nothing from outside

CREATE: Final = "".join(_TABLES.replace("$", f"{prefix}_") for prefix in ("seen", "local"))
