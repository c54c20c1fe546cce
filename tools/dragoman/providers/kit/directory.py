"""The people of a workspace: by id for those who read messages, and by name for those who write them.

Nothing is read before somebody is asked for. A few ids are looked up one by one; for more of them the beginning of
the list is read, which has everybody where a workspace is small. The whole list is read only to find a name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from typing import Final, Generic, Protocol, TypeVar

from dragoman.core.errors import DragomanError
from dragoman.core.folding import fold
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.people import by_name, only_person

_FEW: Final = 3  # people who are looked up one by one
_HOUR: Final = 3600.0


class Person(Protocol):
    """Somebody in the list of people."""

    @property
    def id(self) -> str:
        """By which messages name somebody."""
        ...

    @property
    def name(self) -> str:
        """The name to show."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether somebody has left, and cannot be written to."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """All that somebody may be called: id, name, handle, address."""
        ...


P = TypeVar("P", bound=Person)


class Directory(Generic[P]):
    """Finds people for one account.

    Args:
        fetch: Asks for one person by id; ``None`` where there is none.
        parts: Lists all people in parts, and tells with each whether there are more.
    """

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[P | None]],
        parts: Callable[[], AsyncGenerator[tuple[Sequence[P], bool]]],
    ) -> None:
        self._parts = parts
        self._known = Lookup[str, P].one_by_one(fetch)
        self._all = TtlCache[str, Sequence[P]](1, _HOUR)
        self._is_small = True

    async def get_all(self, ids: Iterable[str]) -> dict[str, P]:
        """People by id, as far as they can be found."""
        wanted = [one for one in dict.fromkeys(ids) if one]
        if self._is_small and sum(one not in self._known for one in wanted) > _FEW:
            with suppress(DragomanError):
                async with aclosing(self._parts()) as parts:
                    people, more = await anext(parts)
                # A large workspace is never listed for names on a page alone.
                self._is_small = not more
                self._note(people)
        return await self._known.get_all(wanted)

    async def find(self, called: str) -> P:
        """The only person of an id, handle, name or address.

        Raises:
            NotFound: There is none.
            InvalidArgument: There are several; the sentence names them.
        """
        called = called.strip().removeprefix("@")
        if called.isalnum() and called == called.upper():  # it may be an id
            known = (await self._known.get_all([called])).get(called)
            if known is not None:
                return known
        people = by_name(await self.everybody(), lambda one: one.names)
        return only_person(called, people, lambda one: (one.id, one.name))

    async def matching(self, words: str) -> list[P]:
        """People one of whose names has these words; an ``@`` before them does not count."""
        wanted = fold(words.strip().removeprefix("@"))
        return [one for one in await self.everybody() if any(wanted in fold(name) for name in one.names)]

    async def only(self, words: str) -> P | None:
        """The person whom words can mean alone; ``None`` where there are several, or nobody knows."""
        with suppress(DragomanError):
            found = await self.matching(words)
            return found[0] if len(found) == 1 else None
        return None

    async def everybody(self) -> Sequence[P]:
        """All people who have not left; read once, and then remembered for an hour."""
        known = self._all.get("")
        if known is None:
            known = list[P]()
            async for people, _ in self._parts():
                self._note(people)
                # Their old messages still show their names; nobody can be meant by them now.
                known += [one for one in people if not one.is_gone]
            self._all.put("", known)
        return known

    def _note(self, people: Iterable[P]) -> None:
        for one in people:
            self._known.put(one.id, one)
