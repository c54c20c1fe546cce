"""The model as compact text or JSON, within a budget of tokens; the only place that knows layout."""

from typing import TYPE_CHECKING

from dragoman.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from dragoman.rendering.budget.fitting import Answer, Layout
    from dragoman.rendering.budget.token_estimate import estimate
    from dragoman.rendering.layout_cache import LayoutCache, lay_out
    from dragoman.rendering.plain.question import question
    from dragoman.rendering.views import (
        ConversationsView,
        Failure,
        MessagesView,
        MessageView,
        PreviewView,
        Searched,
        SearchView,
        UpdatesView,
        View,
        WrittenView,
    )


__all__ = [
    "Answer",
    "ConversationsView",
    "Failure",
    "Layout",
    "LayoutCache",
    "MessageView",
    "MessagesView",
    "PreviewView",
    "SearchView",
    "Searched",
    "UpdatesView",
    "View",
    "WrittenView",
    "estimate",
    "lay_out",
    "question",
]

__getattr__ = lazy_names(
    __name__,
    {
        "budget.fitting": ("Answer", "Layout"),
        "budget.token_estimate": ("estimate",),
        "layout_cache": ("LayoutCache", "lay_out"),
        "plain.question": ("question",),
        "views": (
            "ConversationsView",
            "Failure",
            "MessagesView",
            "MessageView",
            "PreviewView",
            "Searched",
            "SearchView",
            "UpdatesView",
            "View",
            "WrittenView",
        ),
    },
)
