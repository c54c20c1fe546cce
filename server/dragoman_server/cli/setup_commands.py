"""The commands that set things up: accounts, clients, shells."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman_server.cli.options import P, R, common, remember_start, say, settings_of
from dragoman_server.commands import completion as completing

if TYPE_CHECKING:
    from dragoman_server.setup.client.entry import EntryLocation

_CLIENTS = ("claude-desktop", "claude-code", "cursor", "vscode", "codex", "gemini")


@click.command()
@click.option("--provider", metavar="NAME", help="Which service.", shell_complete=completing.providers)
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
    """Begin with an archive or an account: asks in a terminal, takes everything from options in a script.

    In a terminal it ends with the assistants that may read the messages. The account is tried before it is saved.
    What the settings file holds already stays, with its comments, and a copy of the file before is kept. Credentials
    go to the system's keyring or a private file.
    """
    from dragoman_server.runtime import log  # noqa: PLC0415  # see the modules
    from dragoman_server.setup import guided_start  # noqa: PLC0415  # see the modules
    from dragoman_server.setup.account import init_command  # noqa: PLC0415  # see the modules

    log.set_up(log_level)
    given = init_command.Given(
        provider=provider, name=name, check=check, keep_default=not no_default, secrets=secrets,
        settings=(*settings, *([f"write={write}"] if write else [])),
        env=(*env, *([f"token={token_env}"] if token_env else [])),
    )  # fmt: skip
    for line in guided_start.run(given, config):
        say(line)


@click.command()
@click.argument("account", shell_complete=completing.accounts)
@click.option("--device/--no-device", default=None, help="With a code that is typed into any browser.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Where the browser is sent back to on this machine.")
@click.option("--no-browser", is_flag=True, help="Open no browser, only print the address.")
@common
def login(
    account: str, *, device: bool | None, port: int | None, no_browser: bool,
    config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Sign in to an account with OAuth, in a browser or with a device code.

    The tokens go to the system's keyring or, where there is none, to a private file, and renew themselves.
    """
    from dragoman_server.setup.account import login_command  # noqa: PLC0415  # see the modules

    options = login_command.LoginOptions(device=device, port=port or 0, browser=not no_browser)
    login_command.login(settings_of(config, log_level), account, options)


def _client(command: Callable[P, R]) -> Callable[P, R]:
    """The options that choose a client and its list of servers."""
    options = (
        click.argument("client", type=click.Choice(_CLIENTS), metavar="[CLIENT]", required=False),
        click.option("--all", "every", is_flag=True, help="Every client that is found on this machine."),
        click.option("--name", default="dragoman", show_default=True, help="What the client calls the server."),
        click.option("--file", type=click.Path(path_type=Path), help="Another file than the client's usual one."),
        click.option("--project", is_flag=True, help="The list of the project in the working folder."),
        click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing."),
    )
    # The decorator that is applied last comes first in the help.
    for option in reversed(options):
        command = option(command)
    return command


def _places(client: str | None, *, every: bool, name: str, file: Path | None, project: bool) -> list[EntryLocation]:
    """Where an entry is to stand: of one client, or of all that are found."""
    from dragoman_server.setup.client import entry  # noqa: PLC0415  # see the module

    if (client is None) is not every:
        raise click.UsageError(f"Name one client, of {', '.join(_CLIENTS)}, or say --all.")
    if client is not None:
        return [entry.locate(client, name=name, file=file, project=project)]
    if file is not None:
        raise click.UsageError("--file belongs to one client; leave out --all.")
    return entry.locate_all(name=name, project=project)


