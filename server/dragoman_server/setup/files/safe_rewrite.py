"""Changes a file of the user: shown first, backed up, replaced at once or not at all.

A link is followed to the file that it leads to. A file that is not plainly the user's own (a folder, another
user's, write-protected, too large) is refused with a sentence, and nothing has happened.
"""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dragoman.core.errors import Conflict, InvalidArgument, PermissionDenied, Unavailable
from dragoman.core.safe_text import safe, sentence, unquoted

PRIVATE: Final = 0o600
_LARGEST: Final = 32 << 20  # bytes; one client keeps its history beside its settings
_LONGEST_LINE: Final = 160
_UNTOUCHED: Final = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class Change:
    """What a file holds and what it shall hold.

    Attributes:
        before: The bytes that are there, ``None`` when there is no file.
        after: The bytes that shall be there.
        mode: Permissions of a file that is new; those of an existing one stay.
    """

    path: Path
    before: bytes | None
    after: bytes
    mode: int = PRIVATE

    @property
    def needed(self) -> bool:
        """Whether anything would be different."""
        return self.before != self.after

    def diff(self) -> str:
        """The lines that change, without those around them."""
        # Other lines of the file may hold credentials.
        old = (self.before or b"").decode("utf-8-sig", "replace").splitlines()
        new = self.after.decode("utf-8-sig", "replace").splitlines()
        lines = difflib.unified_diff(old, new, str(self.path), str(self.path), lineterm="", n=0)
        return "\n".join(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines)

    def apply(self) -> Path | None:
        """Write the file, and return where the one before is kept.

        Raises:
            Conflict: Somebody changed the file in between.
            Unavailable: The system refuses.
        """
        if not self.needed:
            return None
        try:
            make_folder(self.path.parent, 0o700 if self.mode == PRIVATE else 0o777)
            with _lock_folder(self.path.parent):
                return self._apply()
        except OSError as error:
            raise _refused(self.path, error) from error

    def _apply(self) -> Path | None:
        if read(self.path) != self.before:
            raise Conflict(sentence("{}: Another program has just changed this file.", self.path), hint="Try again.")
        mode = stat.S_IMODE(self.path.stat().st_mode) if self.before is not None else self.mode
        # Before the write, so that no moment has neither the old nor the new content.
        kept = None if self.before is None else _back_up(self.path, self.before, mode)
        try:
            write(self.path, self.after, mode)
        except OSError:
            if kept is not None:
                # Nothing was changed, so there is nothing to keep a copy of.
                kept.unlink(missing_ok=True)
            raise
        return kept


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder, and those above it that are missing, with these permissions.

    Raises:
        OSError: The system refuses.
    """
    # `mkdir(parents=True)` would give the folders above the usual permissions.
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=mode, exist_ok=True)


def follow(path: Path) -> Path:
    """The file that a path means: where links lead, if they and all on the way are the user's own.

    Raises:
        InvalidArgument: A link leads to nothing.
        PermissionDenied: A link belongs to somebody else.
        Unavailable: The system refuses to look.
    """
    try:
        if not path.is_symlink():
            return path
        if not _is_own(path.lstat()):
            raise PermissionDenied(sentence("{}: This link belongs to another user. {}", path, _UNTOUCHED))
        return path.resolve(strict=True)
    except (FileNotFoundError, RuntimeError):  # the second, and a plain OSError later on: links in a circle
        raise InvalidArgument(
            sentence("{}: This link leads to nothing. {}", path, _UNTOUCHED),
            hint="Take it away, or make the file that it means.",
        ) from None
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error


def read(path: Path) -> bytes | None:
    """The bytes of a file that may be replaced, ``None`` when there is none.

    Raises:
        InvalidArgument: It is a link, no plain file, or far too large.
        PermissionDenied: It belongs to somebody else, or it or its folder is write-protected.
        Unavailable: The system refuses to read it.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error
    _must_take_files(path)
    if found is None:
        return None
    _must_be_plain(path, found)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise _refused(path, error) from error
    if len(content) > _LARGEST:
        raise InvalidArgument(sentence("{}: This file is larger than 32 MiB. {}", path, safe(_UNTOUCHED)))
    return content


def text_of(path: Path, content: bytes | None) -> str:
    """The text of a file, empty when there is none; a byte order mark stays in it.

    Raises:
        InvalidArgument: It is not UTF-8.
    """
    try:
        return (content or b"").decode()
    except UnicodeDecodeError:
        raise InvalidArgument(
            sentence("{}: This file is not UTF-8 text. {}", path, safe(_UNTOUCHED)),
            hint="Save it as UTF-8, then try again.",
        ) from None


def write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file at one moment: a reader finds the old one or the new one.

    Raises:
        OSError: The system refuses; the file is what it was.
    """
    # In the same folder: a rename is atomic only within a file system.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            # A power cut after the rename must not leave an empty file under the old name.
            os.fsync(file.fileno())
        # Before the rename: the new file is private until it has the permissions of the old one.
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _back_up(path: Path, content: bytes, mode: int) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = path.with_name(f"{path.name}.{stamp}.bak")
    write(kept, content, mode)
    return kept


@contextmanager
def _lock_folder(folder: Path) -> Generator[None]:
    """Keep others of our commands from changing a file of a folder meanwhile, where the system has such locks."""
    try:
        import fcntl  # noqa: PLC0415  # not on Windows
    except ImportError:
        yield
        return
    # The folder is locked, because the file itself is replaced and its lock would go with it.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _must_take_files(path: Path) -> None:
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionDenied(
            sentence("{}: The folder {} is write-protected. {}", path, folder, safe(_UNTOUCHED)),
            hint="Allow writing to it, then try again.",
        )


def _must_be_plain(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise InvalidArgument(
            sentence("{}: This is a link to another file. {}", path, safe(_UNTOUCHED)),
            hint="Name the file that it leads to.",
        )
    if not stat.S_ISREG(found.st_mode):
        raise InvalidArgument(sentence("{}: This is no plain file. {}", path, _UNTOUCHED))
    if not _is_own(found):
        raise PermissionDenied(sentence("{}: This file belongs to another user. {}", path, _UNTOUCHED))
    if not found.st_mode & stat.S_IWUSR:
        raise PermissionDenied(
            sentence("{}: This file is write-protected. {}", path, safe(_UNTOUCHED)),
            hint="Allow writing to it, then try again.",
        )


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _refused(path: Path, error: Exception) -> Unavailable:
    reason = getattr(error, "strerror", None) or "no such path"
    return Unavailable(sentence("{}: The system refuses ({}). {}", path, unquoted(reason), safe(_UNTOUCHED)))
