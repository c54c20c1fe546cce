"""Leads somebody through the settings of an account: each question explained, each answer checked at once.

Enter takes the default; where there is none it goes back to the question before. Answers are kept, so that somebody
who goes back, or whose account does not work yet, only presses Enter where nothing is to change.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import anyio
import click

from dragoman.accounts.provider_registry import provider_class, provider_names
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import safe
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.transport.credentials import register_for_redaction
from dragoman_server.setup.account import add_account, credential_storage
from dragoman_server.setup.account.add_account import SettingsTarget
from dragoman_server.setup.account.oauth_questions import ask_oauth
from dragoman_server.setup.account.prompts import GoBack, ask, looks_like_credential, one_of
from dragoman_server.setup.account.questions import POLICY, Question, optional_secrets, usual

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FIRST: Final = "  This is the first question; it needs an answer. Ctrl-C leaves, and nothing is changed."
_NONE: Final = "none"
_YES: Final = {"y": True, "yes": True, "true": True, "n": False, "no": False, "false": False}


@dataclass(slots=True)
class Draft:
    """An account in the making; credentials that are to be stored stand beside the table.

    Attributes:
        fixed: Keys that the options have said; they are not asked for.
        advice: What was found out from what the account cannot do without.
        signed_in: The entry of the sign-in that was made for it.
    """

    provider: str = ""
    name: str = ""
    asked: dict[str, Question] = field(default_factory=dict[str, Question])
    table: dict[str, object] = field(default_factory=dict[str, object])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    fixed: set[str] = field(default_factory=set[str])
    advice: SettingsAdvice = field(default_factory=SettingsAdvice)
    signed_in: str = ""

    @property
    def usable(self) -> dict[str, object]:
        """The table with the credentials themselves, to be tried out and not to be written."""
        return self.table | self.secrets

    def learn(self) -> SettingsAdvice:
        """Find out what can be found out from the answers so far; nothing where that fails."""
        try:
            self.advice = anyio.run(partial(provider_class(self.provider).advise, dict(self.table)))
        except DragomanError:
            self.advice = SettingsAdvice()
        return self.advice

    def take_advice(self) -> None:
        """Take the values that were found, for settings without an answer."""
        for key, value in self.learn().found.items():
            self.table.setdefault(key, value)

    def choose(self, provider: str) -> None:
        """Make it an account of a provider, and drop the answers for another one."""
        # The same settings mean something else for another service, so nothing of them is kept.
        if provider != self.provider:
            self.asked = add_account.questions_of(provider)
            self.provider, self.table, self.secrets = provider, {"provider": provider}, {}
            self.advice, self.signed_in = SettingsAdvice(), ""

    def answer(self, question: Question, value: object) -> None:
        """Take an answer; a default is not written down."""
        self.secrets.pop(question.key, None)
        self.table.pop(question.key, None)
        if question.secret and isinstance(value, str):
            self.secrets[question.key] = value
        elif value != question.default or question.required:
            self.table[question.key] = value


Step = Callable[[], None]


def ask_provider_and_name(draft: Draft, there: SettingsTarget, *, provider: bool, name: bool, begin: int = 0) -> None:
    """Ask for what there has to be before anything else; answers of before are what Enter takes.

    Args:
        draft: Gets the answers.
        there: The settings that the account is added to.
        provider: Ask for the provider.
        name: Ask for the name.
        begin: How many of these questions are answered already.
    """
    steps: list[Step] = []
    if provider:
        steps.append(lambda: _ask_provider(draft))
    if name:
        steps.append(lambda: _ask_name(draft, there))
    _walk(steps, first=True, begin=begin)


def ask_settings(draft: Draft, *, first: bool) -> None:
    """Ask for everything that the options leave open.

    Args:
        draft: Gets the answers.
        first: There is no question before these.

    Raises:
        GoBack: Somebody wants the question before these.
    """
    open_questions = [it for it in usual(draft.asked) if it.key not in draft.fixed and it.key != POLICY]
    needed = [it for it in open_questions if it.required]
    steps: list[Step] = [_step(draft, question) for question in needed]
    # With the last answer that is required a provider can find out more; without any this appends a step.
    steps[-1:] = [lambda: _ask_and_learn(draft, needed[-1:])]
    steps += [_step(draft, question) for question in open_questions if not question.required]
    secrets = optional_secrets(draft.asked)
    if secrets and not any(question.key in draft.fixed for question in secrets):
        steps.append(lambda: _ask_which(draft, secrets))
    if POLICY not in draft.fixed:
        steps.append(_step(draft, draft.asked[POLICY]))
    _walk(steps, first=first)


def _walk(steps: Sequence[Step], *, first: bool, begin: int = 0) -> None:
    at = begin
    while at < len(steps):
        try:
            steps[at]()
            at += 1
        except GoBack:
            if at == 0 and not first:
                raise
            if at == 0:
                click.echo(_FIRST, err=True)
            at = max(0, at - 1)


def _step(draft: Draft, question: Question) -> Step:
    return lambda: _ask(draft, question)


def _ask_and_learn(draft: Draft, last: Sequence[Question]) -> None:
    """Ask the last of what the account cannot do without, and what is found out with it."""
    while True:
        for question in last:
            _ask(draft, question)
        try:
            _ask_found(draft)
        except GoBack:
            if not last:
                raise
        else:
            return


def _ask_found(draft: Draft) -> None:
    """Show what was found, to be confirmed, and ask for what was not."""
    advice = draft.learn()
    for said in advice.sentences:
        click.echo(f"  {said}", err=True)
    for key in (*advice.found, *advice.open):
        if key in draft.asked and key not in draft.fixed:
            _ask(draft, replace(draft.asked[key], required=True, default=advice.found.get(key)))


def _ask_provider(draft: Draft) -> None:
    names = provider_names()
    click.echo("What the account is of:", err=True)
    for name in names:
        click.echo(f"  {name:<12} {describe_provider(name)}".rstrip(), err=True)
    draft.choose(ask("Which service", one_of(names), default=draft.provider or None))


def describe_provider(provider: str) -> str:
    """What there is to read and write, in a phrase; what is wrong where the provider cannot be imported."""
    try:
        return provider_class(provider).about
    except DragomanError as error:
        return error.message


def _ask_name(draft: Draft, there: SettingsTarget) -> None:
    text = "A name for the account"
    draft.name = ask(text, lambda typed: add_account.free_name(typed, there), default=draft.name or draft.provider)


def _ask(draft: Draft, question: Question) -> None:
    """Ask one question, explained; an answer of before is what Enter takes."""
    if question.where:
        click.echo(f"  {question.key}: {question.where}", err=True)
    draft.answer(question, _credential(draft, question) if question.secret else _plain(draft, question))


def _plain(draft: Draft, question: Question) -> object:
    known = draft.table.get(question.key, question.default)
    text = f"{question.key} ({question.about})" if question.about else question.key
    if question.choices:
        text += f" ({', '.join(question.choices)})"
    if question.type == "boolean":
        text, known = f"{text} (y, n)", "y" if known else "n"

    def parse(typed: str) -> object:
        value = _yes_or_no(typed) if question.type == "boolean" else question.value(typed)
        if question.choices:
            one_of(question.choices)(typed)
        return _require_good(draft, question, value)

    return ask(text, parse, default=None if known is None else question.text(known))


def _yes_or_no(typed: str) -> bool:
    if typed.lower() not in _YES:
        raise InvalidArgument("The answers are y and n.")
    return _YES[typed.lower()]


def _require_good(draft: Draft, question: Question, value: object) -> object:
    # One word is a valid host name, and nearly always a part of an address that was left unfinished.
    if question.key == "base_url" and isinstance(value, str) and not re.search(r"[.:\[]|localhost", value):
        raise InvalidArgument("This is no whole address.", hint="Write it as in https://acme.example.com.")
    wrong = add_account.problem(draft.name, draft.usable | {question.key: value}, question.key)
    if wrong is not None:
        raise InvalidArgument(safe(wrong))
    return value


def _credential(draft: Draft, question: Question) -> object:
    """The credential itself, or the place where it is."""
    known = draft.usable.get(question.key)
    enter = "Enter keeps what you gave" if known else "Enter to name a variable instead"
    if question.secret == "plain" and not known:  # noqa: S105  # a word
        enter = "Enter goes back"

    def parse(typed: str) -> object:
        register_for_redaction(typed)
        return _require_good(draft, question, credential_storage.clean_credential(typed, question.key))

    try:
        return ask(f"{question.key} ({question.about}; not shown, {enter})", parse, hidden=True)
    except GoBack:
        if known:
            return known
        if question.secret == "plain":  # noqa: S105  # a word
            raise
    return {"env": ask("  Environment variable that holds it (Enter goes back)", _variable)}


def _variable(typed: str) -> str:
    # Many a token could be the name of a variable, too.
    if not _VARIABLE.fullmatch(typed) or looks_like_credential(typed):
        register_for_redaction(typed)
        raise InvalidArgument("A variable's name has letters, digits and underscores, such as CONVORE_API_KEY.")
    if typed not in os.environ:
        click.echo("  It is not set in this terminal; set it where the server is started.", err=True)
    return typed


def _ask_which(draft: Draft, secrets: Sequence[Question]) -> None:
    for question in secrets:
        click.echo(f"  {question.key}: {question.about}", err=True)
    names = [*(question.key for question in secrets), _NONE]
    suggested = draft.advice.credential if draft.advice.credential in names else names[0]
    # Going back keeps the choice of before as the default.
    known = next((question.key for question in secrets if question.key in draft.usable), suggested)
    chosen = ask(f"Which credential ({', '.join(names)})", one_of(names), default=known)
    for question in secrets:
        if question.key != chosen:
            draft.table.pop(question.key, None)
            draft.secrets.pop(question.key, None)
    if chosen != _NONE and draft.asked[chosen].secret == "sign_in":  # noqa: S105  # a word
        draft.table[chosen] = ask_oauth(draft.name, draft.table.get(chosen), draft.advice.oauth)
    elif chosen != _NONE:
        _ask(draft, draft.asked[chosen])
