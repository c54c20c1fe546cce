"""The command ``audit``: who wrote what where and how it ended, without a word of the messages."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Final

import anyio

from dragoman.core.references import Reference
from dragoman.core.sanitize import clean_line
from dragoman.store import AuditRecord
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

_LONGEST: Final = 60
_LONGEST_REFERENCE: Final = 200
_COLUMNS: Final = ("time", "outcome", "tool", "where", "by")


def audit(config: Config, limit: int, *, as_json: bool) -> str:
    """The last lines of the audit log, newest first.

    Args:
        config: The settings.
        limit: Most lines.
        as_json: As an array with an object on each line instead of a table.

    Raises:
        DragomanError: The store cannot be read.
    """
    records = anyio.run(_records, config, limit)
    if as_json:
        # One object a line, so that line tools such as grep work on it as well.
        return "[\n" + ",\n".join(map(_object, records)) + "\n]" if records else "[]"
    return _table(records, config.zone) if records else "Nothing was written yet."


async def _records(config: Config, limit: int) -> list[AuditRecord]:
    async with tool_context.open_services(config) as shared:
        return await (await shared.workspace.store()).audit.read(limit)


def _object(record: AuditRecord) -> str:
    members = {
        "at": record.at.isoformat() if record.at else None,
        "outcome": record.outcome,
        "operation": record.operation,
        "account": record.account,
        "conversation": str(Reference(record.account, record.conversation)),
        "message": record.message,
        "who": record.who,
        "digest": record.digest,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None}, separators=(",", ":"))


def _table(records: list[AuditRecord], zone: tzinfo) -> str:
    rows = [_COLUMNS, *(_row(record, zone) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in padded)


def _row(record: AuditRecord, zone: tzinfo) -> tuple[str, ...]:
    at = record.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if record.at else "?"
    where = str(Reference(record.account, record.conversation))
    cells = (record.outcome, record.operation)
    return (
        at,
        *(clean_line(cell, _LONGEST) for cell in cells),
        clean_line(where, _LONGEST_REFERENCE),
        clean_line(record.who, _LONGEST) or "somebody",
    )
