"""Notes that a provider leaves about a write that has succeeded, for the answer of the tool.

Whoever writes leaves them, and does not know whether anybody collects them::

    with collect_notes() as notes:
        await provider.send_message(...)      # in there: leave_note(safe("No copy is kept."))
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from dragoman.core.safe_text import SafeText

_notes: ContextVar[list[SafeText] | None] = ContextVar("dragoman_notes", default=None)


def leave_note(note: SafeText) -> None:
    """Leave a sentence for the caller; nobody may be there to read it."""
    notes = _notes.get()
    if notes is not None:
        notes.append(note)


@contextmanager
def collect_notes() -> Generator[list[SafeText]]:
    """Collect the notes that are left inside, also by tasks that are started there."""
    notes: list[SafeText] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
