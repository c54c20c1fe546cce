"""The command ``serve --http``."""

from __future__ import annotations

import gc
import os
import socket
import sys
from pathlib import Path
from typing import Final

import click

gc.disable()  # as in dragoman_server.transports.stdio.command
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from dragoman_server.config.diagnostics import ConfigError  # noqa: E402  # after the garbage collector rests
from dragoman_server.config.http import BACKLOG, ONE_PROCESS, PATH, Address, HttpSettings  # noqa: E402  # as above
from dragoman_server.config.load import Config  # noqa: E402  # as above
from dragoman_server.runtime import log, startup_checks  # noqa: E402  # after the garbage collector rests

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
        OSError: The address cannot be listened at.
    """
    log.set_up(log_level)
    settings = startup_checks.settings(settings_file, read_only=read_only)
    http = _chosen(settings, where, workers)
    _guarded(settings, http)
    listening = listen(http.address)
    shown = Address(http.address.host, listening.getsockname()[1]).shown
    click.echo(f"Serving MCP at http://{shown}{PATH}. Press Ctrl-C to end.", err=True)
    if http.workers == 1:
        _alone(settings, http, listening)
    else:
        from dragoman_server.transports.http.process import supervisor as several  # noqa: PLC0415  # only for several

        gc.enable()
        orders = several.WorkerConfig(settings_file, log_level, read_only, http, listening)
        several.Supervisor(orders, http.workers).run()
    sys.exit(0)


def listen(address: Address) -> socket.socket:
    """A socket that takes connections at an address.

    Raises:
        OSError: Somebody else has it, or it is not ours.
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
    except BaseException:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening


def _chosen(settings: Config, where: str, workers: int | None) -> HttpSettings:
    chosen: dict[str, object] = {}
    if where:
        try:
            Address.parse(where)
        except ValueError as error:
            raise ConfigError(f"--http {error}.") from None
        chosen["listen"] = where
    if workers is not None:
        chosen["workers"] = workers
    http = (settings.http or HttpSettings()).model_copy(update=chosen)
    if http.sessions and http.workers > 1:
        raise ConfigError(f"sessions = true in [http] {ONE_PROCESS}; leave --workers out.")
    return http


def _guarded(settings: Config, http: HttpSettings) -> None:
    if settings.auth is None and not http.address.loopback:
        raise ConfigError(
            "Without authentication the server listens to this machine only, and the address is another one's. "
            "Listen at 127.0.0.1, or give tokens in [auth.tokens.NAME]."
        )


def _alone(settings: Config, http: HttpSettings, listening: socket.socket) -> None:
    from dragoman_server.transports.http.process import worker  # noqa: PLC0415  # as above
    from dragoman_server.transports.stdio import transport  # noqa: PLC0415  # imports the SDK

    gc.freeze()
    gc.enable()

    async def main() -> None:
        await worker.serve(settings, http, listening)

    transport.run(main)
