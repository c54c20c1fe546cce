"""Building blocks of providers, for ours and for those of others.

==================== ===============================================================================================
to list messages     :class:`Pager`, and how the service lists: :func:`anchored`, :func:`tokens`, :func:`numbered`,
                     :func:`streamed`, :func:`whole`; conversations: :class:`ConversationList`
to go on             :func:`encode` and :func:`decode` make cursors of positions; :func:`cut_page` of whole lists
to read answers      :class:`WireModel` and its types, :func:`lenient`, :func:`parse_time`, :func:`to_text` (HTML)
to mark text up      :func:`parse_markdown`, :func:`write_markup` in the :class:`Markup` of a service,
                     :func:`markdown_to_html`
to find names        :class:`Lookup`; :class:`Directory` for the people of a workspace; :func:`by_name`,
                     :func:`only_person`, :func:`write_mentions` for any people; :class:`LruCache`, :class:`TtlCache`
to reach a service   :class:`HttpAccount` (settings), :class:`HttpClient`, :func:`error_table`,
                     :class:`NamedFailures`, :class:`MethodApi` with a :class:`MethodTable`
to sign in           :class:`OAuthAccount` (settings with a token or OAuth), :class:`OAuthSettings` (a setting),
                     :class:`OAuthSession` (authorizes calls), :class:`GrantedScopes`, :class:`AppSetup`
to tell what is new  :class:`EventFeed` follows a list of events, each once; :class:`ConversationChanges` asks the
                     conversations that moved
to search            :class:`ServiceSearch` asks the service in its :class:`SearchLanguage`; :func:`alternatives` for
                     a service that knows no OR, :func:`cut_marks` for what it marks
to answer threads    :func:`subtree`; where a service lists replies apart, :class:`InlineThreads` and
                     :class:`ThreadChanges` ask a :class:`ThreadSource`
for all of these     :class:`ThreadedProvider`, of a :class:`NameBook`, :class:`Rooms`, :class:`ThreadWriter`,
                     :class:`MessageMapper`, :class:`Movement`
to ask an assistant  :class:`AnswerProgress`, :func:`look_up`, :func:`look_repeatedly`, :func:`broken_answer`
to say what is wrong :func:`sentence` puts foreign pieces into the sentence of an error; :func:`quote`, :func:`join`
==================== ===============================================================================================

Each name is imported when it is first used. ``docs/writing-a-provider.md`` builds a provider on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from dragoman.core.html_text import to_html, to_text
    from dragoman.core.markdown import Style
    from dragoman.core.safe_text import join, quote, sentence
    from dragoman.core.times import format_time, from_us, in_window, parse_time, to_us
    from dragoman.providers.kit.app_setup import AppSetup
    from dragoman.providers.kit.cache import LruCache, TtlCache
    from dragoman.providers.kit.change_position import Window
    from dragoman.providers.kit.conversation_changes import ConversationChanges
    from dragoman.providers.kit.conversation_list import ConversationList
    from dragoman.providers.kit.cursor import (
        cut_page,
        decode,
        decode_token,
        digest,
        encode,
        encode_token,
        foreign_cursor,
    )
    from dragoman.providers.kit.directory import Directory, Person
    from dragoman.providers.kit.errors import NamedFailures, error_table
    from dragoman.providers.kit.event_feed import Event, EventBatch, EventFeed
    from dragoman.providers.kit.inline_threads import InlineThreads
    from dragoman.providers.kit.listings import (
        NO_TIME,
        Batch,
        Key,
        Listing,
        anchored,
        key_of,
        numbered,
        streamed,
        tokens,
        walk_tokens,
        whole,
    )
    from dragoman.providers.kit.lookup import AskedOnce, Lookup
    from dragoman.providers.kit.markdown import (
        MARKDOWN,
        Block,
        Markup,
        Span,
        markdown_to_html,
        parse_markdown,
        write_markup,
    )
    from dragoman.providers.kit.members import Identity, Member, NameBook
    from dragoman.providers.kit.message_mapper import MessageMapper
    from dragoman.providers.kit.method_api import MethodApi, MethodTable
    from dragoman.providers.kit.movement import Movement, Recent, Sighting, recent_of
    from dragoman.providers.kit.oauth_account import OAuthAccount
    from dragoman.providers.kit.pager import ListPage, Pager
    from dragoman.providers.kit.people import by_name, only_person, write_mentions
    from dragoman.providers.kit.prompt import AnswerProgress, broken_answer, look_repeatedly, look_up
    from dragoman.providers.kit.rooms import Room, Rooms
    from dragoman.providers.kit.scopes import GrantedScopes, ask_by_kind
    from dragoman.providers.kit.search_words import alternatives, cut_marks, write_term
    from dragoman.providers.kit.service_search import SearchLanguage, SearchPart, SearchQuestion, ServiceSearch
    from dragoman.providers.kit.settings import HttpAccount, HttpAddress
    from dragoman.providers.kit.thread_changes import ThreadChanges
    from dragoman.providers.kit.thread_source import HistoryPart, HistoryRange, Post, ThreadSource
    from dragoman.providers.kit.thread_writer import ThreadWriter, Written
    from dragoman.providers.kit.threaded_provider import Parts, ThreadedProvider
    from dragoman.providers.kit.threads import no_such_message, require_subtree, subtree
    from dragoman.providers.kit.wire import (
        Count,
        Entries,
        Flag,
        Maybe,
        Number,
        Places,
        Several,
        Text,
        Texts,
        WireModel,
        Word,
        lenient,
        lenient_each,
        lenient_type,
        or_empty,
    )
    from dragoman.transport.credentials import Secret, bearer
    from dragoman.transport.http import DerivedCache, HttpClient, HttpResponse, Options, segment
    from dragoman.transport.oauth.client import OAuthClient
    from dragoman.transport.oauth.session import OAuthSession
    from dragoman.transport.oauth.settings import OAuthSettings

__all__ = [
    "MARKDOWN",
    "NO_TIME",
    "AnswerProgress",
    "AppSetup",
    "AskedOnce",
    "Batch",
    "Block",
    "ConversationChanges",
    "ConversationList",
    "Count",
    "DerivedCache",
    "Directory",
    "Entries",
    "Event",
    "EventBatch",
    "EventFeed",
    "Flag",
    "GrantedScopes",
    "HistoryPart",
    "HistoryRange",
    "HttpAccount",
    "HttpAddress",
    "HttpClient",
    "HttpResponse",
    "Identity",
    "InlineThreads",
    "Key",
    "ListPage",
    "Listing",
    "Lookup",
    "LruCache",
    "Markup",
    "Maybe",
    "Member",
    "MessageMapper",
    "MethodApi",
    "MethodTable",
    "Movement",
    "NameBook",
    "NamedFailures",
    "Number",
    "OAuthAccount",
    "OAuthClient",
    "OAuthSession",
    "OAuthSettings",
    "Options",
    "Pager",
    "Parts",
    "Person",
    "Places",
    "Post",
    "Recent",
    "Room",
    "Rooms",
    "SearchLanguage",
    "SearchPart",
    "SearchQuestion",
    "Secret",
    "ServiceSearch",
    "Several",
    "Sighting",
    "Span",
    "Style",
    "Text",
    "Texts",
    "ThreadChanges",
    "ThreadSource",
    "ThreadWriter",
    "ThreadedProvider",
    "TtlCache",
    "Window",
    "WireModel",
    "Word",
    "Written",
    "alternatives",
    "anchored",
    "ask_by_kind",
    "bearer",
    "broken_answer",
    "by_name",
    "cut_marks",
    "cut_page",
    "decode",
    "decode_token",
    "digest",
    "encode",
    "encode_token",
    "error_table",
    "foreign_cursor",
    "format_time",
    "from_us",
    "in_window",
    "join",
    "key_of",
    "lenient",
    "lenient_each",
    "lenient_type",
    "look_repeatedly",
    "look_up",
    "markdown_to_html",
    "no_such_message",
    "numbered",
    "only_person",
    "or_empty",
    "parse_markdown",
    "parse_time",
    "quote",
    "recent_of",
    "require_subtree",
    "segment",
    "sentence",
    "streamed",
    "subtree",
    "to_html",
    "to_text",
    "to_us",
    "tokens",
    "walk_tokens",
    "whole",
    "write_markup",
    "write_mentions",
    "write_term",
]

_HOMES: Final = {
    "dragoman.core.safe_text": "join quote sentence",
    "dragoman.providers.kit.app_setup": "AppSetup",
    "dragoman.providers.kit.cache": "LruCache TtlCache",
    "dragoman.providers.kit.change_position": "Window",
    "dragoman.providers.kit.conversation_changes": "ConversationChanges",
    "dragoman.providers.kit.conversation_list": "ConversationList",
    "dragoman.providers.kit.cursor": "cut_page decode decode_token digest encode encode_token foreign_cursor",
    "dragoman.providers.kit.directory": "Directory Person",
    "dragoman.providers.kit.errors": "NamedFailures error_table",
    "dragoman.providers.kit.event_feed": "Event EventBatch EventFeed",
    "dragoman.core.html_text": "to_html to_text",
    "dragoman.core.markdown": "Style",
    "dragoman.providers.kit.inline_threads": "InlineThreads",
    "dragoman.providers.kit.listings": "NO_TIME Batch Key Listing anchored key_of numbered streamed tokens"
    " walk_tokens whole",
    "dragoman.providers.kit.lookup": "AskedOnce Lookup",
    "dragoman.providers.kit.markdown": "MARKDOWN Block Markup Span markdown_to_html parse_markdown write_markup",
    "dragoman.providers.kit.oauth_account": "OAuthAccount",
    "dragoman.providers.kit.pager": "ListPage Pager",
    "dragoman.providers.kit.people": "by_name only_person write_mentions",
    "dragoman.providers.kit.prompt": "AnswerProgress broken_answer look_repeatedly look_up",
    "dragoman.providers.kit.scopes": "GrantedScopes ask_by_kind",
    "dragoman.providers.kit.search_words": "alternatives cut_marks write_term",
    "dragoman.providers.kit.settings": "HttpAccount HttpAddress",
    "dragoman.providers.kit.thread_changes": "ThreadChanges",
    "dragoman.providers.kit.thread_source": "HistoryPart HistoryRange Post ThreadSource",
    "dragoman.providers.kit.threads": "no_such_message require_subtree subtree",
    "dragoman.core.times": "format_time from_us in_window parse_time to_us",
    "dragoman.providers.kit.wire": "Count Entries Flag Maybe Number Places Several Text Texts WireModel Word"
    " lenient lenient_each lenient_type or_empty",
    "dragoman.providers.kit.members": "Identity Member NameBook",
    "dragoman.providers.kit.message_mapper": "MessageMapper",
    "dragoman.providers.kit.method_api": "MethodApi MethodTable",
    "dragoman.providers.kit.movement": "Movement Recent Sighting recent_of",
    "dragoman.providers.kit.rooms": "Room Rooms",
    "dragoman.providers.kit.service_search": "SearchLanguage SearchPart SearchQuestion ServiceSearch",
    "dragoman.providers.kit.thread_writer": "ThreadWriter Written",
    "dragoman.providers.kit.threaded_provider": "Parts ThreadedProvider",
    "dragoman.transport.credentials": "Secret bearer",
    "dragoman.transport.oauth.client": "OAuthClient",
    "dragoman.transport.oauth.session": "OAuthSession",
    "dragoman.transport.oauth.settings": "OAuthSettings",
    "dragoman.transport.http": "DerivedCache HttpClient HttpResponse Options segment",
}

__getattr__ = lazy_names(__name__, {module: names.split() for module, names in _HOMES.items()})


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted({*globals(), *__all__})
