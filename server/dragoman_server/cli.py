"""The command line. Every command imports what it needs when it runs, so that each starts fast."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from dragoman._version import __version__
from dragoman.errors import DragomanError, InvalidArgument, Unavailable
from dragoman_server.start import speak_utf8

if TYPE_CHECKING:
    from dragoman_server.config import Config

P = ParamSpec("P")
R = TypeVar("R")

_CLIENTS = ("claude-desktop", "claude-code", "cursor", "vscode", "codex", "gemini")
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


def tell(error: DragomanError | OSError) -> int:
    """Say on stderr what is wrong, and return the exit status for it."""
    from dragoman_server.log import redact  # noqa: PLC0415  # only on failure

    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        error = Unavailable(f"The system refuses to go on ({reason}).", hint="Mend that, then try again.")
    click.echo(redact(str(error)), err=True)
    return 2 if error.code == "bad_settings" else 1


def _say(text: str) -> None:
    """Print an answer."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_output()
        raise Unavailable(
            f"The command ran, but its answer cannot be written ({error.strerror}).", hint="Send stdout elsewhere."
        ) from error


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
        "--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings; else found as the README says."
    )
    level = click.option("--log-level", type=click.Choice(_LEVELS), help="What to log to stderr; else DRAGOMAN_LOG.")
    form = click.option(
        "--log-format", type=click.Choice(_FORMS), help="How to log; text by default.", expose_value=False,
        callback=_log_form,
    )  # fmt: skip
    return config(level(form(command)))


def _log_form(_ctx: click.Context, _option: click.Parameter, form: str | None) -> None:
    """The form is the same for the whole process, so no command has to hand it on."""
    if form is not None:
        os.environ["DRAGOMAN_LOG_FORMAT"] = form


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dragoman")
def cli() -> None:
    """Read and write messages in any messaging system through one MCP server."""


@cli.command()
@click.option(
    "--http", is_flag=False, flag_value="", metavar="[HOST:PORT]", help="Serve over HTTP; at 127.0.0.1:8765 by default."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that serve over HTTP; 1 by default.")
@click.option("--read-only", is_flag=True, help="Write nothing, whatever the settings and confirmations allow.")
@common
def serve(
    http: str | None,
    workers: int | None,
    read_only: bool,  # noqa: FBT001  # click passes names
    config: Path | None,
    log_level: str | None,
) -> None:
    """Serve MCP over stdin and stdout, where a client starts this, or over HTTP."""
    if http is not None:
        from dragoman_server.http import command  # noqa: PLC0415  # see the module

        command.serve(config, log_level, http, workers, read_only=read_only)
    if workers is not None:
        raise click.UsageError("--workers needs --http.")
    from dragoman_server import wire  # noqa: PLC0415  # before all else: nothing may print to the protocol

    if sys.stdin is not None and sys.stdin.isatty():
        click.echo("Waiting for an MCP client on stdin. Press Ctrl-C to end; `dragoman demo` shows more.", err=True)
    try:
        lines = wire.take()
    except OSError:
        raise InvalidArgument(
            "The server needs an open stdin and an open stdout.", hint="Let an MCP client start it; it opens both."
        ) from None
    from dragoman_server import serving  # noqa: PLC0415  # imports the SDK

    serving.over_pipes(lines, config, log_level, read_only=read_only)


@cli.command()
@click.argument("tool")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "more", metavar="OBJECT", help="Arguments as a JSON object.")
@common
def call(tool: str, arguments: tuple[str, ...], more: str | None, config: Path | None, log_level: str | None) -> None:
    """Call one tool and print what an assistant would see.

    The exit status is 1 when the tool answers with an error.
    """
    from dragoman_server import calling  # noqa: PLC0415  # see the module

    given = calling.arguments(arguments, more)
    text, failed = calling.run(_settings(config, log_level), tool, given)
    _say(text)
    sys.exit(int(failed))


