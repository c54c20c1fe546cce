"""The table of how often tools were called."""

from __future__ import annotations

from typing import Final

CREATE: Final = """
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