@click.command(short_help=f"Let a client start the server: {', '.join(_CLIENTS)}.")
@_client
@click.option("--print", "only_print", is_flag=True, help="Print the entry, to be pasted.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME=-", help="Store a credential; a line of stdin.")
@click.option("--keep-env", is_flag=True, help="Leave credentials in the environment.")
@common
def install(
    client: str | None, name: str, file: Path | None, *, every: bool, project: bool, dry_run: bool, only_print: bool,
    secrets: tuple[str, ...], keep_env: bool, config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Let a client start the server.

    Puts one entry into the client's own list of servers and leaves the rest as it is. Keeps a copy of the file before.
    Asks for the credentials that the settings take from the environment, and stores them in the system's keyring. Where
    there is none, a private file holds them. CLIENT is claude-desktop, claude-code, cursor, vscode, codex or gemini.
    """
    from dragoman_server.setup.client import entry, install_command, launch  # noqa: PLC0415  # see the modules

    settings = settings_of(config, log_level)
    places = _places(client, every=every, name=name, file=file, project=project)
    if only_print:
        for where in places:
            say(entry.snippet(where, launch.launch(settings)))
        return
    for line in install_command.install(settings, places, dry_run=dry_run, given=secrets, keep_env=keep_env):
        say(line)
    if sys.stdout.isatty() and not dry_run:
        from dragoman_server.setup.guided_start import completion_hint  # noqa: PLC0415  # only where somebody reads it

        for line in completion_hint():
            say(line)
    if not dry_run:
        remember_start(settings_of(config, log_level))  # as they are now, with the credentials that were stored


@click.command()
@_client
@common
def uninstall(
    client: str | None, name: str, file: Path | None, *, every: bool, project: bool, dry_run: bool,
    config: Path | None, log_level: str | None,
) -> None:  # fmt: skip
    """Take out what install has put into a client's list of servers."""
    from dragoman_server.setup.client import install_command  # noqa: PLC0415  # see the modules

    if config is not None:
        settings_of(config, log_level)  # not needed, but a bad file is never passed over
    places = _places(client, every=every, name=name, file=file, project=project)
    for line in install_command.uninstall(places, dry_run=dry_run):
        say(line)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
@click.pass_context
def completion(ctx: click.Context, shell: str, config: Path | None, log_level: str | None) -> None:
    """Print what makes a shell complete commands: eval "$(dragoman completion bash)"."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # needed by this command only

    from dragoman_server.commands import shell_scripts  # noqa: PLC0415  # as above

    if config is not None:
        settings_of(config, log_level)  # not needed, but a bad file is never passed over
    shell_scripts.register()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError("This shell cannot complete.")
    try:
        say(kind(ctx.find_root().command, {}, "dragoman", "_DRAGOMAN_COMPLETE").source())
    except RuntimeError as error:  # a bash that is too old, or none
        click.echo(str(error), err=True)
        sys.exit(1)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--forget", is_flag=True, help="Let its settings count no more.")
@common
def trust(folder: Path, *, forget: bool, config: Path | None, log_level: str | None) -> None:
    """Let the settings of a folder count when Dragoman is started there.

    A dragoman.toml in the working folder counts only while its folder is trusted, and not after a change.
    It names programs to run and services that get your credentials. FOLDER is the working folder by default.
    """
    from dragoman_server.setup import trust_command  # noqa: PLC0415  # see the module

    if config is not None:
        settings_of(config, log_level)  # not needed, but a bad file is never passed over
    for line in trust_command.distrust(folder) if forget else trust_command.trust(folder):
        say(line)


@click.command()
@click.argument("name")
@click.option("--write", is_flag=True, help="It may write too.")
def token(name: str, *, write: bool) -> None:
    """Make a token for calls over HTTP; the settings hold only its hash."""
    from dragoman.core.errors import InvalidArgument  # noqa: PLC0415  # only here
    from dragoman.core.references import ACCOUNT_NAME  # noqa: PLC0415  # as above
    from dragoman_server.transports.http.auth import api_tokens  # noqa: PLC0415  # as above

    if not ACCOUNT_NAME.fullmatch(name):
        raise InvalidArgument(
            "A token's name has small letters, digits and hyphens, and begins with a letter.", hint="Such as my-laptop."
        )
    made = api_tokens.create_token()
    scopes = '["read", "write"]' if write else '["read"]'
    say(f'{made}\n\n[auth.tokens.{name}]\nhash = "{api_tokens.hash_token(made)}"\nscopes = {scopes}')
    click.echo("The token is shown this once; put the rest into the settings of the server.", err=True)


COMMANDS = (init, login, install, uninstall, trust, completion, token)