@cli.command()
@click.option("--provider", metavar="NAME", help="Which service.")
@click.option("--name", metavar="NAME", help="What the account is called; else like its provider.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the provider.")
@click.option("--write", type=click.Choice(["off", "confirm", "allow"]), help="May messages be written.")
@click.option("--token-env", metavar="NAME", help="The token is in this environment variable.")
@click.option("--env", multiple=True, metavar="KEY=NAME", help="A credential is in this environment variable.")
@click.option("--secret", "secrets", multiple=True, metavar="KEY=-", help="Store a credential; a line of stdin.")
@click.option("--check/--no-check", default=True, help="Try the account before it is saved.")
@click.option("--no-default", is_flag=True, help="Drop the account that is there without settings.")
@common
def init(
    provider: str | None, name: str | None, settings: tuple[str, ...], write: str | None, token_env: str | None,
    env: tuple[str, ...], secrets: tuple[str, ...], *, check: bool, no_default: bool,
    config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Add an account: asks in a terminal, takes everything from options in a script.

    The account is tried before it is saved. What the settings file holds already stays, with its comments, and a copy
    of the file before is kept. Credentials go to the system's keyring or a private file.
    """
    from dragoman_server import init_command, log  # noqa: PLC0415  # see the modules

    log.set_up(log_level)
    given = init_command.Given(
        provider=provider, name=name, check=check, keep_default=not no_default, secrets=secrets,
        settings=(*settings, *([f"write={write}"] if write else [])),
        env=(*env, *([f"token={token_env}"] if token_env else [])),
    )  # fmt: skip
    for line in init_command.run(given, config):
        _say(line)


@cli.command()
@common
def tools(config: Path | None, log_level: str | None) -> None:
    """List the tools with what each costs in tokens."""
    from dragoman_server import overview  # noqa: PLC0415  # see the module

    _say(overview.tools(_settings(config, log_level)))


@cli.command()
@common
def accounts(config: Path | None, log_level: str | None) -> None:
    """List the accounts with what they can do and may write."""
    from dragoman_server import overview  # noqa: PLC0415  # see the module

    _say(overview.accounts(_settings(config, log_level)))


@cli.command()
@common
def check(config: Path | None, log_level: str | None) -> None:
    """Reach every account and say what works and what to do."""
    from dragoman_server import checking  # noqa: PLC0415  # see the module

    reports = checking.check(_settings(config, log_level))
    terminal = sys.stdout.isatty()
    _say(checking.table(reports, shutil.get_terminal_size().columns) if terminal else checking.lines(reports))
    sys.exit(int(not all(report.good for report in reports)))


@cli.command()
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of a table.")
@common
def stats(days: int, as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # a flag is a boolean
    """Show how often tools were called, how long they took, and the tokens they cost."""
    from dragoman_server import statistics  # noqa: PLC0415  # see the module

    _say(statistics.stats(_settings(config, log_level), days, as_json=as_json))


@cli.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--account", metavar="NAME", help="Where to; the local account if there is one.")
@common
def import_(file: Path, account: str | None, config: Path | None, log_level: str | None) -> None:
    """Import a chat export or JSON Lines into a local account; again and again without doubling."""
    from dragoman_server import importing  # noqa: PLC0415  # see the module

    _say(importing.import_file(_settings(config, log_level), file, account))


def _client(command: Callable[P, R]) -> Callable[P, R]:
    """What says which list of which client."""
    options = (
        click.argument("client", type=click.Choice(_CLIENTS), metavar="CLIENT"),
        click.option("--name", default="dragoman", show_default=True, help="What the client calls the server."),
        click.option("--file", type=click.Path(path_type=Path), help="Another file than the client's usual one."),
        click.option("--project", is_flag=True, help="The list of the project in the working folder."),
        click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command(short_help=f"Let a client start the server: {', '.join(_CLIENTS)}.")
@_client
@click.option("--print", "only_print", is_flag=True, help="Print the entry, to be pasted.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME=-", help="Store a credential; a line of stdin.")
@click.option("--keep-env", is_flag=True, help="Leave credentials in the environment.")
@common
def install(
    client: str, name: str, file: Path | None, *, project: bool, dry_run: bool, only_print: bool,
    secrets: tuple[str, ...], keep_env: bool, config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Let a client start the server.

    Puts one entry into the client's own list of servers and leaves the rest as it is, with a copy of the file before.
    Credentials that the settings take from the environment are asked for and stored in the system's keyring or, where
    there is none, in a private file. CLIENT is claude-desktop, claude-code, cursor, vscode, codex or gemini.
    """
    from dragoman_server import install_command, installing, launch  # noqa: PLC0415  # see the modules

    settings = _settings(config, log_level)
    where = installing.place(client, name=name, file=file, project=project)
    if only_print:
        _say(installing.snippet(where, launch.launch(settings)))
        return
    for line in install_command.install(settings, where, dry_run=dry_run, given=secrets, keep_env=keep_env):
        _say(line)


@cli.command()
@_client
@common
def uninstall(
    client: str, name: str, file: Path | None, *, project: bool, dry_run: bool,
    config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Take out what install has put into a client's list of servers."""
    from dragoman_server import install_command, installing  # noqa: PLC0415  # see the modules

    if config is not None:
        _settings(config, log_level)  # not needed, but a bad file is never passed over
    where = installing.place(client, name=name, file=file, project=project)
    for line in install_command.uninstall(where, dry_run=dry_run):
        _say(line)


@cli.command()
@click.option("--provider", metavar="NAME", help="Show this service, played by a stand-in on this machine.")
@common
def demo(provider: str | None, config: Path | None, log_level: str | None) -> None:
    """Show the tools at work on a conversation in a throw-away store.

    No account and no network is needed, with --provider neither.
    """
    from dragoman_server import demo as shown  # noqa: PLC0415  # imports the SDK

    if config is not None:
        _settings(config, log_level)  # the demonstration uses its own, but a bad file is never passed over
    shown.run(provider)


def _settings(config: Path | None, log_level: str | None) -> Config:
    from dragoman_server import config as settings  # noqa: PLC0415  # pydantic, only when a command runs
    from dragoman_server import log  # noqa: PLC0415  # as above

    log.set_up(log_level)
    return settings.load(config)


def main() -> None:
    """The command ``dragoman``."""
    speak_utf8()
    cli(prog_name="dragoman")
