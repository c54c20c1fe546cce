"""Messages in PostgreSQL, where each further statement is a round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.model import Message
from dragoman.store.conversations import conversation_key, message_key
from dragoman.store.messages import Remember
from dragoman.store.postgres import located_message
from dragoman.store.postgres.located_message import LocatedMessage
from dragoman.store.sql.messages.message_store import SqlMessages, differs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.store.postgres.database import Database


class PostgresMessages(SqlMessages):
    """See :class:`MessageStore`. A message that was located just now is numbered without asking again."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep an open database."""
        super().__init__(database, clock)
        self._local = database.local_results

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Look a number up, together with what showing the message will take."""
        if not 0 < number < 2**63:
            return None
        find = partial(located_message.find, tables=self._table.tables, number=number)
        found = await self._read(("locate", number), find, single=True)
        if found is None:
            return None
        self._put_parts(found)
        return found.address

    async def number(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """Look the numbers up, and assign those that are missing."""
        numbered = [self._numbered_before(message, remember, account) for message in messages]
        found = [message for message in numbered if message is not None]
        if len(found) < len(messages) or remember == "off":
            return await super().number(messages, remember, account=account)
        self._recent.put(account, remember, messages, found)
        return found

    def _put_parts(self, found: LocatedMessage) -> None:
        """Cache what was read with a number under the keys by which it is asked for."""
        version = self._database.version()
        if version is None:
            return
        account, conversation, _ = found.address
        self._cache.put(version, ("conversation", account, conversation), found.row)
        self._cache.put(version, ("number", *found.address), found)
        if found.local is not None:
            row, message = found.local
            self._local.put(version, conversation_key(conversation), row.with_count)
            self._local.put(version, message_key(conversation, message.id), message)

    def _numbered_before(self, message: Message, remember: Remember, account: str) -> Message | None:
        """The message with its number; ``None`` where that is not known, or something of it is to be stored."""
        where = account or message.account
        cached = self._cache.peek(self._database, ("number", where, message.conversation, message.id))
        if cached is None:
            return None
        found: LocatedMessage = cached[0]
        parent = None
        if message.reply_to is not None:
            id_, parent = found.parent or ("", None)
            if parent is None or id_ != message.reply_to:
                return None
        if remember == "full" and differs(found.stored, message):
            return None
        return replace(message, account=where, number=found.number, reply_to_number=parent)
