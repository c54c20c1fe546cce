"""The table of what is left of rate limits."""

from __future__ import annotations

from typing import Final

CREATE: Final = """
CREATE TABLE rate_budgets(
  bucket TEXT PRIMARY KEY,
  level REAL NOT NULL,
  background REAL NOT NULL,
  at REAL NOT NULL,
  paused_until REAL NOT NULL) WITHOUT ROWID;
"""
