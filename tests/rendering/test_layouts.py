from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dragoman.core.model import Author, Conversation, Message, Order
from dragoman.rendering import ConversationsView, LayoutCache, MessagesView, lay_out

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
ROOM = Conversation(id="room", title="room", account="local")


def view(*texts, **rest):
    messages = [
        Message(
            id=str(n), conversation="room", account="local", number=n, author=Author(name="Ann"),
            sent_at=START + timedelta(minutes=n), text=text,
        )
        for n, text in enumerate(texts, 1)
    ]  # fmt: skip
    return MessagesView(conversation=ROOM, messages=messages, **rest)


def laid(layouts, one, **changed):
    asked = {"form": "text", "max_tokens": 3000, "zone": UTC, "notice": "n"} | changed
    layout = layouts.lay_out(one, **asked)
    assert layout.answer("k1") == lay_out(one, **asked).answer("k1")
    return layout


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_same_page_is_laid_out_once(form):
    layouts = LayoutCache()
    assert laid(layouts, view("one", "two"), form=form) is laid(layouts, view("one", "two"), form=form)


@pytest.mark.parametrize(
    "other",
    [
        view("one", "three"),
        view("one", "two", more=True),
        view("one", "two", total=7),
        view("one", "two", order=Order.OLDEST),
        view("one", "two", notes=["beware"]),
        replace(view("one", "two"), conversation=replace(ROOM, title="another")),
        view("one", "-", "two"),
    ],
)
def test_whatever_differs_is_laid_out_anew(other):
    layouts = LayoutCache()
    first = laid(layouts, view("one", "two"))
    assert laid(layouts, other) is not first


@pytest.mark.parametrize("changed", [{"form": "json"}, {"max_tokens": 200}, {"notice": ""}])
def test_another_form_size_or_notice_is_another_layout(changed):
    layouts = LayoutCache()
    first = laid(layouts, view("one", "two"))
    assert laid(layouts, view("one", "two"), **changed) is not first


def test_old_and_large_layouts_are_forgotten():
    layouts = LayoutCache()
    first = laid(layouts, view("first", "page"))
    large = laid(layouts, view("x " * 150_000))
    assert laid(layouts, view("x " * 150_000)) is not large
    for number in range(64):
        laid(layouts, replace(view("one"), conversation=replace(ROOM, id=str(number))))
    assert laid(layouts, view("first", "page")) is not first


def test_other_answers_are_laid_out_each_time():
    layouts = LayoutCache()
    conversations = ConversationsView(conversations=[ROOM])
    assert laid(layouts, conversations) is not laid(layouts, conversations)
