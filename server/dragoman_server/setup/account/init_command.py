"""The command ``init``: leads somebody through an account, or takes it all from options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from dragoman.accounts.provider_registry import provider_names
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.transport.credentials import register_for_redaction
from dragoman_server.commands.inspect import check as checking
from dragoman_server.setup.account import add_account, credential_storage
from dragoman_server.setup.account.add_account import Target
from dragoman_server.setup.account.credential_storage import place_of
from dragoman_server.setup.account.questions import POLICY, Question, optional_secrets, usual
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
    """

    provider: str | None = None
    name: str | None = None
    settings: Sequence[str] = ()
    env: Sequence[str] = ()
    secrets: Sequence[str] = ()
    check: bool = True
    keep_default: bool = True


@dataclass(slots=True)
class _Account:
    """An account in the making; credentials that are to be stored stand beside the table."""

    name: str
    asked: dict[str, Question]
    table: dict[str, object]
    secrets: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def usable(self) -> dict[str, object]:
        """The table with the credentials themselves, to be tried out and not to be written."""
        return self.table | self.secrets


def run(given: Given, named: Path | None) -> Iterator[str]:
    """Add an account; yields what is to be said.

    Raises:
        DragomanError: Something cannot be used; nothing was changed.
    """
    there = add_account.target(named)
    account = _begun(given, there)
    _take(account, given)
    if sys.stdin.isatty():
        _ask(account)
    settings = add_account.only_account(account.name, account.usable)
    add_account.change(there, account.name, account.usable, keep_default=given.keep_default)
    if given.check:
        (report,) = checking.check(settings)
        yield checking.lines([report])
        if not report.good and not (sys.stdin.isatty() and click.confirm("Save it anyway?", err=True)):
            raise InvalidArgument("Nothing was changed.", hint="Correct that and try again, or add --no-check.")
    yield from _saved(account, there, given)


def _begun(given: Given, there: Target) -> _Account:
    someone = sys.stdin.isatty()
    provider = given.provider
    if provider is None:
        names = provider_names()
        if not someone:
            raise InvalidArgument(
                "An account needs a provider.", hint=f"Say --provider with one of {', '.join(names)}."
            )
        provider = str(click.prompt("Which service", type=click.Choice(names), err=True))
    asked = add_account.asked_of(provider)
    if given.name is None and someone:
        name = _until_right("A name for the account", provider, lambda text: add_account.free_name(text, there))
    else:
        name = add_account.free_name(given.name or provider, there)
    return _Account(name, asked, {"provider": provider})


def _take(account: _Account, given: Given) -> None:
    """Everything that the options say."""
    for word in given.settings:
        question, text = _pair(account, word, "--set KEY=VALUE")
        if question.secret:
            raise InvalidArgument(
                f"{question.key} is a credential, and other programs see this command.",
                hint=f"Say --secret {question.key}=- and give it on stdin, or --env {question.key}=NAME.",
            )
        account.table[question.key] = question.value(text)
    for word in given.env:
        question, text = _pair(account, word, "--env KEY=NAME")
        account.table[question.key] = {"env": text}
    for word in given.secrets:
        question, text = _pair(account, word, "--secret KEY=-")
        if text != "-":
            raise click.UsageError("A credential is given as --secret KEY=-, and its value on stdin.")
        account.secrets[question.key] = credential_storage.sound(sys.stdin.readline(), question.key)


def _pair(account: _Account, word: str, form: str) -> tuple[Question, str]:
    key, equals, text = word.partition("=")
    if not equals or not text:
        raise click.UsageError(f"This is written {form}.")
    if key not in account.asked:
        raise InvalidArgument(
            f"An account of {account.table['provider']} has no setting {key!r}.",
            hint=f"It has {', '.join(account.asked)}.",
        )
    question = account.asked[key]
    if not question.secret and "--set" not in form:
        raise InvalidArgument(f"{key} is no credential.", hint=f"Say --set {key}=VALUE.")
    return question, text


def _ask(account: _Account) -> None:
    """Everything that the options leave open."""
    for question in usual(account.asked):
        if question.key not in account.usable and question.key != POLICY:
            _answer(account, question)
    secrets = optional_secrets(account.asked)
    if secrets and not any(question.key in account.usable for question in secrets):
        for question in secrets:
            click.echo(f"  {question.key}: {question.about}", err=True)
        names = [*(question.key for question in secrets), "none"]
        chosen = click.prompt("Which credential", type=click.Choice(names), default=names[0], err=True)
        if chosen != "none":
            _answer(account, account.asked[chosen])
    if POLICY not in account.table:
        _answer(account, account.asked[POLICY])


def _answer(account: _Account, question: Question) -> None:
    """Ask until the answer is right; what is as usual need not be written down."""
    while True:
        value = _credential(question) if question.secret else _plain(question)
        if isinstance(value, InvalidArgument):
            said: str | None = str(value)
        else:
            said = add_account.problem(account.name, account.usable | {question.key: value}, question.key)
        if said is None:
            break
        click.echo(f"  {said}", err=True)
    if question.secret and isinstance(value, str):
        account.secrets[question.key] = value
    elif value != question.default or question.required:
        account.table[question.key] = value


def _plain(question: Question) -> object:
    text = f"{question.key} ({question.about})" if question.about else question.key
    if question.type == "boolean":
        return click.confirm(text, default=bool(question.default), err=True)
    kind = click.Choice(question.choices) if question.choices else None
    typed = str(click.prompt(text, default=question.default, type=kind, err=True)).strip()
    try:
        return question.value(typed)
    except InvalidArgument as error:
        return error


def _credential(question: Question) -> object:
    """The credential itself, or the place where it is."""
    text = f"{question.key} ({question.about}; not shown, Enter to name a variable instead)"
    typed = str(click.prompt(text, default="", hide_input=True, show_default=False, err=True)).strip()
    register_for_redaction(typed)
    if not typed and question.secret == "kept":  # noqa: S105  # a word
        return {"env": str(click.prompt("  Environment variable that holds it", err=True)).strip()}
    try:
        return credential_storage.sound(typed, question.key)
    except InvalidArgument as error:
        return error


def _until_right(text: str, default: str, accept: Callable[[str], str]) -> str:
    while True:
        try:
            return accept(str(click.prompt(text, default=default, err=True)).strip())
        except DragomanError as error:
            click.echo(f"  {error}", err=True)


def _saved(account: _Account, there: Target, given: Given) -> Iterator[str]:
    table = dict(account.table)
    for key, value in account.secrets.items():
        if account.asked[key].secret == "kept":  # noqa: S105  # a word
            source = credential_storage.store_credential(f"{account.name}.{key}", value)
            table[key] = source
            yield f"{key} is stored in {place_of(source)}."
        else:
            table[key] = value
            yield f"{key} stands in the settings file, because this provider takes it from nowhere else."
    change = add_account.change(there, account.name, table, keep_default=given.keep_default)
    kept = change.apply()
    trusted_files.renew(change.path, change.before, change.after)
    yield f"{account.name} is in {there.path}."
    if kept is not None:
        yield f"The file before is kept as {kept.name}."
    yield from _next(account, table, there, given)


def _next(account: _Account, table: Mapping[str, object], there: Target, given: Given) -> Iterator[str]:
    others = ", ".join(add_account.other_accounts(account.name, table)) if not there.accounts else ""
    if others and given.keep_default:
        yield f"The account {others} is written there too: it exists by itself only as long as the settings name none."
    yield "Next: `dragoman check`, and `dragoman install CLIENT` for your assistant."
