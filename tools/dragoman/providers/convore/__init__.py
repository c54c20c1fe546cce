"""Convore: mail and website chat of a team, over its HTTP API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import ClassVar, Self, cast

from dragoman.core.model import Audience, Changes, Message
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    Draft,
    Limits,
)
from dragoman.providers.convore.api import PAGE, Api, client_of
from dragoman.providers.convore.audience import audience_of
from dragoman.providers.convore.changes import ChangeReader
from dragoman.providers.convore.message_update import ConvoreChange
from dragoman.providers.convore.reading import ConvoreReader
from dragoman.providers.convore.settings import ConvoreSettings
from dragoman.providers.convore.writing import MessageWriter

__all__ = ["ConvoreChange", "ConvoreProvider", "ConvoreSettings"]


class ConvoreProvider(ConvoreReader):
    """One account of Convore. The API has no search for messages."""

    name: ClassVar[str] = "convore"
    about: ClassVar[str] = "support e-mail inbox and website chat"
    service_name: ClassVar[str] = "e-mail, website chat"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.transport.http.preload",)
    opens_ahead: ClassVar[bool] = True
    Settings: ClassVar[type[AccountSettings]] = ConvoreSettings
    limits: ClassVar[Limits] = Limits(page_size=PAGE)

    @cached_property
    def _writer(self) -> MessageWriter:
        return MessageWriter(self._api, self)

    @cached_property
    def _change_reader(self) -> ChangeReader:
        return ChangeReader(self._api, self)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Open the connections of an account."""
        own = cast("ConvoreSettings", settings)
        async with client_of(own) as client:
            yield cls(own, Api(client))

    async def check(self) -> str:
        """Ask which channels the key reaches."""
        channels = (await self._api.channels()).data
        # A channel that is off explains why nothing can be sent.
        off = sum(one.status == "disabled" for one in channels)
        said = f"the key is accepted and reaches {len(channels)} channel{'' if len(channels) == 1 else 's'}"
        return f"{said}, {off} of them switched off" if off else said

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Participants, outsiders and receivers; see :func:`.audience_of`."""
        return await audience_of(self._api, self, conversation, draft)

    async def changes(self, position: str | None) -> Changes:
        """Messages that came in and went out; see :class:`ChangeReader`."""
        return await self._change_reader.changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send into a conversation, once; see :meth:`MessageWriter.send` for who gets it."""
        return await self._writer.send(conversation, draft)

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Whether the message went out; others write what comes in."""
        return message.extra.get("direction") != "inbound"

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change text or subject in Convore's record; what its recipients have got stays as it is.

        A :class:`ConvoreChange` changes any of the seven members that Convore lets be changed.
        """
        return await self._writer.update(conversation, message, change)

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store an old message; see :meth:`MessageWriter.import_` for who wrote it to whom."""
        return await self._writer.import_(conversation, message)
