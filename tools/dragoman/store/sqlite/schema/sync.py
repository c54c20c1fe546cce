"""Tables of how current the store is. Times are microseconds since 1970."""

from __future__ import annotations

from typing import Final

# AUTOINCREMENT: callers hold serials as positions, so one whose row was deleted is never given again.
# Failures have an index of their own, in which the many conversations without one have no entry.
CREATE: Final = """
CREATE TABLE sync_leases(
  account TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence INTEGER NOT NULL,
  expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sync_accounts(
  account TEXT PRIMARY KEY,
  position TEXT,
  listing TEXT,
  listed_at INTEGER,
  fresh_at INTEGER,
  failures INTEGER NOT NULL,
  error TEXT NOT NULL,
  retry_at INTEGER) WITHOUT ROWID;
CREATE TABLE sync_conversations(
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  cursor TEXT NOT NULL,
  cursor_at INTEGER,
  last_message_at INTEGER,
  checked_at INTEGER,
  follows INTEGER NOT NULL,
  listed_at INTEGER,
  gone_at INTEGER,
  failures INTEGER NOT NULL,
  error TEXT NOT NULL,
  retry_at INTEGER,
  reach INTEGER,
  PRIMARY KEY(account, id)) WITHOUT ROWID;
CREATE INDEX sync_conversations_work ON sync_conversations(account, reach) WHERE gone_at IS NULL;
CREATE INDEX sync_conversations_failed ON sync_conversations(account, retry_at) WHERE failures > 0;
CREATE TABLE sync_coverage(
  account TEXT NOT NULL,
  conversation TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY(account, conversation, since)) WITHOUT ROWID;
CREATE TABLE sync_arrivals(
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  number INTEGER NOT NULL UNIQUE,
  account TEXT NOT NULL,
  first INTEGER NOT NULL,
  edited INTEGER NOT NULL);
CREATE INDEX sync_arrivals_account ON sync_arrivals(account, serial);
"""

ADD_BEGINNING: Final = "ALTER TABLE sync_accounts ADD COLUMN began_at INTEGER;"
