"""The command ``init``: leads somebody through an account, or takes it all from options."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from dragoman.accounts.provider_registry import provider_class, provider_names
from dragoman.core.context.instrumentation import naming_account
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import join, sentence
from dragoman.providers.base.account_settings import AccountSettings
from dragoman_server.commands.inspect import check as checking
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.setup.account import add_account, credential_storage, login_command
from dragoman_server.setup.account.add_account import SettingsTarget
from dragoman_server.setup.account.credential_storage import place_of
from dragoman_server.setup.account.interview import Draft, ask_provider_and_name, ask_settings
from dragoman_server.setup.account.prompts import GoBack, ask, one_of
from dragoman_server.setup.account.questions import Question
from dragoman_server.setup.files import trusted_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the options say; ``None`` and nothing mean: ask, if somebody is there.

    Attributes:
        settings: ``KEY=VALUE`` words.
        env: ``KEY=NAME`` words: the credential is in that environment variable.
        secrets: ``KEY=-`` words: the credential is the next line of stdin.
        check: Try the account before it is saved.
        keep_default: Keep the account that is there without settings.
        chosen: The provider that somebody has chosen already, and may choose anew.
    """

    provider: str | None = None
    name: str | None = None
    settings: Sequence[str] = ()
    env: Sequence[str] = ()
    secrets: Sequence[str] = ()
    check: bool = True
    keep_default: bool = True
    chosen: str = ""


def run(given: Given, named: Path | None) -> Iterator[str]:
    """Add an account; yields what is to be said.

    Raises:
        DragomanError: Something cannot be used; nothing was changed.
    """
    there = add_account.find_target(named)
    draft = _begin(given, there)
    _take(draft, given)
    yield from _settle(draft, there, given)
    yield from _save(draft, there, given)


def _begin(given: Given, there: SettingsTarget) -> Draft:
    draft = Draft()
    if given.provider or given.chosen:
        draft.choose(given.provider or given.chosen)
    if is_interactive():
        if given.name is not None:
            draft.name = add_account.free_name(given.name, there)
        wanted = {"provider": given.provider is None, "name": given.name is None}
        ask_provider_and_name(draft, there, **wanted, begin=int(bool(given.chosen)))
    elif given.provider is None:
        raise InvalidArgument(
            "An account needs a provider.", hint=sentence("Say --provider with one of {}.", join(provider_names()))
        )
    else:
        draft.name = add_account.free_name(given.name or draft.provider, there)
    return draft


def is_interactive() -> bool:
    """Whether a user can be asked."""
    return sys.stdin.isatty()


def _take(draft: Draft, given: Given) -> None:
    """Take all values from the options."""
    for word in given.settings:
        question, text = _pair(draft, word, "--set KEY=VALUE")
        if question.secret in {"kept", "plain"}:
            raise InvalidArgument(
                sentence("{} is a credential, and other programs see this command.", question.key),
                hint=sentence("Say --secret {}=- and give it on stdin, or --env {}=NAME.", question.key, question.key),
            )
        draft.table[question.key] = question.value(text)
    for word in given.env:
        question, text = _pair(draft, word, "--env KEY=NAME")
        draft.table[question.key] = {"env": text}
    for word in given.secrets:
        question, text = _pair(draft, word, "--secret KEY=-")
        if text != "-":
            raise click.UsageError("A credential is given as --secret KEY=-, and its value on stdin.")
        draft.secrets[question.key] = credential_storage.clean_credential(sys.stdin.readline(), question.key)
    draft.fixed = set(draft.usable)
    if not is_interactive():
        draft.take_advice()


def _pair(draft: Draft, word: str, form: str) -> tuple[Question, str]:
    key, equals, text = word.partition("=")
    if not equals or not text:
        raise click.UsageError(f"This is written {form}.")
    if key not in draft.asked:
        raise InvalidArgument(
            sentence("An account of {} has no setting {!r}.", draft.provider, key),
            hint=sentence("It has {}.", join(draft.asked)),
        )
    question = draft.asked[key]
    if not question.secret and "--set" not in form:
        raise InvalidArgument(sentence("{} is no credential.", key), hint=sentence("Say --set {}=VALUE.", key))
    return question, text


