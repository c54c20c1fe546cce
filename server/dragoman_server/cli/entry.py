"""The program ``dragoman``: serving begins to answer at once, and every other command takes the usual way."""

from __future__ import annotations

import os
import sys

from dragoman_server.cli.utf8 import speak_utf8

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module takes as long as all that is imported here
    from typing import NoReturn

    from dragoman_server.transports.stdio.early_responder import EarlyResponder


def main() -> None:
    """Run the command."""
    speak_utf8()
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2:])
    from dragoman_server.cli.main import main as run_command  # noqa: PLC0415  # nobody waits for a first answer

    run_command()


def _serve(arguments: list[str]) -> None:
    """Serve at once, if what is asked for is plain; otherwise nothing has happened yet."""
    options = _plain(arguments)
    if options is None or sys.stdin is None or os.isatty(0):
        return
    from dragoman_server.transports.stdio import predicted_results  # noqa: PLC0415  # only when it is needed

    config, read_only = options
    results = predicted_results.predict_results(config, read_only=read_only)
    if results is None:
        return
    from dragoman_server.transports.stdio import early_responder, pipes  # noqa: PLC0415  # as above

    try:
        ahead = early_responder.EarlyResponder(pipes.take(), results)
    except OSError:
        return
    ahead.start()
    _go_on(ahead, config, read_only=read_only)


def _go_on(ahead: EarlyResponder, config: str | None, *, read_only: bool) -> NoReturn:
    """Import the SDK while the front answers, and serve; whatever goes wrong is told as by every other command."""
    from pathlib import Path  # noqa: PLC0415  # the front answers already

    from dragoman.core.errors import DragomanError  # noqa: PLC0415  # as above
    from dragoman_server.transports.stdio import command  # noqa: PLC0415  # imports the SDK

    try:
        command.serve_stdio(ahead, None if config is None else Path(config), None, read_only=read_only)
    except (DragomanError, OSError) as error:
        from dragoman_server.cli.options import tell  # noqa: PLC0415  # only on failure

        status = tell(error)
    else:
        status = 0
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)  # a thread still waits for the client


def _plain(arguments: list[str]) -> tuple[str | None, bool] | None:
    """The settings file and whether nothing may be written; ``None`` where more is asked for."""
    config, read_only = None, False
    words = iter(arguments)
    for word in words:
        if word == "--read-only":
            read_only = True
        elif word == "--config":
            config = next(words, "")
        elif word.startswith("--config="):
            config = word.removeprefix("--config=")
        else:
            return None
    return None if config == "" else (config, read_only)
