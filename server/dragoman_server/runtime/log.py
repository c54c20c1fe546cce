"""Logs: to stderr only, because stdout belongs to the protocol, and without secrets."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from dragoman.transport import credentials

Level = Literal["debug", "info", "warning", "error"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

HIDDEN: Final = "[hidden]"
_OURS: Final = ("dragoman", "dragoman_server")

_PATTERNS: Final = (
    # "Authorization: Bearer x", "authorization': 'Api-Key x'", "'x-api-key': 'x'", and the like
    re.compile(
        r"(?i)((?:proxy-)?authorization|x-api-key|api[-_]?key|x-[a-z-]{0,60}token|set-cookie|cookie)"
        r"(?P<between>['\"]?\s*[:=]\s*(?:b(?=['\"]))?['\"]?(?:(?:bearer|basic|api-key|token)\s+)?)"
        r"[^\s'\",;&]+"
    ),
    re.compile(r"(?i)\b(bearer|api-key)(?P<between>\s+)[A-Za-z0-9._~+/=-]{6,}"),
    # ?token=x, &api_key=x, &signature=x
    re.compile(
        r"(?i)([?&][a-z0-9_.-]*(?:token|secret|key|password|passwd|signature|sig|auth|code|jwt))"
        r"(?P<between>=)[^&\s'\"#]+"
    ),
    # https://user:password@host
    re.compile(r"(?i)(https?:)(?P<between>//)[^/\s@:]+:[^/\s@]+(?=@)"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def redact(text: str) -> str:
    """A text without the secrets that are known or look like one."""
    text = credentials.redact(text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1\g<between>{HIDDEN}", text)
    return _CONTROL.sub(lambda char: f"<U+{ord(char[0]):04X}>", text)


class RedactingFormatter(logging.Formatter):
    """A formatter whose output, tracebacks included, holds no secret and no terminal control."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line; further lines begin with a space, so that no text can look like another entry."""
        return redact(super().format(record)).replace("\n", "\n ")


class JsonFormatter(RedactingFormatter):
    """A JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line: ``time`` (UTC), ``level``, ``logger``, ``message`` and, of a crash, ``trace``."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            told["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def set_up(level: str | None = None) -> None:
    """Send logs to stderr: ours from ``level`` on (``DRAGOMAN_LOG``, else warnings), others from warnings on.

    Other packages stay quiet because their debug output holds what passes through them. ``DRAGOMAN_LOG_FORMAT``
    is ``text`` or ``json``.
    """
    chosen = (level or os.environ.get("DRAGOMAN_LOG") or "warning").lower()
    known = chosen in LEVELS
    handler = logging.StreamHandler(sys.stderr) if sys.stderr else logging.NullHandler()
    as_json = os.environ.get("DRAGOMAN_LOG_FORMAT", "").lower() == "json"
    handler.setFormatter(
        JsonFormatter() if as_json else RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    # `force` takes out what an imported package has set up, whose output could hold secrets.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(chosen.upper() if known else logging.WARNING)
    if not known:
        logging.getLogger(__name__).warning("DRAGOMAN_LOG is not one of %s.", ", ".join(LEVELS))
