"""Tables of what was asked for and written: cursors, the outbox, confirmations, the audit log."""

from __future__ import annotations

from typing import Final

CREATE: Final = """
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

# The state "unknown", who was authenticated, and until when a pending write is at work.
# SQLite cannot change a CHECK, so the table is made anew. REPLACE deletes without running the trigger against
# deleting, so one more trigger refuses a number that is there.
ADD_LEASES_AND_PRINCIPALS: Final = """
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

# Whether the caller is known to have the answer, and whose text was shown to whom. What an earlier version wrote was
# answered at once, so it counts as delivered.
ADD_DELIVERY_AND_EXPOSURES: Final = """
ALTER TABLE writes ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
UPDATE writes SET delivered = 1;
CREATE TABLE exposures(
  principal TEXT NOT NULL,
  client TEXT NOT NULL,
  account TEXT NOT NULL,
  conversation TEXT NOT NULL,
  shown INTEGER NOT NULL,
  PRIMARY KEY(principal, client, account, conversation)) WITHOUT ROWID;
CREATE INDEX exposures_age ON exposures(shown);
"""
