"""The command ``serve --http``."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import click

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence, unquoted
from dragoman_server.config.find import find, find_again
from dragoman_server.config.http import BACKLOG, PATH, Address
from dragoman_server.runtime import log, startup_checks

_SOCKET_BUFFER: Final = 256 << 10
_NOT_OURS: Final = "Choose another address with --http HOST:PORT, or with listen in [http]."
_IN_USE: Final = f"End the program that uses it. {_NOT_OURS}"


def serve(
    settings_file: Path | None, log_level: str | None, where: str, workers: int | None, *, read_only: bool = False
) -> None:
    """Serve over HTTP until a signal asks to end. Does not return.

    Args:
        settings_file: As named on the command line.
        log_level: As named on the command line.
        where: ``HOST:PORT``; empty for what the settings say.
        workers: How many processes; ``None`` for what the settings say.
        read_only: Write nothing, whatever the settings allow.

    Raises:
        ConfigError: The settings cannot be used, or would let anybody in.
        Unavailable: The address cannot be listened at.
    """
    log.set_up(log_level)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    source = find(settings_file)
    http = startup_checks.http_settings(startup_checks.check(source, read_only=read_only), where, workers)
    listening = listen(http.address)
    shown = Address(http.address.host, listening.getsockname()[1]).shown
    if hasattr(signal, "SIGHUP"):  # until the supervisor takes it: the settings were read just now
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    click.echo(f"Serving MCP at http://{shown}{PATH}. Press Ctrl-C to end.", err=True)
    from dragoman_server.transports.http.process.supervisor import Supervisor, WorkerConfig  # noqa: PLC0415  # takes time

    drain_seconds = http.drain_delay + http.drain_timeout
    config = WorkerConfig(source, log_level, read_only, http.listen, listening, drain_seconds, http.workers)
    Supervisor(config, lambda: find_again(settings_file, source)).run()
    sys.exit(0)


def listen(address: Address) -> socket.socket:
    """A socket that takes connections at an address.

    Raises:
        Unavailable: Another program has it, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio sends small answers without delay only where the protocol of the socket is said.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):  # systems give a connection up to 6 MiB of each
            listening.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER)
        listening.bind((address.host, address.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        reason = error.strerror or type(error).__name__
        hint = _IN_USE if error.errno == errno.EADDRINUSE else _NOT_OURS
        raise Unavailable(
            sentence("The server cannot listen at {}: {}.", unquoted(address.shown), unquoted(reason)), hint=hint
        ) from None
    listening.set_inheritable(True)
    return listening
