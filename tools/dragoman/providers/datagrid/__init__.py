"""Datagrid: chats between people and AI agents, over its HTTP API.

Sending is asking: an agent answers every message, which costs credits and may take minutes, and the answer
is what :meth:`DatagridProvider.send_message` returns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final, Self, cast

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Author, Changes, Conversation, ConversationKind, Message, Page
from dragoman.core.safe_text import safe
from dragoman.core.sanitize import NOBODY
from dragoman.core.times import parse_time
from dragoman.providers.base.provider import AccountSettings, ConversationQuery, Draft, Limits, MessageQuery, Provider
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import LONGEST_ANSWER, PAGE, Api, client_of
from dragoman.providers.datagrid.conversation_pages import read_recent
from dragoman.providers.datagrid.mapping import size_of, to_conversation, to_message
from dragoman.providers.datagrid.message_listing import MessageReader
from dragoman.providers.datagrid.name_lookup import NameLookup
from dragoman.providers.datagrid.prompt import Prompt, PromptResult
from dragoman.providers.datagrid.settings import DatagridSettings
from dragoman.providers.kit.conversation_changes import ConversationChanges
from dragoman.providers.kit.listings import Key, key_of
from dragoman.providers.kit.pager import Pager
from dragoman.transport.http import DerivedCache

__all__ = ["NEW", "DatagridProvider", "DatagridSettings"]

NEW: Final = "new"
"""The conversation to send to when a new one is wanted."""

_UNANSWERED: Final = "stored, not answered yet"


class DatagridProvider(Provider):
    """One account of Datagrid. The API has no search, no changing of messages and no import."""

    name: ClassVar[str] = "datagrid"
    about: ClassVar[str] = "chats with AI agents"
    service_name: ClassVar[str] = "AI agents"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.transport.http.preload",)
    opens_ahead: ClassVar[bool] = True
    Settings: ClassVar[type[AccountSettings]] = DatagridSettings
    limits: ClassVar[Limits] = Limits(page_size=PAGE, requests_per_second=200 / 60)

    def __init__(self, settings: AccountSettings, api: Api | None = None) -> None:
        """Keep the settings. Without an open ``api``, which :meth:`open` gives, nothing can be asked."""
        super().__init__(settings)
        self._settings = cast("DatagridSettings", settings)
        if api is not None:
            self._api = api
            self._names = NameLookup(api)
            self._reader = MessageReader(api)
            self._pager = Pager[wire.Message]("Datagrid", _key)
            self._made = DerivedCache[Message | None]()
            self._changes = ConversationChanges.of(self, lookback=timedelta(0))  # messages never change

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Open the connections of an account."""
        own = cast("DatagridSettings", settings)
        # An agent works for minutes, longer than any read takes.
        patience = own.timeout if "timeout" in own.model_fields_set else LONGEST_ANSWER
        async with client_of(own) as client:
            yield cls(own, Api(client, patience))

    async def check(self) -> str:
        """Ask whose key it is, and for the agent of the settings."""
        identity = await self._api.identity()
        said = "the key is accepted"
        if identity.current_teamspace_id:
            said += f" in teamspace {identity.current_teamspace_id}"
        wanted = self._settings.teamspace
        reached = {identity.current_teamspace_id, *(one.teamspace_id for one in identity.teamspaces)}
        # The service may ignore a teamspace that the key does not reach, without an error.
        if wanted is not None and wanted not in reached:
            said += f"; `teamspace` {wanted} is not among those that it reaches and may be ignored"
        if self._settings.agent_id is not None:
            said += f"; {await self._agent(self._settings.agent_id)} answers"
        return said

    async def own_author(self) -> Author:
        """The user of the account: the service names no person."""
        return Author(name=NOBODY, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Conversations, the last changed first. The service filters nothing, but knows one kind only."""
        if query.kind not in (None, ConversationKind.ASSISTANT):
            return Page()
        # Titles are filtered here, so few of a page may be left.
        size = query.limit if query.text is None else PAGE
        found, cursor = await read_recent(self._api, size, query.cursor)
        return Page(items=[one for each in found if (one := to_conversation(each))], cursor=cursor)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation; ``new`` stands for the one that sending to it would make."""
        if conversation == NEW:
            return Conversation(id=NEW, title="", kind=ConversationKind.ASSISTANT)
        answer = await self._api.conversation(conversation)
        found = to_conversation(answer.value)
        if found is None:
            raise answer.failure("The answer of {service} is no conversation")
        return replace(found, id=conversation)

    async def create_conversation(self, name: str | None = None) -> Conversation:
        """Create a conversation without messages."""
        answer = await self._api.create_conversation(name)
        found = to_conversation(answer.value)
        if found is None:
            raise answer.failure("The answer of {service} is no conversation")
        return found

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages. With a filter the pages are as large as they can be, because few may match."""
        if query.thread is not None:
            return Page(items=[await self.get_message(conversation, query.thread)])
        filtered = query.author is not None or query.since is not None or query.until is not None
        wish = PAGE if filtered else max(1, query.limit)
        listing = self._reader.listing(conversation, query.order, wish)
        page = await self._pager.page(listing, replace(query, limit=wish), name=conversation)
        return Page(items=await self._mapped(page.items, conversation), cursor=page.cursor)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        answer = await self._api.message(conversation, message)
        if answer.value.conversation_id not in (None, conversation):
            raise NotFound("The message is in another conversation.", hint="Take its reference from list_messages.")
        found = await self._mapped([answer.value], conversation)
        if not found:
            raise answer.failure("The answer of {service} is no message")
        return found[0]

    async def changes(self, position: str | None) -> Changes:
        """New prompts and answers, of the conversations that the service says have changed."""
        return await self._changes.changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send a prompt to an agent once, and return the answer as the service stored it.

        While there is no answer, the prompt is returned, and its status says so. ``new`` makes a conversation, with
        the subject as its name. When the outcome is unknown, the conversation was looked at; nothing is sent twice.
        """
        _check(conversation, draft)
        target: str | None = conversation
        if conversation == NEW:
            # Only creating takes a name; a prompt makes a conversation without one.
            target = (await self.create_conversation(draft.subject)).id if draft.subject else None
        said = await Prompt(self._api, self._reader, target, self._prompt(draft, target)).send()
        return await self._to_message(said)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor after a message, once the order of its conversation was seen."""
        if query.thread is not None:
            return None
        conversation, beside = message.conversation, wire.Message(id=message.id)
        listing = self._reader.listing(conversation, query.order)
        return self._pager.cursor_after(listing, beside, query.order, name=conversation)

    def _prompt(self, draft: Draft, conversation: str | None) -> dict[str, object]:
        """The body for saying something; a new conversation without a name is to be given one."""
        members: dict[str, object | None] = {
            "prompt": draft.text,
            "conversation_id": conversation,
            "agent_id": self._settings.agent_id,
            "generate_citations": True,
            "generate_title": True if conversation is None else None,
        }
        return {name: value for name, value in members.items() if value is not None}

    async def _to_message(self, said: PromptResult) -> Message:
        found = await self._mapped([said.message], said.conversation)
        return found[0] if said.answered else replace(found[0], status=_UNANSWERED)

    async def _mapped(self, messages: Sequence[wire.Message], conversation: str) -> list[Message]:
        known = await self._names.known_for(messages)
        made = [
            await self._made.get_sized(
                each,
                (conversation, *known.of(each)),
                partial(to_message, each, conversation, known),
                partial(size_of, each),
            )
            for each in messages
        ]
        return [one for one in made if one is not None]

    async def _agent(self, agent: str) -> str:
        try:
            return (await self._api.agent(agent)).name or agent
        except NotFound as error:
            error.message = safe("Datagrid has no agent with the id in `agent_id`, or the key may not use it.")
            error.hint = safe("Correct `agent_id` of this account, or leave it out.")
            raise


def _check(conversation: str, draft: Draft) -> None:
    if draft.reply_to is not None:
        raise InvalidArgument("Messages of Datagrid cannot answer one another.", hint="Send without reply_to.")
    if draft.subject and conversation != NEW:
        raise InvalidArgument(
            "Messages of Datagrid have no subject.", hint="Send without subject; it names a new conversation only."
        )
    if not draft.text.strip():
        raise InvalidArgument("The text is empty.", hint="Give the text of the message.")


def _key(message: wire.Message) -> Key:
    return key_of(parse_time(message.created_at), message.id or "")
