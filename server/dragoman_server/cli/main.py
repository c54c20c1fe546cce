"""The command line. Every command imports what it needs when it runs, so that each starts fast."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from dragoman._version import __version__
from dragoman.core.errors import InvalidArgument
from dragoman_server.cli import speak_utf8
from dragoman_server.cli.options import Commands, as_json, common, remember_start, say, settings_of
from dragoman_server.cli.setup_commands import COMMANDS
from dragoman_server.cli.store_commands import forget, store
from dragoman_server.commands import completion


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dragoman")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Read and write messages in any messaging system through one MCP server."""
    if ctx.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    from dragoman_server.setup import overview  # noqa: PLC0415  # see the module

    say(overview.overview(settings_of(None, None)))


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
        from dragoman_server.transports.http.process import command  # noqa: PLC0415  # see the module

        command.serve(config, log_level, http, workers, read_only=read_only)
    if workers is not None:
        raise click.UsageError("--workers needs --http.")
    from dragoman_server.transports.stdio import pipes  # noqa: PLC0415  # before all else: nothing may print to the protocol

    if sys.stdin is not None and sys.stdin.isatty():
        click.echo("Waiting for an MCP client on stdin. Press Ctrl-C to end; `dragoman demo` shows more.", err=True)
    try:
        lines = pipes.take()
    except OSError:
        raise InvalidArgument(
            "The server needs an open stdin and an open stdout.", hint="Let an MCP client start it; it opens both."
        ) from None
    from dragoman_server.transports.stdio import command as serving  # noqa: PLC0415  # imports the SDK

    serving.serve_stdio(lines, config, log_level, read_only=read_only, remember=True)


@cli.command()
@click.argument("tool", shell_complete=completion.tools)
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...", shell_complete=completion.arguments)
@click.option("--json", "more", metavar="OBJECT", help="Arguments as a JSON object.")
@common
def call(tool: str, arguments: tuple[str, ...], more: str | None, config: Path | None, log_level: str | None) -> None:
    """Call one tool and print what an assistant would see.

    The exit status is 1 when the tool answers with an error.
    """
    from dragoman_server.commands import call as calling  # noqa: PLC0415  # see the module

    given = calling.arguments(arguments, more)
    text, failed = calling.run(settings_of(config, log_level), tool, given)
    say(text)
    sys.exit(int(failed))


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--account", metavar="NAME", help="One account; all by default.", shell_complete=completion.accounts)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most messages.")
@click.option("--cursor", metavar="CURSOR", help="Go on where an answer said `more: cursor CURSOR`.")
@as_json
@common
def search(
    words: tuple[str, ...],
    account: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,  # noqa: FBT001  # a flag is a boolean
    config: Path | None,
    log_level: str | None,
) -> None:
    """Find messages in what the store holds; no service is asked.

    WORDS may have operators, as in: dragoman search budget from:ann -draft after:2026-03-01. The exit status is 1 when
    nothing is found.
    """
    from dragoman_server.commands import search as searching  # noqa: PLC0415  # see the module

    asked = {"query": " ".join(words), "account": account, "limit": limit, "cursor": cursor}
    settings = settings_of(config, log_level)
    found = searching.search(settings, asked, as_json=as_json)
    remember_start(settings)
    is_styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    say(found.coloured() if is_styled else found.text, styled=is_styled)
    sys.exit(int(not found.hits))


@cli.command()
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...", shell_complete=completion.accounts)
@click.option("--watch", is_flag=True, help="Keep the store current until Ctrl-C or SIGTERM.")
@click.option("--status", is_flag=True, help="Only say how current it is; no service is asked.")
@as_json
@common
def sync(
    accounts: tuple[str, ...],
    watch: bool,  # noqa: FBT001  # flags are booleans
    status: bool,  # noqa: FBT001  # as above
    as_json: bool,  # noqa: FBT001  # as above
    config: Path | None,
    log_level: str | None,
) -> None:
    """Bring the store up to date with the accounts whose settings say `sync`.

    The exit status is 0 when everything up to the horizon is held, else 1. Stop it at any time; the next one goes on.
    """
    from dragoman_server.commands import sync_accounts  # noqa: PLC0415  # see the module

    if watch and status:
        raise click.UsageError("Say either --watch or --status.")
    settings = settings_of(config, log_level)
    if status:
        found = sync_accounts.status(settings, accounts)
        say(found.as_json() if as_json else found.text)
        return
    report = sync_accounts.sync(settings, accounts, watch=watch)
    say(report.as_json() if as_json else report.text)
    sys.exit(int(not report.is_complete and not watch))


