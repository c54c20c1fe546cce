"""The name of the account that is being opened, for sentences and places that a provider makes for it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_name: Final[ContextVar[str]] = ContextVar("account_name", default="")


@contextmanager
def naming_account(name: str) -> Generator[None]:
    """Let everything inside know the name of the account that it works for."""
    token = _name.set(name)
    try:
        yield
    finally:
        _name.reset(token)


def account_name() -> str:
    """The name; empty where no account is opened, as in a test of a provider alone."""
    return _name.get()
