"""The pages are easy to read: their sentences are short."""

import re

import pytest

import doc_pages

MOST_WORDS = 20
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*#|]|\d+\.)\s?)")


def sentences(text):
    """Every sentence of a page; code does not count, and a cell of a table stands alone."""
    text = re.sub(r"<!--.*?-->|`[^`]*`", "", doc_pages.prose(text), flags=re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for block in map(str.strip, _BREAK.split(text)):
        for part in block.strip("|").split("|") if block.startswith("|") else [block]:
            yield from (" ".join(sentence.split()) for sentence in re.split(r"(?<=[.!?:;])\s+", part))


@pytest.mark.parametrize("file", doc_pages.PAGES, ids=lambda file: file.relative_to(doc_pages.ROOT).as_posix())
def test_no_sentence_is_longer_than_people_read_at_once(file):
    long = [it for it in sentences(file.read_text(encoding="utf-8")) if len(re.findall(r"[\w'-]+", it)) > MOST_WORDS]
    assert long == [], f"more than {MOST_WORDS} words"


def test_a_long_sentence_is_noticed_wherever_it_stands():
    long = " ".join(["word"] * (MOST_WORDS + 1))
    for text in (f"{long}.", f"- Item\n- {long}", f"| a | {long} |", f"Short. {long}"):
        assert any(len(it.split()) > MOST_WORDS for it in sentences(text)), text
    assert all(len(it.split()) <= MOST_WORDS for it in sentences(f"```\n{long}\n```\n`{long}`\n\n# {long[:40]}"))
