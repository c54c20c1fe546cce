"""The command ``import``: archives into an account on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import anyio
import click

from dragoman.core.errors import InvalidArgument, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.core.sanitize import clean_line
from dragoman.sync.expiry import drop_expired
from dragoman.toolset.definition.time_arguments import parse_time
from dragoman_server.commands.import_files.dry_run import dry_run
from dragoman_server.commands.import_files.loader import BATCH, Progress, load, stored_sentence
from dragoman_server.commands.import_files.request import ImportReport, ImportRequest
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

__all__ = ["BATCH", "ImportReport", "ImportRequest", "import_files", "load", "preview", "request_of"]

_LABEL: Final = "Importing"


def import_files(config: Config, request: ImportRequest) -> ImportReport:
    """Import archives, with progress on stderr in a terminal.

    Raises:
        DragomanError: Nothing can be read, or the account takes no imports.
        KeyboardInterrupt: The user stopped it; what was stored is told on stderr.
    """
    messages = 0

    async def main(progress: Progress) -> ImportReport:
        async with tool_context.open_services(config) as shared:
            report = await load(shared, request, progress, _tell_stopping)
            await drop_expired(shared.workspace)
            return report

    with _progress_bar() as show:

        def progress(position: int, size: int, number: int) -> None:
            nonlocal messages
            messages = number
            show(position, size, number)

        try:
            return anyio.run(main, progress)
        except KeyboardInterrupt:
            # Ctrl-C cancels the loader first, which has stored what was read by now.
            _tell_stopped(messages)
            raise
        except OSError as error:
            raise Unavailable(
                sentence("An archive could not be read on ({}).", error.strerror or type(error).__name__),
                hint=stored_sentence(messages),
            ) from None


def request_of(config: Config, options: Mapping[str, Any]) -> ImportRequest:
    """The request that the command's options make.

    Raises:
        InvalidArgument: A time or a zone is none.
    """
    zone = _zone_of(options["timezone"]) if options["timezone"] else None
    since = options["since"]
    return ImportRequest(
        paths=options["paths"],
        account=options["account"],
        format=options["format_"],
        title=options["title"] or "",
        me=options["me"] or "",
        dates=options["dates"],
        zone=zone,
        since=parse_time(since, zone=zone or config.zone, now=datetime.now(UTC), name="since") if since else None,
        strict=options["strict"],
    )


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidArgument(
            sentence("There is no time zone {!r}.", clean_line(name, 60)),
            hint='Give an IANA name such as "Europe/Berlin".',
        ) from None


def preview(config: Config, request: ImportRequest, *, as_json: bool) -> str:
    """What an import would read; nothing is stored.

    Raises:
        DragomanError: Nothing can be read.
    """

    async def main() -> str:
        async with tool_context.open_services(config) as shared:
            found = await dry_run(shared, request)
            return found.as_json() if as_json else found.text(request.zone or shared.zone)

    return anyio.run(main)


def _tell_stopping() -> None:
    click.echo("\nStopping: what was read is being stored. Press Ctrl-C again to leave that out.", err=True)


def _tell_stopped(messages: int) -> None:
    click.echo(
        f"\nStopped. {messages:,} entries were read, and what is new of them is stored."
        " Run the same command again to go on; nothing is doubled.",
        err=True,
    )


@contextmanager
def _progress_bar() -> Generator[Progress]:
    """A bar on stderr with the rate and the remaining time; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _position, _size, _number: None
        return
    started = time.monotonic()
    with click.progressbar(length=1, label=_LABEL, file=sys.stderr, show_percent=True) as bar:

        def show(position: int, size: int, number: int) -> None:
            bar.length = max(size, 1)
            rate = number / max(time.monotonic() - started, 0.001)
            bar.label = f"{_LABEL} {number:,} ({rate:,.0f}/s)"
            # A click bar takes steps, not positions, and goes beyond its length when told to.
            bar.update(max(0, min(position, size) - bar.pos))

        yield show
