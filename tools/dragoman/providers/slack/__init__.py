"""Slack: channels, groups and direct messages, through the Web API with the token of a bot or of a person."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar, Self, cast

from dragoman.core.model import SearchPage
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.providers.base.capability import Capability
from dragoman.providers.base.provider import AccountSettings, Limits, SearchQuery
from dragoman.providers.kit.threaded_provider import Parts, ThreadedProvider
from dragoman.providers.slack.api import PAGE, WORKSPACES, Api, client_of, parse_link
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.people import name_book
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.search import MessageSearch, search_recent
from dragoman.providers.slack.settings import APP, SlackSettings
from dragoman.providers.slack.writing import LONGEST, MessageWriter

__all__ = ["SlackProvider", "SlackSettings"]


class SlackProvider(ThreadedProvider):
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
            names = name_book(api)
            reader = MessageReader(api, names)
            self._api = api
            self._search = MessageSearch(api, names, reader)
            self._parts = Parts.of(
                self.service_name,
                us=api.us,
                names=names,
                rooms=ConversationReader(api),
                source=reader,
                target=MessageWriter(api, names.titles),
                limits=self.limits,
                now=lambda: api.service_time,
                recent=partial(search_recent, api),
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
        us, settings = await self._api.us.get(), cast("SlackSettings", self.settings)
        who = f"a bot, {us.name}" if us.is_bot else f"{us.name}, so that what is sent appears as this person"
        lacking, is_org = "; ".join(self._api.scopes.lacking(APP.needs)), us.team_id.startswith("E")
        facts = {
            f"the token is accepted in {us.team or us.team_id} and speaks for {who}": True,
            f"it lacks scopes for {lacking}": lacking,
            "a bot cannot search, so only what was read before is searched": us.is_bot,
            f"base_url is {settings.foreign_host}, which is not Slack's": settings.foreign_host,
            "it is of a whole organisation: set team_id to the workspace": is_org and settings.team_id is None,
        }
        return "; ".join(fact for fact, is_so in facts.items() if is_so)

    def withheld(self) -> frozenset[Capability]:
        """Writing without its scope; searching for a bot, or without a scope for that."""
        us = self._api.us.value
        searching = {Capability.SEARCH_MESSAGES} if us is not None and us.is_bot else frozenset[Capability]()
        return APP.withheld(self._api.scopes) | searching

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Messages that match, best first, as Slack searches for a person."""
        return await self._search.page(query)

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """Conversation and message of a link to the workspace, as far as it is known which one that is."""
        return parse_link(link, WORKSPACES.get(cast("SlackSettings", self.settings).credential))
