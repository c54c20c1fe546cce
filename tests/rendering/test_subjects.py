"""Subjects of mail: told once, by the title, and again only where they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dragoman.core.model import Author, Conversation, ConversationKind, Hit, Message
from dragoman.rendering import MessagesView, MessageView, SearchView, lay_out

MAIL = Conversation(id="t", title="Broken dock", kind=ConversationKind.MAIL, account="support")
LETTER = Message(
    id="m",
    conversation="t",
    account="support",
    number=7,
    author=Author(name="Ann"),
    sent_at=datetime(2026, 3, 10, 9, tzinfo=UTC),
    text="Any news?",
)
REPEATED = ["Broken dock", "Re: Broken dock", "RE: Fwd:  broken   dock", "AW[2]: Broken dock"]
OTHER = ["Broken dock, part 2", "Refund", "Re: Refund", "Broken: dock", "Re:"]


def shown(view, form="text"):
    return lay_out(view, form=form, max_tokens=3000, zone=UTC).answer(None).text


@pytest.mark.parametrize("subject", REPEATED)
def test_a_subject_that_repeats_the_title_is_left_out_of_lists(subject):
    letter = replace(LETTER, subject=subject)
    assert "subject" not in shown(MessagesView(conversation=MAIL, messages=[letter]))
    found = SearchView(query="news", hits=[Hit(message=letter)], conversations={("support", "t"): MAIL})
    assert "subject" not in shown(found)
    assert f"subject: {' '.join(subject.split()).replace('[2]', '(2)')}" in shown(
        MessageView(conversation=MAIL, message=letter)
    )


@pytest.mark.parametrize("subject", OTHER)
def test_a_subject_that_says_something_else_is_kept(subject):
    letter = replace(LETTER, subject=subject)
    assert f"[subject: {subject}]" in shown(MessagesView(conversation=MAIL, messages=[letter]))
    found = SearchView(query="news", hits=[Hit(message=letter)], conversations={("support", "t"): MAIL})
    assert f"[subject: {subject}]" in shown(found)
    assert f"[subject: {subject}]" in shown(SearchView(query="news", hits=[Hit(message=letter)]))


def test_a_conversation_without_a_title_keeps_them():
    untitled = replace(MAIL, title="")
    for subject in ("Re:", "Broken dock"):
        letter = replace(LETTER, subject=subject)
        assert f"[subject: {subject}]" in shown(MessagesView(conversation=untitled, messages=[letter]))


def test_json_which_shows_no_title_keeps_every_subject():
    letter = replace(LETTER, subject="Re: Broken dock")
    assert '"subject":"Re: Broken dock"' in shown(MessagesView(conversation=MAIL, messages=[letter]), "json")
