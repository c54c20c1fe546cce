"""The program ``dragoman``: serving begins to answer at once, and every other command takes the usual way."""

from __future__ import annotations

import os
import sys

from dragoman_server.cli import speak_utf8

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module takes as long as all that is imported here
    from typing import NoReturn

    from dragoman_server.transports.stdio.early_responder import EarlyResponder

_LEVELS = ("debug", "info", "warning", "error")
_FORMS = ("text", "json")
_OTHER_PYTHON = "Start it with another one, such as python3.12; `uv tool install .` brings one by itself."


def main() -> None:
    """Run the command."""
    if sys.version_info < (3, 11):  # noqa: UP036  # sources of a checkout run with any Python
        sys.exit(f"Dragoman needs Python 3.11 or newer, and this is {sys.version.split()[0]}. {_OTHER_PYTHON}")
    speak_utf8()
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2:])
    if sys.argv[1:2] == ["search"] and "_DRAGOMAN_COMPLETE" not in os.environ:
        _search(sys.argv[2:])
    from dragoman_server.cli.main import main as run_command  # noqa: PLC0415  # nobody waits for a first answer

    run_command()


class _Options:
    """What ``serve`` is asked for, where that is plain.

    Attributes:
        config: The settings file.
        read_only: Nothing may be written.
        log_level: What to log.
        log_format: How to log.
    """

    config: str | None = None
    read_only: bool = False
    log_level: str | None = None
    log_format: str | None = None


def _serve(arguments: list[str]) -> None:
    """Serve at once, if what is asked for is plain; otherwise nothing has happened yet."""
    options = _plain(arguments)
    # The usual command tells a person at a terminal first what it waits for.
    if options is None or sys.stdin is None or os.isatty(0):
        return
    from dragoman_server.transports.stdio import predicted_results  # noqa: PLC0415  # only when it is needed

    results = predicted_results.predict_results(options.config, read_only=options.read_only)
    if results is None:
        return
    from dragoman_server.transports.stdio import early_responder, pipes  # noqa: PLC0415  # as above

    try:
        ahead = early_responder.EarlyResponder(pipes.take(), results)
    except OSError:
        return
    ahead.start()
    if options.log_format is not None:
        os.environ["DRAGOMAN_LOG_FORMAT"] = options.log_format
    _go_on(ahead, options)


def _search(words: list[str]) -> None:
    """Search at once, if what is asked for is plain; otherwise nothing was printed yet."""
    import gc  # noqa: PLC0415  # only for this command

    from dragoman_server.cli.bytecode_finder import BytecodeFinder  # noqa: PLC0415  # as above

    gc.disable()  # the process ends before there is much to collect
    with BytecodeFinder():
        _search_lightly(words)
    gc.enable()


def _search_lightly(words: list[str]) -> None:
    """Search with stand-ins for what takes long, and end; or forget what was imported."""
    from dragoman_server.cli.light_dataclasses import DATACLASSES  # noqa: PLC0415  # as above
    from dragoman_server.cli.light_modules import StandingIn, datetime_in_c, forget_light_modules  # noqa: PLC0415  # as above
    from dragoman_server.cli.light_typing import TYPING  # noqa: PLC0415  # as above

    with StandingIn(DATACLASSES, TYPING, datetime_in_c()):
        from dragoman_server.cli import quick_search  # noqa: PLC0415  # after what it shall not import

        try:
            status = quick_search.run(words)
        except BrokenPipeError:
            os._exit(1)  # a reader that left
    if status is not None:
        os._exit(status)  # nothing is open any more
    forget_light_modules()


def _go_on(ahead: EarlyResponder, options: _Options) -> NoReturn:
    """Import the SDK while the front answers, and serve; whatever goes wrong is told as by every other command."""
    from pathlib import Path  # noqa: PLC0415  # the front answers already

    from dragoman.core.errors import DragomanError  # noqa: PLC0415  # as above
    from dragoman_server.transports.stdio import command  # noqa: PLC0415  # imports the SDK

    config = None if options.config is None else Path(options.config)
    try:
        command.serve_stdio(ahead, config, options.log_level, read_only=options.read_only)
    except (DragomanError, OSError) as error:
        from dragoman_server.cli.options import tell  # noqa: PLC0415  # only on failure

        status = tell(error)
    else:
        status = 0
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)  # a thread still waits for the client


def _plain(arguments: list[str]) -> _Options | None:
    """The options of ``serve``; ``None`` where more is asked for, or something that is wrong."""
    found = _Options()
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--read-only":
            found.read_only = True
            continue
        value = value if equals else next(words, "")
        if name == "--config" and value:
            found.config = value
        elif name == "--log-level" and value in _LEVELS:
            found.log_level = value
        elif name == "--log-format" and value in _FORMS:
            found.log_format = value
        else:
            return None
    return found
