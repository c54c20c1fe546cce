"""The command ``serve --http``."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Final

import click

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence, unquoted
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import find
from dragoman_server.config.http import BACKLOG, ONE_PROCESS, PATH, Address, HttpSettings
from dragoman_server.config.load import Config
from dragoman_server.runtime import log, startup_checks

_SOCKET_BUFFER: Final = 256 << 10


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
    http = http_settings(startup_checks.check(source, read_only=read_only), where, workers)
    listening = listen(http.address)
    shown = Address(http.address.host, listening.getsockname()[1]).shown
    click.echo(f"Serving MCP at http://{shown}{PATH}. Press Ctrl-C to end.", err=True)
    from dragoman_server.transports.http.process.supervisor import Supervisor, WorkerConfig  # noqa: PLC0415  # takes time

    drain_seconds = http.drain_delay + http.drain_timeout
    config = WorkerConfig(source, log_level, read_only, http.listen, listening, drain_seconds, http.workers)
    Supervisor(config, lambda: find(settings_file)).run()
    sys.exit(0)


def http_settings(settings: Config, where: str, workers: int | None) -> HttpSettings:
    """The settings of HTTP with what the command line says instead.

    Raises:
        ConfigError: They contradict each other, or would let anybody in.
    """
    chosen: dict[str, object] = {}
    if where:
        try:
            Address.parse(where)
        except ValueError as error:
            raise ConfigError(sentence("--http {}.", unquoted(str(error)))) from None
        chosen["listen"] = where
    if workers is not None:
        chosen["workers"] = workers
    http = (settings.http or HttpSettings()).model_copy(update=chosen)
    if http.sessions and http.workers > 1:
        raise ConfigError(f"sessions = true in [http] {ONE_PROCESS}; leave --workers out.")
    if settings.auth is None and not http.address.loopback:
        raise ConfigError(
            "Without authentication the server listens to this machine only, and the address is another one's. "
            "Listen at 127.0.0.1, or give tokens in [auth.tokens.NAME]."
        )
    return http


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
        hint = "End the program that uses it, or choose another address with --http HOST:PORT or listen in [http]."
        raise Unavailable(sentence("The server cannot listen at {}: {}.", address.shown, reason), hint=hint) from None
    listening.set_inheritable(True)
    return listening
