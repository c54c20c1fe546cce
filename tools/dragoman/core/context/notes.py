"""Notes that a provider leaves about a successful write, for the answer of the tool.

Whoever writes leaves it, and does not know whether anybody collects it::

    with collect_notes() as notes:
        await provider.send_message(...)      # in there: leave_note(safe("No copy is kept."))
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from dragoman.core.safe_text import SafeText


class Notes(list[SafeText]):
    """Sentences for the caller.

    Attributes:
        shown: The written text as the service shows it, where it calls people otherwise; ``None`` where it does not.
    """

    shown: str | None = None


_notes: ContextVar[Notes | None] = ContextVar("dragoman_notes", default=None)


def leave_note(note: SafeText) -> None:
    """Leave a sentence for the caller; nobody may be there to read it."""
    notes = _notes.get()
    if notes is not None:
        notes.append(note)


def leave_shown(text: str) -> None:
    """Leave the text that the service will show for the written one, which is no difference then."""
    notes = _notes.get()
    if notes is not None:
        notes.shown = text


@contextmanager
def collect_notes() -> Generator[Notes]:
    """Collect what is left inside, also by tasks that are started there."""
    notes = Notes()
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
