"""The guided start of ``dragoman init``: an archive, a service, or just a look; it ends with ``install``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from dragoman.accounts.provider_registry import provider_names
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman_server.commands import import_files
from dragoman_server.config import load as config
from dragoman_server.setup import overview
from dragoman_server.setup.account import init_command
from dragoman_server.setup.account.init_command import Given
from dragoman_server.setup.account.interview import describe_provider
from dragoman_server.setup.account.prompts import GoBack, ask, one_of
from dragoman_server.setup.client import entry, install_command

_ARCHIVE: Final = "archive"
_TRY: Final = "try"
_WAYS: Final = {
    _ARCHIVE: "a file that you exported: WhatsApp, Slack, Gmail, Telegram, ...",
    _TRY: "only look: a sample, of which nothing stays",
}
_OPTIONS: Final = {"paths": (), "account": None, "format_": None, "title": None, "dates": None, "timezone": None}
_RC_FILES: Final = {"bash": "~/.bashrc", "zsh": "~/.zshrc"}


def run(given: Given, named: Path | None) -> Iterator[str]:
    """Lead somebody from nothing to an assistant that reads their messages; yields what is to be said.

    Args:
        given: What the options say. Where they say anything, an account is added without further choice.
        named: The settings file, if one is named.

    Raises:
        DragomanError: Something cannot be used; nothing was changed.
    """
    if not init_command.is_interactive():
        yield from init_command.run(given, named)
        yield "Next: `dragoman check`, and `dragoman install CLIENT` for your assistant."
        return
    # Whoever gives an option has chosen already.
    way = _ask_way() if given == Given() else ""
    while way == _TRY:
        _show_sample()
        way = _ask_way()
    if way == _ARCHIVE:
        yield from _import_archive(named)
    else:
        yield from init_command.run(replace(given, chosen=way), named)
    yield from _offer_install(named)
    yield from completion_hint()


def _ask_way() -> str:
    """What to begin with: one of the ways, or the name of a provider."""
    services = provider_names()
    click.echo("What do you want to begin with?", err=True)
    for name, about in (*_WAYS.items(), *((name, describe_provider(name)) for name in services)):
        click.echo(f"  {name:<12} {about}".rstrip(), err=True)
    while True:
        try:
            return ask("Which service, or archive, or try", one_of([*_WAYS, *services]))
        except GoBack:
            click.echo("  One of these words; Ctrl-C leaves, and nothing is changed.", err=True)


def _show_sample() -> None:
    from dragoman_server.commands.demo import command  # noqa: PLC0415  # imports the SDK

    command.run()
    click.echo(err=True)


def _import_archive(named: Path | None) -> Iterator[str]:
    """Ask for a file until it is one that can be read, show what is in it, and import it."""
    settings = config.load(named)
    while True:
        try:
            # Public, because a long path may look like a credential.
            path = ask("File or folder (you can drop it into this window)", _existing_path, public=True)
            options = {**_OPTIONS, "paths": (path,), "me": None, "since": None, "strict": False}
            request = import_files.request_of(settings, options)
            click.echo(import_files.preview(settings, request, as_json=False), err=True)
        except GoBack:
            continue
        except DragomanError as error:
            click.echo(f"  {error}", err=True)
        else:
            break
    try:
        me = ask("Who of them are you (name or address; Enter leaves it open)", str)
    except GoBack:
        me = ""
    if ask("Import it (y, n)", one_of(["y", "n"]), default="y") == "y":
        yield import_files.import_files(settings, replace(request, me=me)).text
    else:
        yield "Nothing was imported."


def _existing_path(typed: str) -> Path:
    """A path as it is typed, or as a terminal writes a file that is dropped into it."""
    # As it is first, because a name may hold quotes and backslashes.
    for form in (typed, *_words(typed)[:1]):
        path = Path(form).expanduser()
        if path.exists():
            return path
    raise InvalidArgument(sentence("There is no file {}.", typed), hint="Write the whole path, or drop the file here.")


def _words(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:
        return []


def _offer_install(named: Path | None) -> Iterator[str]:
    """Ask which of the clients on this machine shall start the server."""
    connected, found = overview.clients()
    if not found:
        yield (
            "Your assistant starts it already." if connected else "Next: `dragoman install CLIENT` for your assistant."
        )
        return
    text = f"Which assistant may read this ({', '.join(found)}, all, none)"
    chosen = ask(text, one_of([*found, "all", "none"]), default="all")
    if chosen == "none":
        yield "Next: `dragoman install CLIENT` for your assistant."
        return
    places = [entry.locate(name) for name in (found if chosen == "all" else [chosen])]
    yield from install_command.install(config.load(named), places, dry_run=False, given=(), keep_env=False)


def completion_hint() -> Iterator[str]:
    """Say how the user's shell completes commands, where it does not do so yet."""
    shell = Path(os.environ.get("SHELL", "")).name
    rc_file = _RC_FILES.get(shell)
    if rc_file is None:
        return
    try:
        there = "dragoman completion" in Path(rc_file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        there = False
    if not there:
        yield f'Completion in your shell: put  eval "$(dragoman completion {shell})"  into {rc_file}.'