def _settle(draft: Draft, there: SettingsTarget, given: Given) -> Iterator[str]:
    """Ask for what is open and try the account, again and again with the answers kept, until it may be saved."""
    while True:
        if is_interactive():
            _ask(draft, there, given)
        try:
            if (yield from _try(draft, there, given)):
                return
        except ConfigError as error:
            if not is_interactive():
                raise
            click.echo(f"  {error}", err=True)
        else:
            if not is_interactive():
                raise InvalidArgument("Nothing was changed.", hint="Correct that and try again, or add --no-check.")
            if _is_saved_anyway():
                return
        # What the options said may be the mistake, so from now on that is asked for too.
        draft.fixed.clear()


def _ask(draft: Draft, there: SettingsTarget, given: Given) -> None:
    """Ask for the settings, and for provider and name again when somebody goes back so far."""
    while True:
        try:
            ask_settings(draft, first=given.provider is not None and given.name is not None)
        except GoBack:
            ask_provider_and_name(draft, there, provider=given.provider is None, name=given.name is None)
        else:
            return


def _try(draft: Draft, there: SettingsTarget, given: Given) -> Generator[str, None, bool]:
    """Whether the account agrees with the other settings, and works."""
    settings = add_account.only_account(draft.name, draft.usable)
    if is_interactive() and given.check:
        try:
            _sign_in(draft, settings.accounts[draft.name])
        except DragomanError as error:
            yield str(error)
            return False
    add_account.change(there, draft.name, draft.usable, keep_default=given.keep_default)
    if not given.check:
        return True
    # The check also looks at files, which are not the matter of a new account.
    reports = [report for report in checking.check(settings) if report.account == draft.name]
    yield checking.lines(reports)
    return all(report.good for report in reports)


def _sign_in(draft: Draft, settings: AccountSettings) -> None:
    """Sign in to the account with OAuth, where it does so and nobody has yet."""
    with naming_account(draft.name):
        client = settings.oauth_client
    if client is not None and draft.signed_in != client.entry:
        login_command.sign_in_to(draft.name, settings, login_command.LoginOptions())
        draft.signed_in = client.entry


def _is_saved_anyway() -> bool:
    """Whether an account that does not work is saved; Enter goes through the answers again."""
    text = "Save it anyway? (y saves it, Enter goes through the answers again, q leaves)"
    try:
        if ask(text, one_of(["y", "q"])) == "y":
            return True
    except GoBack:
        return False
    raise click.Abort


def _save(draft: Draft, there: SettingsTarget, given: Given) -> Iterator[str]:
    # Credentials come first: after a crash in between the settings name no place that is empty.
    table = dict(draft.table)
    for key, value in draft.secrets.items():
        if draft.asked[key].secret == "kept":  # noqa: S105  # a word
            source = credential_storage.store_credential(f"{draft.name}.{key}", value)
            table[key] = source
            yield f"{key} is stored in {place_of(source)}."
        else:
            table[key] = value
            yield f"{key} stands in the settings file, because this provider takes it from nowhere else."
    change = add_account.change(there, draft.name, table, keep_default=given.keep_default)
    kept = change.apply()
    trusted_files.renew(change.path, change.before, change.after)
    yield sentence("{} is in {}.", draft.name, there.path)
    if kept is not None:
        yield sentence("The file before is kept as {}.", kept.name)
    yield from _next(draft, table, there, given)


def _next(draft: Draft, table: Mapping[str, object], there: SettingsTarget, given: Given) -> Iterator[str]:
    others = ", ".join(add_account.other_accounts(draft.name, table)) if not there.accounts else ""
    if others and given.keep_default:
        yield f"The account {others} is written there too: it exists by itself only as long as the settings name none."
    if not provider_class(draft.provider).external:
        yield "`dragoman import FILE` brings conversations into it, from what other systems export."
