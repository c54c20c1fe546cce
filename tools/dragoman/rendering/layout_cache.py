"""Layouts that were made a moment ago, so that what is read again is not laid out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import tzinfo
from typing import Final, Literal

from dragoman.core.memory_size import weight
from dragoman.rendering.budget.fitting import Layout
from dragoman.rendering.layout import lay_out
from dragoman.rendering.views import MessagesView, View

_MOST: Final = 64
_HEAVIEST: Final = 200_000


class LayoutCache:
    """The layouts of the pages of messages that were read last; others are made and forgotten."""

    def __init__(self) -> None:
        """Begin with none."""
        self._made: OrderedDict[Hashable, tuple[MessagesView, Layout]] = OrderedDict()

    def lay_out(
        self, view: View, *, form: Literal["text", "json"], max_tokens: int, zone: tzinfo, notice: str
    ) -> Layout:
        """As :func:`dragoman.rendering.lay_out`; the same view in the same form, when it was asked for lately."""
        if not isinstance(view, MessagesView) or not view.messages:
            return lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        where = (view.conversation.account, view.conversation.id)
        key = (form, max_tokens, zone, notice, where, view.messages[0].id, view.messages[-1].id)
        made = self._made.get(key)
        # Mostly the very same messages, which Python compares by identity; else word for word.
        if made is not None and made[0] == view:
            self._made.move_to_end(key)
            return made[1]
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        self._keep(key, view, layout)
        return layout

    def _keep(self, key: Hashable, view: MessagesView, layout: Layout) -> None:
        self._made.pop(key, None)
        if sum(map(weight, view.messages)) <= _HEAVIEST:
            self._made[key] = view, layout
        if len(self._made) > _MOST:
            self._made.popitem(last=False)
