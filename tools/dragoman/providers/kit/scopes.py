"""The scopes of a token, as a service tells them with its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from dragoman.core.errors import PermissionDenied

T = TypeVar("T")


class GrantedScopes:
    """The scopes of one token.

    Attributes:
        names: The scopes; ``None`` before the first answer.
    """

    def __init__(self) -> None:
        self.names: frozenset[str] | None = None

    def learn(self, listed: str | None) -> None:
        """Note the scopes of a header such as ``x-oauth-scopes``, which commas separate; ``None`` says nothing."""
        if listed is not None:
            self.names = frozenset(name.strip() for name in listed.split(","))

    def include(self, *names: str) -> bool | None:
        """Whether the token has one of these scopes; ``None`` while that is not known."""
        return None if self.names is None else not self.names.isdisjoint(names)

    def allowed(self, kinds: Mapping[str, str]) -> list[str]:
        """Those of some kinds whose scope is not known to be lacking; all where that would be none.

        Args:
            kinds: The scope for each kind, such as private conversations.
        """
        return [kind for kind, scope in kinds.items() if self.include(scope) is not False] or list(kinds)

    def lacking(self, needs: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """Capabilities that the token lacks, each with its missing scopes.

        Args:
            needs: The scopes for each purpose.
        """
        for purpose, names in needs.items():
            missing = [name for name in names if self.include(name) is False]
            if missing:
                yield f"{purpose} ({', '.join(missing)})"


async def ask_by_kind(ask: Callable[[Sequence[str]], Awaitable[Sequence[T]]], kinds: Sequence[str]) -> list[T]:
    """Ask for several kinds at once; where one that is refused fails the call, ask for each alone.

    Raises:
        PermissionDenied: Each of them is refused.
    """
    try:
        return list(await ask(kinds))
    except PermissionDenied:
        parts = list[Sequence[T]]()
        for kind in kinds if len(kinds) > 1 else ():
            with suppress(PermissionDenied):
                parts.append(await ask([kind]))
        if not parts:
            raise
        return [one for part in parts for one in part]
