"""Lays a view out in one of the forms, within a budget of tokens, and caches the pages that were read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from datetime import tzinfo
from functools import cache
from threading import Lock
from typing import Final, Literal, cast

from dragoman.core.text_size import memory_size
from dragoman.rendering.budget.fitting import PLACEHOLDER, Layout, PageLayout, fit
from dragoman.rendering.budget.token_estimate import estimate
from dragoman.rendering.json_form.pages import json_page
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

_TEXTS: Final = cast(
    "Mapping[type[View], Callable[[View, tzinfo, str], PageLayout]]",
    {
        ConversationsView: ConversationsText,
        MessagesView: MessagesText,
        MessageView: MessageText,
        SearchView: SearchText,
        UpdatesView: UpdatesText,
        WrittenView: WrittenText,
    },
)


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
    page: PageLayout
    if isinstance(view, PreviewView):
        page = PreviewText(view, zone, notice)  # for people to read, in either form
    else:
        page = json_page(view, zone, notice) if form == "json" else _TEXTS[type(view)](view, zone, notice)
    fitted = fit(page, max_tokens, view.text_size)
    offset = page.next_offset(fitted.shares) if page.single else None
    # News never end: their cursor leads to what is not there yet.
    more = isinstance(view, UpdatesView) or (not isinstance(view, MessageView) and getattr(view, "more", False))
    needs_cursor = bool(more) or fitted.shown < page.count or offset is not None
    # The fit counts a cursor in, which an answer without one does not have.
    unused = 0 if needs_cursor or isinstance(view, PreviewView) else _estimate(_CURSORS[form])
    return Layout(
        shown=fitted.shown,
        needs_cursor=needs_cursor,
        next_offset=offset,
        page=page,
        shares=fitted.shares,
        tokens=fitted.tokens - unused,
    )


_MOST: Final = 64
_HEAVIEST: Final = 200_000


class LayoutCache:
    """The layouts of the pages of messages that were read last; it keeps no others.

    Several threads may use it at the same time.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._layouts: OrderedDict[Hashable, tuple[MessagesView, Layout]] = OrderedDict()
        self._lock = Lock()

    def lay_out(
        self, view: View, *, form: Literal["text", "json"], max_tokens: int, zone: tzinfo, notice: str
    ) -> Layout:
        """As :func:`dragoman.rendering.lay_out`; the same view in the same form, when it was asked for lately."""
        if not isinstance(view, MessagesView) or not view.messages:
            return lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        where = (view.conversation.account, view.conversation.id)
        key = (form, max_tokens, zone, notice, where, view.messages[0].id, view.messages[-1].id)
        with self._lock:
            cached = self._layouts.get(key)
            # Messages can change without changing the key, so the views are compared.
            # Mostly the very same messages, which Python compares by identity; else word for word.
            if cached is not None and cached[0] == view:
                self._layouts.move_to_end(key)
                return cached[1]
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        self._put(key, view, layout)
        return layout

    def _put(self, key: Hashable, view: MessagesView, layout: Layout) -> None:
        # Large pages are rare, and would push all others out of memory.
        is_small = sum(map(memory_size, view.messages)) <= _HEAVIEST
        with self._lock:
            self._layouts.pop(key, None)
            if is_small:
                self._layouts[key] = view, layout
            if len(self._layouts) > _MOST:
                self._layouts.popitem(last=False)
