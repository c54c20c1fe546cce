"""What a failure of SQLite means to a person: one error of our family for each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import apsw

from dragoman.core.errors import DragomanError, InvalidArgument, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.interface import NotWritableError
from dragoman.store.sql.connection import DamagedRowError

_ELSEWHERE = "Point the path to another file, or move this one away."


FAILURES = (apsw.Error, OSError, DamagedRowError, UnicodeDecodeError)
"""What SQLite, the system and damaged rows raise."""


def explain(error: Exception, name: str) -> DragomanError:
    """The error to raise for one of :data:`FAILURES` on the file ``name``.

    Nothing of a failed write is kept, so each of these may be tried again once its cause is gone.
    """
    if isinstance(error, apsw.NotADBError):
        return InvalidArgument(sentence("{} is not a Dragoman file.", name), hint=_ELSEWHERE)
    # SQLite holds UTF-8 only, unless somebody else has written into its file.
    if isinstance(error, (apsw.CorruptError, DamagedRowError, UnicodeDecodeError)):
        return damaged(name)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Unavailable(sentence("{} is locked by another program.", name), hint="Close what uses it and try again.")
    if isinstance(error, apsw.InterruptError):
        return Unavailable(sentence("Reading {} was interrupted.", name), hint="Try again.")
    return _of_the_disk(error, name)


@contextmanager
def explained(name: str) -> Generator[None]:
    """Turn what SQLite or the system raises about a file into one of our errors."""
    try:
        yield
    except FAILURES as error:
        raise explain(error, name) from error


def damaged(name: str) -> DragomanError:
    """Parts of the file cannot be read."""
    return Unavailable(
        sentence("{} is damaged.", name),
        hint="Restore a backup with `dragoman store restore`, or save what is left with `dragoman store salvage`.",
    )


def foreign(name: str) -> DragomanError:
    """The file is a database of another program."""
    return InvalidArgument(sentence("{} belongs to another program.", name), hint=_ELSEWHERE)


def newer(name: str, found: int, known: int) -> DragomanError:
    """The file was written by a later version."""
    return InvalidArgument(
        sentence("{} was written by a newer Dragoman (schema {}, this one knows {}).", name, found, known),
        hint="Update Dragoman, or point the path to another file.",
    )


def no_room(name: str) -> DragomanError:
    """The disk is full."""
    return NotWritableError(
        sentence("There is no room left for {}.", name), hint="Free some space on its disk and try again."
    )


def read_only(name: str) -> DragomanError:
    """Something has to be written to a file that may only be read."""
    return NotWritableError(
        sentence("{} can only be read.", name), hint="Make the file and its folder writable for this user."
    )


def moved(name: str) -> DragomanError:
    """The path leads to another file than the open one, or to none: what is written now would be lost."""
    return Unavailable(
        sentence("{} was moved, deleted or replaced while it was open.", name),
        hint="Put it back, or start Dragoman again.",
    )


def overwritten(name: str) -> DragomanError:
    """Another program wrote over the open file, so that what is there is of two stores."""
    return Unavailable(
        sentence("{} was overwritten while it was open.", name),
        hint="Start Dragoman again to use what is there now; the log names the file with the last writes before.",
    )


def _of_the_disk(error: Exception, name: str) -> DragomanError:
    if isinstance(error, apsw.FullError):
        return no_room(name)
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)):
        return read_only(name)
    if isinstance(error, (apsw.CantOpenError, PermissionError)):
        return Unavailable(
            sentence("{} cannot be opened.", name), hint="Allow this user to read and write it and its folder."
        )
    # A limit of SQLite, of about a gigabyte; the file itself is in order.
    if isinstance(error, apsw.TooBigError):
        return InvalidArgument("The text is too long to be stored.", hint="Split it into several messages.")
    if isinstance(error, (apsw.IOError, OSError)):
        return NotWritableError(
            sentence("{} cannot be read or written.", name),
            hint="Look whether its disk is full or failing, and try again.",
        )
    return Unavailable(
        sentence("{} cannot be used ({}).", name, type(error).__name__), hint="Try again, or report this."
    )
