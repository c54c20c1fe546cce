"""The process of a server: it runs one asynchronous function and ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

_log = logging.getLogger(__name__)


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous function and end the process, at once and with everything closed.

    A thread that still waits for input would otherwise hold the interpreter until the client moves.
    """
    status = 0
    try:
        anyio.run(main)
    except KeyboardInterrupt:
        # As shells count it: 128 and the number of SIGINT.
        status = 130
    except BaseException:  # noqa: BLE001  # the end of the process: it is logged and told by the status
        _log.exception("The server ends because of a mistake in itself.")
        status = 1
    # `os._exit` flushes nothing.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)
