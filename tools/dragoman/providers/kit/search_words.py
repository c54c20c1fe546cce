"""Queries for services that search by words, and what they mark in their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Final

from dragoman.core.queries import SearchQuery, Term
from dragoman.core.query_parser import parse_query

_MOST: Final = 4  # queries of one search


def write_term(term: Term) -> str:
    """A term as most services write it: a phrase in quotes, ``*`` behind a beginning, nothing that is an operator."""
    text = " ".join("".join(" " if one in '<>"' else one for one in term.text).split())
    if term.beginning and not term.phrase and text.isalnum():
        return f"{text}*"
    return f'"{text}"' if term.phrase or " " in text or ":" in text or text.startswith("-") else text


def alternatives(query: SearchQuery, write: Callable[[Term], str] = write_term, *, most: int = _MOST) -> Iterator[str]:
    """A query for each alternative of a search, for services that know no OR.

    Args:
        query: What is searched for.
        write: Writes a term for the service; one that is excluded has a ``-`` before it.
        most: Queries; alternatives beyond them are not searched.
    """
    expression = query.expression or parse_query(query.text).expression
    without = " ".join(f"-{write(term)}" for term in expression.excluded)
    for terms in islice(product(*expression.wanted), most):
        yield " ".join(part for part in (*map(write, terms), without) if part)


def cut_marks(text: str, begin: str, end: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text without the characters that a service puts around what matched, and where that is."""
    spans, plain, start = list[tuple[int, int]](), list[str](), None
    for one in text:
        if one == begin:
            start = len(plain)
        elif one == end:
            spans += [(start, len(plain))] if start is not None and start < len(plain) else []
            start = None
        else:
            plain.append(one)
    return "".join(plain), tuple(spans)
