"""Messages of a service as messages of the model, with all their names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from dragoman.core.json_fields import JsonObject
from dragoman.core.model import Message
from dragoman.core.text_size import run_sized
from dragoman.providers.kit.members import Identity, KnownNames, NameBook
from dragoman.transport.http import DerivedCache

I = TypeVar("I", bound=Identity)  # noqa: E741 - an identity


class MessageMapper(Generic[I]):
    """Maps the messages of one account. A part of a list that comes again is not mapped anew.

    Args:
        names: Finds the names.
        identity: Whom the account speaks for, where it may have written any of these messages.
        to_message: Maps one of them; ``None`` for what is no message.
    """

    def __init__(
        self,
        names: NameBook,
        identity: Callable[[Sequence[JsonObject]], Awaitable[I | None]],
        to_message: Callable[[JsonObject, str, KnownNames, I | None], Message | None],
    ) -> None:
        self._names = names
        self._identity = identity
        self._to_message = to_message
        self._mapped = DerivedCache[list[Message]]()

    async def messages(self, conversation: str, raw: Sequence[JsonObject], part: object = None) -> list[Message]:
        """Messages of a conversation.

        Args:
            conversation: Its id.
            raw: The messages as the service has them.
            part: What holds all of them, where it may come again; it is not changed by anybody.
        """
        names, us = await self._names.names(raw, part), await self._identity(raw)

        def make() -> list[Message]:
            found = (self._to_message(one, conversation, names, us) for one in raw)
            return [one for one in found if one is not None]

        def size() -> int:
            return sum(len(repr(one)) for one in raw)

        if part is None:
            return await run_sized(make, size())
        return await self._mapped.get_sized(part, (conversation, us, names.digest()), make, size)
