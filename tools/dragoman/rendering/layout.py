"""Lays a view out in one of the forms, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import cache
from typing import Final, Literal, cast

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
