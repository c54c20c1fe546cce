"""What ``install`` and ``uninstall`` ask, do and say; :mod:`~dragoman_server.setup.client.entry` changes the files."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import click

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import join, safe, sentence, unquoted
from dragoman_server.config.load import Config
from dragoman_server.runtime.log import redact
from dragoman_server.setup.account import credential_storage
from dragoman_server.setup.account.credential_storage import CredentialNeed, Source
from dragoman_server.setup.client import entry, trial_start
from dragoman_server.setup.client.entry import EntryLocation
from dragoman_server.setup.client.launch import launch
from dragoman_server.setup.files import trusted_files
from dragoman_server.setup.files.safe_rewrite import Change

_FIRST_GUESS: Final[Source] = {"keyring": "dragoman"}
_MARK: Final = codecs.BOM_UTF8

C = TypeVar("C")


def install(
    config: Config, places: Sequence[EntryLocation], *, dry_run: bool, given: Sequence[str], keep_env: bool
) -> Iterator[str]:
    """Put our entry in; yields what is to be said.

    Args:
        config: The settings that the server shall have.
        places: Where an entry is to stand.
        dry_run: Only tell what would change.
        given: ``NAME=-``: the credential of that variable is the next line of stdin.
        keep_env: Leave credentials that come from the environment where they are.

    Raises:
        DragomanError: Something cannot be done; of several clients those that can be changed were.
    """
    started = launch(config)
    changes, failures = _prepare(places, lambda where: entry.add_entry(where, started))
    wants = [] if keep_env else credential_storage.credential_needs(config)
    # Nobody should type credentials and only then hear that the settings cannot be changed.
    credential_storage.check(config, dict.fromkeys(wants, _FIRST_GUESS))
    values = _read_credentials(given, wants)
    if dry_run:
        for where, change in changes:
            yield from _show(change, where)
        yield from (f"It would ask for the credential {want.variable} ({want.label})." for want in wants)
    else:
        moved = yield from _store(config, wants, values)
        for where, change in changes:
            yield from _install_one(where, change)
        if not moved and not any(change.needed for _, change in changes):
            yield "Nothing was changed."
        yield from _relative(config)
        try:
            # Last of all: an entry whose server does not start yet stays, and the error says what to mend.
            trial_start.try_start(started)
            yield "The server was started once and answered."
        except DragomanError as error:
            failures.append(error)
    _raise_all(failures)


def uninstall(places: Sequence[EntryLocation], *, dry_run: bool) -> Iterator[str]:
    """Take our entry out; yields what is to be said.

    Raises:
        DragomanError: Something cannot be done; of several clients those that can be changed were.
    """
    changes, failures = _prepare(places, entry.remove_entry)
    for where, change in changes:
        if change is None:
            yield sentence("{}: There is no server {}; nothing was changed.", where.path, where.name)
        elif dry_run:
            yield from _show(change, where)
        else:
            yield from _write(change, f"{where.client.title} does not start dragoman any more", "")
            yield where.client.after
    _raise_all(failures)


def _prepare(
    places: Sequence[EntryLocation], change: Callable[[EntryLocation], C]
) -> tuple[list[tuple[EntryLocation, C]], list[DragomanError]]:
    """The change at each place, and the errors of other places; an error is raised when no place can be changed."""
    changes: list[tuple[EntryLocation, C]] = []
    failures: list[DragomanError] = []
    for where in places:
        try:
            changes.append((where, change(where)))
        except DragomanError as error:
            failures.append(error)
    if not changes:
        _raise_all(failures)
    return changes, failures


def _raise_all(failures: Sequence[DragomanError]) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise InvalidArgument(join((error.text for error in failures), "\n"))


def _install_one(where: EntryLocation, change: Change) -> Iterator[str]:
    done = f"{where.client.title} starts dragoman from now on"
    yield from _write(change, done, f"already starts it as {where.name}")
    if change.path != where.path:
        yield sentence("{} is a link to that file.", where.path)
    if (change.before or b"").startswith(_MARK) and not change.after.startswith(_MARK):
        yield f"The byte order mark at its beginning was taken out: {where.client.title} refuses a file with one."
    if change.needed:
        yield where.client.after


def _show(change: Change, where: EntryLocation) -> Iterator[str]:
    if change.needed:
        diff = change.diff()
        yield redact(diff) if len(diff.splitlines()) > 1 else sentence("{} would be written.", where.path)
    else:
        yield sentence("{}: The entry is there already; nothing would change.", where.path)


def _write(change: Change, done: str, already: str) -> Iterator[str]:
    backup = change.apply()
    if not change.needed:
        yield sentence("{}: {}.", change.path, unquoted(already))
        return
    yield sentence("{}: {}", unquoted(done), change.path)
    if backup is not None:
        yield sentence("The file before is kept as {}.", backup.name)


def _read_credentials(words: Sequence[str], wants: Sequence[CredentialNeed]) -> dict[str, str]:
    """The credentials that a script hands over on stdin, a line each."""
    values: dict[str, str] = {}
    known = {want.variable for want in wants}
    for word in words:
        name, equals, place = word.partition("=")
        if not equals or place != "-":
            raise click.UsageError("A credential is given as --secret NAME=-, and its value on stdin.")
        if name not in known:
            there = sentence("Those that do: {}.", join(sorted(known))) if known else safe("None do.")
            raise InvalidArgument(sentence("No credential in the settings comes from a variable {}.", name), hint=there)
        values[name] = credential_storage.clean_credential(sys.stdin.readline(), name)
    return values


def _store(config: Config, wants: Sequence[CredentialNeed], values: Mapping[str, str]) -> Generator[str, None, bool]:
    """Ask for all that is missing, then store it and change the settings. Returns whether anything was stored."""
    # All are asked for before one is stored: whoever leaves halfway has changed nothing.
    answers = [(want, values.get(want.variable) or _ask(want)) for want in wants]
    sources: dict[CredentialNeed, Source] = {}
    for want, value in answers:
        if value is None:
            yield (
                f"{want.variable} ({want.label}) stays in the environment, which a client may not have:"
                f" --secret {want.variable}=- stores it."
            )
            continue
        sources[want] = credential_storage.store_credential(want.variable, value)
        yield f"{want.variable} is stored in {credential_storage.place_of(sources[want])}."
    change = credential_storage.with_sources(config, sources)
    if change is not None:
        yield from _write(change, "The settings read it from there", "The settings read it from there already")
        trusted_files.renew(change.path, change.before, change.after)
    return bool(sources)


def _ask(want: CredentialNeed) -> str | None:
    """A credential that is typed without being seen; ``None`` when nobody is there or nothing is typed."""
    if not sys.stdin.isatty():
        return None
    present = os.environ.get(want.variable, "").strip()
    usual = "Enter takes what the variable holds" if present else "Enter leaves it there"
    typed: str = click.prompt(
        f"{want.variable}, the {want.label} (not shown; {usual})",
        default=present,
        hide_input=True,
        show_default=False,
        err=True,
    )
    return credential_storage.clean_credential(typed, want.variable) if typed.strip() else None


def _relative(config: Config) -> Iterator[str]:
    """Paths that mean another place in a client, which starts in a folder of its own."""
    for account, settings in config.accounts.items():
        for key in type(settings).model_fields:
            value: object = getattr(settings, key)
            if isinstance(value, Path) and not value.expanduser().is_absolute():
                yield f"accounts.{account}.{key} is no absolute path; a client would look elsewhere. Write it in full."
