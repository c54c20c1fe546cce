from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rs_bpe.bpe import openai

from dragoman.rendering import MessagesView, estimate, lay_out
from dragoman.rendering.budget import token_estimate
from dragoman.rendering.budget.fitting import CURSOR_LENGTH, PLACEHOLDER
from dragoman.rendering.budget.token_estimate import measure

SAMPLES = json.loads((Path(__file__).parents[1] / "data" / "token_samples.json").read_text("utf-8"))
CONVERSATIONS = ["c-kiosk-firmware", "c-rider-support", "d-ines-tomasz", "g-incident-0412"]


@pytest.fixture(scope="module")
def count():
    return openai.o200k_base().count


def within_bounds(estimated, counted):
    return 0.95 * counted <= estimated <= 1.15 * counted


@pytest.mark.parametrize("known", ["seen", "unseen"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_the_estimate_is_near_the_count_in_every_kind_of_text(kind, known, count):
    text = SAMPLES[kind][known]
    assert count(text) >= 120
    assert within_bounds(estimate(text), count(text)), (estimate(text), count(text))


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_estimate_is_near_the_count_of_every_bare_conversation(corpus, conversation, count):
    text = "\n".join(f"{message.author.name}: {message.text}" for message in corpus[conversation][1])
    assert within_bounds(estimate(text), count(text)), (estimate(text), count(text))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_estimate_is_near_the_count_of_every_laid_out_conversation(corpus, conversation, form, count):
    about, messages = corpus[conversation]
    view = MessagesView(conversation=about, messages=messages)
    text = lay_out(view, form=form, max_tokens=100_000, zone=UTC).answer(None).text
    assert within_bounds(estimate(text), count(text)), (estimate(text), count(text))


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=40), max_size=8))
def test_the_costs_of_lines_add_up_to_the_cost_of_the_text(lines):
    ends = [line.strip() + ".\n" for line in lines]
    assert measure("".join(ends)) == pytest.approx(sum(map(measure, ends)))


@given(st.text("abzABZ", min_size=1, max_size=60))
def test_a_plain_word_costs_what_its_pieces_cost(word):
    assert token_estimate._WORDS[word] == token_estimate._taken_apart(f" {word}")


@given(st.text(st.characters(codec=None), max_size=200))
def test_every_text_has_a_cost(text):
    assert estimate(text) >= (1 if text else 0)


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=CURSOR_LENGTH))
def test_no_cursor_costs_more_than_the_one_that_is_reckoned_with(cursor):
    assert measure(f" · older: cursor {cursor}\n") <= measure(f" · older: cursor {PLACEHOLDER}\n")
    assert measure(f'"cursor":"{cursor}"}}') <= measure(f'"cursor":"{PLACEHOLDER}"}}')


@pytest.mark.parametrize("unit", ["word ", " ", "\t", "\n", "=", "中", "\u200b", "A", "1", "é", "א", " \n", "\u0301"])
def test_no_pattern_of_characters_makes_the_estimate_slow(unit):
    assert 0 < estimate(unit * (1_000_000 // len(unit))) < 8_000_000


def test_ten_million_characters_are_estimated():
    assert 1_000_000 < estimate("a long word, " * 800_000) < 5_000_000
