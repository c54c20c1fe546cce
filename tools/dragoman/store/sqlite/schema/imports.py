"""Tables of complete imports, by which a file that comes again is known."""

from __future__ import annotations

from typing import Final

CREATE: Final = """
CREATE TABLE imports(
  import INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL UNIQUE,
  report TEXT NOT NULL);
CREATE TABLE import_conversations(
  import INTEGER NOT NULL REFERENCES imports,
  place INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY(import, place)) WITHOUT ROWID;
"""
