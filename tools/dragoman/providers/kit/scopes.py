"""What a token may do, as a service tells it with its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class GrantedScopes:
    """The scopes of one token; nothing is known before the first answer."""

    def __init__(self) -> None:
        self._names: frozenset[str] | None = None

    def learn(self, listed: str | None) -> None:
        """Note the scopes of a header such as ``x-oauth-scopes``, which commas separate; ``None`` says nothing."""
        if listed is not None:
            self._names = frozenset(name.strip() for name in listed.split(","))

    def include(self, *names: str) -> bool | None:
        """Whether the token has one of these scopes; ``None`` while that is not known."""
        return None if self._names is None else not self._names.isdisjoint(names)

    def lacking(self, needs: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """What the token cannot do, each with the scopes that it lacks for it.

        Args:
            needs: The scopes for each purpose.
        """
        for purpose, names in needs.items():
            missing = [name for name in names if self.include(name) is False]
            if missing:
                yield f"{purpose} ({', '.join(missing)})"
