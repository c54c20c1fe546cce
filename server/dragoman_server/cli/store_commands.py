"""The commands ``dragoman store ...``: what an operator does to the file with everything that is remembered."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import SafeText
from dragoman_server.cli.options import common, say, settings_of
from dragoman_server.commands import completion

_FILE = click.Path(path_type=Path)


@click.group()
def store() -> None:
    """Back up, restore, check and rescue what the server remembers."""


_which = click.option("--store", "store_file", type=_FILE, metavar="FILE", help="Another file than the usual store.")


@store.command()
@click.argument("target", type=_FILE, metavar="FILE")
@_which
@common
def backup(target: Path, store_file: Path | None, config: Path | None, log_level: str | None) -> None:
    """Copy the store to FILE, also while servers use it.

    An earlier copy at that place is replaced once the new one is complete.
    """
    from dragoman_server.commands import store_files  # noqa: PLC0415  # see the module

    say(store_files.back_up(settings_of(config, log_level), target, store_file))


@store.command()
@click.argument("source", type=_FILE, metavar="FILE")
@_which
@common
def restore(source: Path, store_file: Path | None, config: Path | None, log_level: str | None) -> None:
    """Put the copy FILE in the place of the store; no server may be using it.

    The store that was there gets another name and is not deleted.
    """
    from dragoman_server.commands import store_files  # noqa: PLC0415  # see the module

    say(store_files.restore(settings_of(config, log_level), source, store_file))


@store.command()
@click.argument("file", required=False)
@click.argument("other", required=False)
@common
def verify(file: str | None, other: str | None, config: Path | None, log_level: str | None) -> None:
    """Check the store, or FILE: its structure, the index against the texts, numbers, the outbox.

    With OTHER the two are compared, row by row. Both may be addresses, see `dragoman store copy`. The exit status is
    1 when something is wrong.
    """
    from dragoman_server.commands import store_database  # noqa: PLC0415  # see the module

    text, sound = store_database.verify(settings_of(config, log_level), file, other)
    say(text)
    sys.exit(int(not sound))


@store.command()
@click.option("--print", "only_print", is_flag=True, help="Print the statements, and change nothing.")
@common
def migrate(config: Path | None, log_level: str | None, *, only_print: bool) -> None:
    """Make the tables of a store in PostgreSQL, or bring them up to date.

    Servers do that by themselves where their user may make tables. Otherwise an administrator runs what --print prints.
    """
    from dragoman_server.commands import store_database  # noqa: PLC0415  # see the module

    say(store_database.migrate(settings_of(config, log_level), only_print=only_print))


@store.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@common
def copy_to(source: str, target: str, config: Path | None, log_level: str | None) -> None:
    """Copy everything that is remembered from one store to another, empty one.

    FROM and TO are paths of files or addresses of PostgreSQL databases; `store` is what the settings say, and
    `env:NAME` an environment variable that holds an address. No server may use either of them meanwhile. A copy
    that was cut off goes on when it is started again.
    """
    from dragoman_server.commands import store_database  # noqa: PLC0415  # see the module

    say(store_database.copy(settings_of(config, log_level), source, target, _tell))


def _tell(table: str, rows: int) -> None:
    click.echo(f"{table}: {rows:,}", err=True)


@store.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@common
def salvage(old: Path, new: Path, config: Path | None, log_level: str | None) -> None:
    """Save what the damaged file OLD still gives into the new file NEW."""
    from dragoman_server.commands import store_files  # noqa: PLC0415  # see the module

    if config is not None:
        settings_of(config, log_level)  # not needed, but a bad file is never passed over
    say(store_files.salvage(old, new))


@click.command()
@click.argument("account", metavar="ACCOUNT", shell_complete=completion.accounts)
@click.argument("conversation", required=False, metavar="[CONVERSATION]")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@common
def forget(account: str, conversation: str | None, yes: bool, config: Path | None, log_level: str | None) -> None:  # noqa: FBT001  # click passes names
    """Delete what the store remembers of ACCOUNT, or of one of its conversations.

    Texts, names and titles go from the file, its index and its log; servers may go on meanwhile. Their numbers are
    never given again, and the audit log stays. Of a local account the messages themselves are deleted.
    """
    from dragoman_server.commands import forget as forgetting  # noqa: PLC0415  # see the module

    say(forgetting.forget(settings_of(config, log_level), account, conversation, lambda told: yes or _agrees(told)))


def is_terminal() -> bool:
    """Whether a user can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _agrees(told: SafeText) -> bool:
    if not is_terminal():
        raise InvalidArgument(told, hint="Say --yes to have that done without a terminal.")
    return click.confirm(f"{told} Go on?", err=True)
