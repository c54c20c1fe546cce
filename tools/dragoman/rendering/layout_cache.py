"""Caches layouts, so that an equal view is not laid out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import tzinfo
from threading import Lock
from typing import Final, Literal

from dragoman.core.model import memory_size
from dragoman.rendering.budget.fitting import Layout
from dragoman.rendering.layout import lay_out
from dragoman.rendering.views import MessagesView, View

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
        with self._lock:
            made = self._made.get(key)
            # Messages can change without changing the key, so the views are compared.
            # Mostly the very same messages, which Python compares by identity; else word for word.
            if made is not None and made[0] == view:
                self._made.move_to_end(key)
                return made[1]
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=zone, notice=notice)
        self._put(key, view, layout)
        return layout

    def _put(self, key: Hashable, view: MessagesView, layout: Layout) -> None:
        # Large pages are rare, and would push all others out of memory.
        is_small = sum(map(memory_size, view.messages)) <= _HEAVIEST
        with self._lock:
            self._made.pop(key, None)
            if is_small:
                self._made[key] = view, layout
            if len(self._made) > _MOST:
                self._made.popitem(last=False)
