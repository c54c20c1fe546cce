"""What the commands of the command line have in common."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click
from click.exceptions import Exit

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.safe_text import sentence, unquoted
from dragoman_server.commands.search_output import shown

if TYPE_CHECKING:
    from dragoman_server.config.load import Config

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

_LEVELS = ("debug", "info", "warning", "error")
_FORMS = ("text", "json")


class Commands(click.Group):
    """A group whose commands end with one or two sentences on stderr when something is wrong."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # a reader that left, which click knows
            raise
        except OSError as error:
            _forget_output()
            ctx.exit(tell(error))
        except DragomanError as error:
            ctx.exit(tell(error))
        except (click.ClickException, click.Abort, Exit):
            raise
        except Exception as error:  # noqa: BLE001  # the boundary: nobody is shown the traceback of a mistake in here
            _log.debug("The command failed.", exc_info=True)
            click.echo(
                f"Internal error ({type(error).__name__}). --log-level debug shows where, for a report.", err=True
            )
            ctx.exit(1)


def tell(error: DragomanError | OSError) -> int:
    """Say on stderr what is wrong, and return the exit status for it."""
    from dragoman_server.runtime.log import redact  # noqa: PLC0415  # only on failure

    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        error = Unavailable(
            sentence("The system refuses to go on ({}).", unquoted(reason)), hint="Mend that, then try again."
        )
    click.echo(redact(str(error)), err=True)
    # As for wrong usage: nothing was tried.
    return 2 if error.code == "bad_settings" else 1


def say(text: str, *, styled: bool = False) -> None:
    """Print an answer.

    Args:
        text: Its lines.
        styled: The text has colours of ours; everything else that a terminal obeys, or nobody sees, is shown.
    """
    try:
        click.echo(text if styled else shown(text))
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_output()
        raise Unavailable(
            sentence(
                "The command ran, but its answer cannot be written ({}).",
                unquoted(error.strerror or type(error).__name__),
            ),
            hint="Send stdout elsewhere.",
        ) from error


def remember_start(settings: Config) -> None:
    """Keep for the first start of a server what it would have to find out about these settings."""
    from dragoman_server.transports.stdio import start_record  # noqa: PLC0415  # only here

    start_record.remember(settings)


def _forget_output() -> None:
    """Let what could not be written go nowhere, or the interpreter fails over it once more at its end."""
    with suppress(OSError, ValueError, AttributeError):
        descriptor = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)


def common(command: Callable[P, R]) -> Callable[P, R]:
    """The options of every command."""
    config = click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings; else the usual file is looked for."
    )
    level = click.option("--log-level", type=click.Choice(_LEVELS), help="What to log to stderr; else DRAGOMAN_LOG.")
    form = click.option(
        "--log-format", type=click.Choice(_FORMS), help="How to log; text by default.", expose_value=False,
        callback=_log_form,
    )  # fmt: skip
    return config(level(form(command)))


def as_json(command: Callable[P, R]) -> Callable[P, R]:
    """The option of commands that answer programs too."""
    return click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")(command)


def _log_form(_ctx: click.Context, _option: click.Parameter, form: str | None) -> None:
    """The form is the same for the whole process, so no command has to hand it on."""
    if form is not None:
        os.environ["DRAGOMAN_LOG_FORMAT"] = form


def settings_of(config: Path | None, log_level: str | None) -> Config:
    """The settings of a command, with its log set up.

    Raises:
        ConfigError: They cannot be used.
    """
    from dragoman_server.config import load as settings  # noqa: PLC0415  # pydantic, only when a command runs
    from dragoman_server.runtime import log  # noqa: PLC0415  # as above

    log.set_up(log_level)
    return settings.load(config)
