"""Messages on their way into the full-text index: what is sent of them, and what is counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import Final, TypeVar

from dragoman.store.postgres.index_entry import entry_of, is_of_body
from dragoman.store.postgres.values import to_copy
from dragoman.store.sql.connection import IndexRow

T = TypeVar("T")

COLUMNS: Final = "rowid, size, is_long, lexemes"
_AT_ONCE: Final = 500
"""Messages of one part."""


class IndexBatch:
    """Entries of messages. What is counted is known when all parts are made.

    Attributes:
        messages: How many there are.
        lexemes: How many they have, each counted as often as it occurs.
        terms: The different ones in their order, between spaces, which none of them has.
        are_body: Whether each of these is a word of the text itself, ``1`` or ``0``.
        counts: In how many of the messages each of these is.
    """

    def __init__(self, rows: Iterable[IndexRow]) -> None:
        """Make nothing yet."""
        self.messages = 0
        self.lexemes = 0
        self.terms = self.are_body = self.counts = ""
        self._rows = rows

    def parts(self) -> Iterator[bytes]:
        """Their rows as COPY takes them, some at a time."""
        words = Counter[str]()
        remaining = iter(self._rows)
        while lines := list(self._lines(islice(remaining, _AT_ONCE), words)):
            yield to_copy("".join(lines))
        terms = sorted(words)
        self.terms = " ".join(terms)
        self.are_body = " ".join([f"{is_of_body(term):d}" for term in terms])
        self.counts = " ".join([str(words[term]) for term in terms])

    def _lines(self, rows: Iterable[IndexRow], words: Counter[str]) -> Iterator[str]:
        for row in rows:
            entry = entry_of(row)
            self.messages += 1
            self.lexemes += entry.size
            words.update(entry.words)
            # Nothing is to be escaped: of ASCII a lexeme holds only letters and digits.
            yield f"{row[0]}\t{entry.size}\t{entry.is_long:d}\t{entry.vector}\n"


def make_ahead(items: Iterable[T]) -> Iterator[T]:
    """The items, which a thread of their own makes from now on."""
    made = SimpleQueue[tuple[T] | BaseException | None]()

    def make() -> None:
        try:
            for item in items:
                made.put((item,))
            made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised where the items are taken
            made.put(error)

    threading.Thread(target=make, name="dragoman-index-entries", daemon=True).start()
    return _taken(made)


def _taken(made: SimpleQueue[tuple[T] | BaseException | None]) -> Iterator[T]:
    while (item := made.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item[0]
