"""Keys of any length: an index takes no more than 2,700 bytes of a row, so it has the digests of long texts.

Statements name the columns as they do for SQLite. Here they are compared by ``short_key``, as the indexes have them.
The digests are of MD5: whoever makes two keys alike has to break two of them at once.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 300
"""Bytes of a key that indexes have as it is; the keys of three columns have to fit together."""

_COLUMNS: Final = frozenset({"bucket", "client", "conversation", "id", "key", "principal", "scope"})
_TABLES: Final = re.compile(
    r"(?:FROM|INTO|UPDATE) (?:caller_positions|exposures|rate_budgets|sync_conversations|sync_coverage|writes)\b"
)
_COMPARED: Final = re.compile(rf"\b((?:\w\.)?(?:{'|'.join(sorted(_COLUMNS))})) = (\?\d?)")
_CONFLICT: Final = re.compile(r"ON CONFLICT\(([^()]+)\)")

SCHEMA: Final = f"""
CREATE FUNCTION short_key(key text) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
  'SELECT CASE WHEN octet_length(key) <= {_LONGEST} THEN key ELSE left(key, 50) || md5(key) || md5(reverse(key)) END';
ALTER TABLE caller_positions DROP CONSTRAINT caller_positions_pkey;
CREATE UNIQUE INDEX caller_positions_key
  ON caller_positions(short_key(principal), short_key(client), short_key(scope));
ALTER TABLE exposures DROP CONSTRAINT exposures_pkey;
CREATE UNIQUE INDEX exposures_key
  ON exposures(short_key(principal), short_key(client), account, short_key(conversation));
ALTER TABLE rate_budgets DROP CONSTRAINT rate_budgets_pkey;
CREATE UNIQUE INDEX rate_budgets_key ON rate_budgets(short_key(bucket));
ALTER TABLE sync_conversations DROP CONSTRAINT sync_conversations_pkey;
CREATE UNIQUE INDEX sync_conversations_key ON sync_conversations(account, short_key(id));
ALTER TABLE sync_coverage DROP CONSTRAINT sync_coverage_pkey;
CREATE UNIQUE INDEX sync_coverage_key ON sync_coverage(account, short_key(conversation), since);
DROP INDEX writes_key;
CREATE UNIQUE INDEX writes_key ON writes(account, short_key(principal), short_key(key)) WHERE key IS NOT NULL;
DROP INDEX writes_open;
CREATE INDEX writes_open ON writes(account, short_key(conversation), begun) WHERE state IN ('pending', 'unknown');
DROP INDEX writes_digest;
CREATE INDEX writes_digest ON writes(account, short_key(conversation), digest, tried);
"""
"""Indexes of these tables."""


def compare_short(statement: str) -> str:
    """The statement with its keys as the indexes have them."""
    if _TABLES.search(statement) is None:
        return statement
    compared = _COMPARED.sub(r"short_key(\1) = short_key(\2)", statement)
    return _CONFLICT.sub(lambda found: f"ON CONFLICT({', '.join(map(_short, found[1].split(', ')))})", compared)


def _short(column: str) -> str:
    return f"short_key({column})" if column in _COLUMNS else column
