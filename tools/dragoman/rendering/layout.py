"""Lays a view out in one of the forms, within a budget of tokens, and caches layouts of pages of messages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import tzinfo
from functools import cache
from threading import Lock
from typing import Final, Literal

from dragoman.core.model import memory_size
from dragoman.rendering.budget.fitting import PLACEHOLDER, Layout, PageLayout, fit
from dragoman.rendering.budget.token_estimate import estimate
from dragoman.rendering.json_form.pages import json_sheet
from dragoman.rendering.plain.conversations import ConversationsText
from dragoman.rendering.plain.header import BETWEEN
from dragoman.rendering.plain.message import MessageText
from dragoman.rendering.plain.messages import MessagesText
from dragoman.rendering.plain.preview import PreviewText
from dragoman.rendering.plain.search import SearchText
from dragoman.rendering.plain.updates import UpdatesText
from dragoman.rendering.plain.written import WrittenText
from dragoman.rendering.views import (
    ConversationsView,
    MessagesView,
    MessageView,
    PreviewView,
    SearchView,
    UpdatesView,
    View,
    WrittenView,
)

_CURSORS: Final = {"text": f"{BETWEEN}more: cursor {PLACEHOLDER}", "json": f',"cursor":"{PLACEHOLDER}"'}
_estimate: Final = cache(estimate)

_Answered = ConversationsView | MessagesView | MessageView | SearchView | UpdatesView | WrittenView


def lay_out(view: View, *, form: Literal["text", "json"], max_tokens: int, zone: tzinfo, notice: str = "") -> Layout:
    """Fit a view into a budget.

    Args:
        view: What a tool found.
        form: ``text`` or ``json``.
        max_tokens: What the answer may cost by :func:`dragoman.rendering.estimate`, at least 200; the answer
            with its cursor never costs more.
        zone: The zone of all times.
        notice: A few words for the header, at most 6 tokens, when others have written some of the texts. The JSON
            form has the member ``written_by`` instead.

    Returns:
        The layout, which is written by :meth:`Layout.answer`.
    """
    sheet = _sheet(view, form, zone, notice)
    fitted = fit(sheet, max_tokens)
    offset = sheet.next_offset(fitted.room)
    # News never end: their cursor leads to what is not there yet.
    more = isinstance(view, UpdatesView) or (not isinstance(view, MessageView) and getattr(view, "more", False))
    needs_cursor = bool(more) or fitted.shown < sheet.count or offset is not None
    return Layout(
        shown=fitted.shown,
        needs_cursor=needs_cursor,
        next_offset=offset,
        sheet=sheet,
        room=fitted.room,
        tokens=fitted.tokens if needs_cursor else fitted.tokens - _cost_of_cursor(view, form),
    )


def _cost_of_cursor(view: View, form: Literal["text", "json"]) -> int:
    return 0 if isinstance(view, PreviewView) else _estimate(_CURSORS[form])


def _sheet(view: View, form: Literal["text", "json"], zone: tzinfo, notice: str) -> PageLayout:
    if isinstance(view, PreviewView):
        return PreviewText(view, zone, notice)  # for people to read, in either form
    return json_sheet(view, zone, notice) if form == "json" else _text_sheet(view, zone, notice)


def _text_sheet(view: _Answered, zone: tzinfo, notice: str) -> PageLayout:
    if isinstance(view, ConversationsView):
        return ConversationsText(view, zone, notice)
    if isinstance(view, MessagesView):
        return MessagesText(view, zone, notice)
    if isinstance(view, MessageView):
        return MessageText(view, zone, notice)
    if isinstance(view, SearchView):
        return SearchText(view, zone, notice)
    if isinstance(view, UpdatesView):
        return UpdatesText(view, zone, notice)
    return WrittenText(view, zone, notice)


_MOST: Final = 64
_HEAVIEST: Final = 200_000


class LayoutCache:
    """The layouts of the pages of messages that were read last; others are made and forgotten.

    Several threads may use it at the same time.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._made: OrderedDict[Hashable, tuple[MessagesView, Layout]] = OrderedDict()
        self._lock = Lock()

    def lay_out(
        self, view: View, *, form: Literal["text", "json"], max_tokens: int, zone: tzinfo, notice: str
    ) -> Layout:
        """As :func:`dragoman.rendering.lay_out`; the same view in the same form, when it was asked for lately."""
        if not isinstance(view, MessagesView) or not view.messages:
            return lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        where = (view.conversation.account, view.conversation.id)
        key = (form, max_tokens, zone, notice, where, view.messages[0].id, view.messages[-1].id)
        found = self._find(key, view)
        if found is not None:
            return found
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        self._put(key, view, layout)
        return layout

    def _find(self, key: Hashable, view: MessagesView) -> Layout | None:
        with self._lock:
            made = self._made.get(key)
            # Mostly the very same messages, which Python compares by identity; else word for word.
            if made is None or made[0] != view:
                return None
            self._made.move_to_end(key)
            return made[1]

    def _put(self, key: Hashable, view: MessagesView, layout: Layout) -> None:
        is_small = sum(map(memory_size, view.messages)) <= _HEAVIEST
        with self._lock:
            self._made.pop(key, None)
            if is_small:
                self._made[key] = view, layout
            if len(self._made) > _MOST:
                self._made.popitem(last=False)
