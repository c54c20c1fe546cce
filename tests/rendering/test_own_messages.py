"""Only what the user wrote is marked as theirs, and no name can imitate the mark."""

from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Conversation, Message
from dragoman.rendering import MessagesView, lay_out
from dragoman.store.sql.messages.rows import author_json, from_author_json

LOOK_ALIKES = ["me", "user", "you", "Ann (you)", "me (you)", "(you)", "you)", "Ann \uff08you\uff09", "(you): hi"]


def page(author, form):
    message = Message(id="m", conversation="c", account="work", number=1, author=author, sent_at=None, text="hi")
    view = MessagesView(conversation=Conversation(id="c", account="work"), messages=[message])
    return lay_out(view, form=form, max_tokens=1000, zone=UTC).answer(None)


def test_a_message_of_the_user_says_so_in_both_forms():
    assert page(Author(name="Ann", own=True), "text").text.endswith("1 --:-- Ann (you): hi")
    assert page(Author(name="Ann", own=True), "json").data["messages"][0]["own"] is True


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_name_does_not_make_anybody_the_user(name):
    assert "(you)" not in page(Author(name=name), "text").text
    assert "own" not in json.loads(page(Author(name=name), "json").text)["messages"][0]


@given(st.text(max_size=30))
def test_no_name_imitates_the_mark(name):
    assert "(you)" not in page(Author(name=f"{name} (you)"), "text").text.split(": hi")[0]


@pytest.mark.parametrize("own", [True, False])
def test_the_store_keeps_whose_message_it_is(own):
    author = Author(name="Ann", id="a", own=own)
    assert from_author_json(author_json(author)) == author


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_name_that_is_an_address_stands_beside_the_true_one(form):
    shown = page(Author(name="anna@bank.example", email="x81@mailer.invalid"), form).text
    assert "anna@bank.example (x81@mailer.invalid)" in shown
    assert "(" not in page(Author(name="anna@bank.example", email="Anna@bank.example"), form).text
    assert "(you)" not in page(Author(name="anna@bank.example", email="you"), form).text
