"""The tables of ``dragoman.db``, as scripts that lead from each version to the next.

A script that was released is never changed. ``PRAGMA user_version`` is the number of scripts that a file has seen.
"""

from __future__ import annotations

from typing import Final

# "Drgm": tells our files from those of other programs, also to file(1).
APPLICATION_ID: Final = 0x4472676D

# Marks belong to words, or Hindi and Thai words would fall apart at every vowel sign.
TOKENIZER: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"

# Parts of identifiers say less than whole words, and the scope (conversation, account) nothing about relevance.
_RANK: Final = "bm25(1.0, 0.25, 0.0)"

_ARCHIVE: Final = f"""
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

_WRITING: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('cursor_key', randomblob(32));
CREATE TABLE cursors(
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL,
  made INTEGER NOT NULL);
CREATE TABLE intents(
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  operation TEXT NOT NULL,
  conversation TEXT NOT NULL,
  digest TEXT NOT NULL,
  key TEXT,
  who TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('pending', 'done', 'failed')),
  message TEXT,
  begun INTEGER NOT NULL,
  finished INTEGER);
CREATE UNIQUE INDEX intents_key ON intents(account, key) WHERE key IS NOT NULL;
CREATE INDEX intents_open ON intents(entry) WHERE state = 'pending';
CREATE INDEX intents_digest ON intents(account, conversation, digest, begun);
CREATE TABLE offers(
  token BLOB PRIMARY KEY,
  digest TEXT NOT NULL,
  ends INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audit(
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  account TEXT NOT NULL,
  operation TEXT NOT NULL,
  conversation TEXT NOT NULL,
  message TEXT,
  outcome TEXT NOT NULL,
  digest TEXT);
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_is_true BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
"""

_TALLY: Final = """
CREATE TABLE tally(
  day INTEGER NOT NULL,
  tool TEXT NOT NULL,
  account TEXT NOT NULL,
  outcome TEXT NOT NULL,
  step INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY(day, tool, account, outcome, step)) WITHOUT ROWID;
"""

# The state "unknown", who was authenticated, and until when a pending write is at work.
_SAFER_WRITING: Final = """
CREATE TABLE writes(
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  operation TEXT NOT NULL,
  conversation TEXT NOT NULL,
  digest TEXT NOT NULL,
  key TEXT,
  who TEXT NOT NULL,
  principal TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK(state IN ('pending', 'done', 'failed', 'unknown')),
  message TEXT,
  attempts INTEGER NOT NULL DEFAULT 1,
  begun INTEGER NOT NULL,
  tried INTEGER NOT NULL,
  lease INTEGER NOT NULL DEFAULT 0,
  finished INTEGER);
INSERT INTO writes(entry, account, operation, conversation, digest, key, who, state, message, begun, tried, finished)
  SELECT entry, account, operation, conversation, digest, key, who, state, message, begun, begun, finished FROM intents;
DROP TABLE intents;
CREATE UNIQUE INDEX writes_key ON writes(account, principal, key) WHERE key IS NOT NULL;
CREATE INDEX writes_open ON writes(account, conversation, begun) WHERE state IN ('pending', 'unknown');
CREATE INDEX writes_digest ON writes(account, conversation, digest, tried);
CREATE INDEX writes_pace ON writes(account, tried);
CREATE INDEX writes_age ON writes(begun) WHERE state IN ('done', 'failed');
ALTER TABLE audit ADD COLUMN principal TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN write INTEGER;
CREATE TRIGGER audit_is_kept BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE entry = NEW.entry)
  BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
"""


def _archive(prefix: str) -> str:
    return _ARCHIVE.replace("$", f"{prefix}_")


MIGRATIONS: Final = (_archive("seen") + _archive("local") + _WRITING, _TALLY, _SAFER_WRITING)
