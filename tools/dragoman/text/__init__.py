"""The model as compact text or JSON, within a budget of tokens; the only place that knows layout."""

from dragoman.text.layout import lay_out
from dragoman.text.layouts import Layouts
from dragoman.text.plain.preview import question
from dragoman.text.sheet import Answer, Layout
from dragoman.text.tokens import estimate
from dragoman.text.views import (
    ConversationsView,
    Failure,
    MessagesView,
    MessageView,
    PreviewView,
    Searched,
    SearchView,
    View,
    WrittenView,
)

__all__ = [
    "Answer",
    "ConversationsView",
    "Failure",
    "Layout",
    "Layouts",
    "MessageView",
    "MessagesView",
    "PreviewView",
    "SearchView",
    "Searched",
    "View",
    "WrittenView",
    "estimate",
    "lay_out",
    "question",
]