@cli.command()
@as_json
@common
def tools(as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # a flag is a boolean
    """List the tools with what each costs in tokens."""
    from dragoman_server.commands.inspect import tools_and_accounts  # noqa: PLC0415  # see the module

    say(tools_and_accounts.tools(settings_of(config, log_level), as_json=as_json))


@cli.command()
@as_json
@common
def accounts(as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # a flag is a boolean
    """List the accounts with what they can do and may write."""
    from dragoman_server.commands.inspect import tools_and_accounts  # noqa: PLC0415  # see the module

    say(tools_and_accounts.accounts(settings_of(config, log_level), as_json=as_json))


@cli.command()
@as_json
@common
def check(as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # as above
    """Reach every account and say what works and what to do."""
    from dragoman_server.commands.inspect import check as checking  # noqa: PLC0415  # see the module

    settings = settings_of(config, log_level)
    reports = checking.check(settings)
    remember_start(settings)
    if as_json:
        say(checking.as_json(reports))
    elif sys.stdout.isatty():
        say(checking.table(reports, shutil.get_terminal_size().columns))
    else:
        say(checking.lines(reports))
    sys.exit(int(not all(report.good for report in reports)))


@cli.command()
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="How far back.")
@as_json
@common
def stats(days: int, as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # a flag is a boolean
    """Show how often tools were called, how long they took, and the tokens they cost."""
    from dragoman_server.commands.inspect import stats as statistics  # noqa: PLC0415  # see the module

    say(statistics.stats(settings_of(config, log_level), days, as_json=as_json))


@cli.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--account", metavar="NAME", help="Where to; the local account if there is one.", shell_complete=completion.accounts
)
@click.option("--format", "format_", metavar="FORMAT", help="The format; recognised by content when absent.")
@click.option("--as", "title", metavar="NAME", help="Title of a conversation whose archive does not name it.")
@click.option("--me", metavar="WHO", help="Name, id or address of the person who is you.")
@click.option("--dates", type=click.Choice(["dmy", "mdy", "ymd"]), help="Order of dates that could be read two ways.")
@click.option("--timezone", metavar="ZONE", help="Zone of times that name none; that of the settings when absent.")
@click.option("--since", metavar="TIME", help="Leave older messages out: 2025-01-31, 90d, yesterday.")
@click.option("--dry-run", is_flag=True, help="Say what would be imported, and store nothing.")
@click.option("--strict", is_flag=True, help="Store nothing when something cannot be read.")
@as_json
@common
def import_(dry_run: bool, as_json: bool, config: Path | None, log_level: str | None, **options: object) -> None:  # noqa: FBT001  # flags are booleans
    """Import archives into a local account: exports of chats and mail, folders, zip and tar files; - is stdin.

    The same archive can be imported again and again without doubling.
    """
    from dragoman_server.commands import import_files  # noqa: PLC0415  # see the module

    settings = settings_of(config, log_level)
    request = import_files.request_of(settings, options)
    if dry_run:
        say(import_files.preview(settings, request, as_json=as_json))
        return
    report = import_files.import_files(settings, request)
    say(report.as_json() if as_json else report.text)
    sys.exit(int(not report.could_read))


@cli.command()
@click.option("--sent", type=int, metavar="NUMBER", help="Say that this write was made after all.")
@click.option("--not-sent", type=int, metavar="NUMBER", help="Say that this write was certainly not made.")
@common
def outbox(sent: int | None, not_sent: int | None, config: Path | None, log_level: str | None) -> None:
    """List the writes whose outcome is unknown, or say how one ended."""
    from dragoman_server.commands import outbox as outbox_command  # noqa: PLC0415  # see the module

    if sent is not None and not_sent is not None:
        raise click.UsageError("Say either --sent or --not-sent.")
    settings = settings_of(config, log_level)
    if sent is not None:
        say(outbox_command.settle(settings, sent, "done"))
    elif not_sent is not None:
        say(outbox_command.settle(settings, not_sent, "failed"))
    else:
        say(outbox_command.unknown(settings))


@cli.command()
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Most lines.")
@as_json
@common
def audit(limit: int, as_json: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # click passes names
    """List who wrote what where and how it ended, newest first, without the texts."""
    from dragoman_server.commands.inspect import audit as audit_command  # noqa: PLC0415  # see the module

    say(audit_command.audit(settings_of(config, log_level), limit, as_json=as_json))


@cli.command()
@click.option("--provider", metavar="NAME", help="Show this service, played by a stand-in on this machine.")
@click.option(
    "--archive",
    type=click.Choice(["slack", "mbox", "whatsapp"]),
    help="Import a sample archive of this form, and show it.",
)
@click.option("--full", "is_full", is_flag=True, help="Show every tool and every line.")
@common
def demo(
    provider: str | None, archive: str | None, *, is_full: bool, config: Path | None, log_level: str | None
) -> None:
    """Show on one screen how an assistant reads, searches and sends, in a throw-away store.

    No account and no network is needed, with --provider neither.
    """
    from dragoman_server.commands.demo import command as shown  # noqa: PLC0415  # imports the SDK

    if config is not None:
        settings_of(config, log_level)  # the demonstration uses its own, but a bad file is never passed over
    shown.run(provider, archive, is_full=is_full)


for _command in (*COMMANDS, store, forget):
    cli.add_command(_command)


def main() -> None:
    """The command ``dragoman``."""
    speak_utf8()
    if "_DRAGOMAN_COMPLETE" in os.environ:
        from dragoman_server.commands import shell_scripts  # noqa: PLC0415  # only when a shell asks

        shell_scripts.register()
    cli(prog_name="dragoman")
