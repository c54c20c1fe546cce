"""Tables of what is news: where callers stopped reading it, and what tools have changed in the local account."""

from __future__ import annotations

from typing import Final

CREATE: Final = """
CREATE TABLE caller_positions(
  principal TEXT NOT NULL,
  client TEXT NOT NULL,
  scope TEXT NOT NULL,
  state TEXT NOT NULL,
  saved INTEGER NOT NULL,
  PRIMARY KEY(principal, client, scope)) WITHOUT ROWID;
CREATE INDEX caller_positions_age ON caller_positions(saved);
CREATE TABLE local_changes(
  change INTEGER PRIMARY KEY AUTOINCREMENT,
  number INTEGER NOT NULL);
"""
