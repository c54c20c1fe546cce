"""Slack: channels, groups and direct messages, through the Web API with the token of a bot or of a person."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import ClassVar, Self, cast

from dragoman.core.model import Audience, Author, AuthorKind, Changes, Conversation, Message, Page, SearchPage
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
    SearchQuery,
)
from dragoman.providers.kit.inline_threads import InlineThreads
from dragoman.providers.kit.thread_changes import ThreadChanges
from dragoman.providers.slack.api import PAGE, WORKSPACES, Api, client_of, parse_link
from dragoman.providers.slack.changes import Movement
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.people import People
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.search import MessageSearch
from dragoman.providers.slack.settings import APP, SlackSettings
from dragoman.providers.slack.wire import Object
from dragoman.providers.slack.writing import LONGEST, MessageWriter

__all__ = ["SlackProvider", "SlackSettings"]


class SlackProvider(Provider):
    """One account of Slack."""

    name: ClassVar[str] = "slack"
    about: ClassVar[str] = "team chat: channels, threads and direct messages"
    service_name: ClassVar[str] = "Slack"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.transport.http.preload", "importlib.readers")
    opens_ahead: ClassVar[bool] = True
    Settings: ClassVar[type[AccountSettings]] = SlackSettings
    limits: ClassVar[Limits] = Limits(text_length=LONGEST, page_size=PAGE, requests_per_second=0.8, concurrency=4)
    returns_stored: ClassVar[bool] = True
    reads_by_id: ClassVar[bool] = True

    def __init__(self, settings: AccountSettings, api: Api | None = None) -> None:
        """Keep the settings. Without an open ``api``, which :meth:`open` gives, nothing can be asked."""
        super().__init__(settings)
        if api is not None:
            self._api = api
            self._people = People(api)
            self._conversations = ConversationReader(api, self._people)
            self._reader = MessageReader(api, self._people)
            self._lists = InlineThreads[Object]("Slack", self._reader, page_size=PAGE)
            self._writer = MessageWriter(api, self._people, self._conversations, self._reader, self._lists.forget)
            self._search = MessageSearch(api, self._people)
            movement = Movement(api, self._conversations, self._reader)
            self._changes = ThreadChanges[Object](
                self._reader,
                movement.moved,
                movement.is_gone,
                page_size=PAGE,
                now=lambda: api.service_time,
                answered=movement.answered,
            )

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Prepare the connections of an account; nothing is asked.

        Raises:
            InvalidArgument: The base_url or the file of certificates cannot be used.
        """
        own = cast("SlackSettings", settings)
        async with client_of(own) as client:
            yield cls(own, Api(client, own))

    @classmethod
    async def advise(cls, settings: Mapping[str, object]) -> SettingsAdvice:
        """Where the app is made that an account needs, with its manifest; nothing is asked of Slack."""
        is_gov = "slack-gov.com" in str(settings.get("base_url", ""))
        return APP.advice(host="slack-gov.com" if is_gov else "slack.com")

    async def check(self) -> str:
        """Ask who the token speaks for, and compare what it may do with what the tools need."""
        us, settings = await self._api.identity(), cast("SlackSettings", self.settings)
        who = f"a bot, {us.name}" if us.bot_id else f"{us.name}, so that what is sent appears as this person"
        lacking = "; ".join(self._api.scopes.lacking(APP.needs))
        facts = {
            f"the token is accepted in {us.team or us.team_id} and speaks for {who}": True,
            f"it lacks scopes for {lacking}": lacking,
            "a bot cannot search, so only what was read before is searched": us.bot_id,
            f"base_url is {settings.foreign_host}, which is not Slack's": settings.foreign_host,
            "it is of a whole organisation: set team_id to the workspace": us.is_org and settings.team_id is None,
        }
        return "; ".join(fact for fact, is_so in facts.items() if is_so)

    async def own_author(self) -> Author | None:
        """Whom the token speaks for."""
        us = await self._api.identity()
        user = (await self._people.users([us.user_id])).get(us.user_id)
        kind = AuthorKind.BOT if us.bot_id else AuthorKind.PERSON
        return Author(name=user.name if user else us.name or us.user_id, id=us.user_id, kind=kind, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """The conversations that the account is in; with a text also public channels and people. Slack has no order."""
        return await self._conversations.page(query)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation; ``@`` and an id, handle, name or address is the direct one with a person."""
        return await self._conversations.one(conversation)

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Who reads a conversation, with those of other organisations."""
        del draft
        return await self._conversations.audience(conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, each root with the replies to it; see :class:`.InlineThreads`."""
        return await self._lists.page(await self._id_of(conversation), query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        return await self._reader.message(await self._id_of(conversation), message)

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Messages that match, best first, as Slack searches for a person."""
        return await self._search.page(query)

    async def changes(self, position: str | None) -> Changes:
        """What is new, edited or deleted, replies to old threads included; a bounded number of requests each time."""
        return await self._changes.changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send Markdown, once, without previews of links; see :meth:`MessageWriter.send`."""
        return await self._writer.send(conversation, draft)

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change the text of one of the account's own messages."""
        return await self._writer.update(await self._id_of(conversation), message, change)

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str] = ()
    ) -> Message | None:
        """Find a message whose sending was cut off by the key that it carries."""
        return await self._writer.find_sent(conversation, draft, since, known)

    @classmethod
    def begins_conversation(cls, conversation: str) -> bool:
        """A first message to a person opens the direct conversation."""
        return conversation.startswith("@")

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Only the account's own messages."""
        return message.author.own

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """Conversation and message of a link to the workspace, as far as it is known which one that is."""
        return parse_link(link, WORKSPACES.get(cast("SlackSettings", self.settings).credential))

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """Where a list goes on after a message."""
        return self._lists.cursor_after(message, query)

    async def _id_of(self, conversation: str) -> str:
        return (await self._conversations.one(conversation)).id if conversation.startswith("@") else conversation
