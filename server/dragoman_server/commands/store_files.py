"""The commands ``store backup``, ``store restore``, ``store verify`` and ``store salvage``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, LiteralString

from dragoman.core import paths
from dragoman.core.errors import UnsupportedOperation
from dragoman.core.safe_text import SafeText, sentence, shell_line
from dragoman.core.sanitize import clean_line
from dragoman.store.sqlite.maintenance import backup as copies
from dragoman.store.sqlite.maintenance.salvage import salvage as salvage_file
from dragoman.store.sqlite.maintenance.verify import Verification
from dragoman.store.sqlite.maintenance.verify import verify as verify_file
from dragoman_server.config.load import Config

_LONGEST: Final = 300
_THOUSAND: Final = 1000


def files(config: Config) -> Mapping[str, Path]:
    """The files that hold messages: the store, and those of accounts that have one of their own, by their names."""
    store = config.store_file
    found = {} if store is None else {"store": store}
    for name, settings in config.accounts.items():
        path: object = getattr(settings, "path", None)
        # An account may name the store's own file, which must not be checked or copied twice.
        if isinstance(path, Path) and (store is None or paths.expanded(path).absolute() != store.absolute()):
            found[name] = paths.expanded(path)
    return found


def _store_file(config: Config, hint: LiteralString) -> Path:
    if config.store_file is None:
        raise UnsupportedOperation("The store is in a database, not in a file.", hint=hint)
    return config.store_file


def back_up(config: Config, target: Path, store: Path | None) -> str:
    """Copy the store to a file.

    Raises:
        DragomanError: It cannot be copied; an earlier copy at that place is as before.
    """
    source = store or _store_file(config, "Copy it with pg_dump, or into a file: `dragoman store copy` does that.")
    size = copies.back_up(source, target)
    lines = [sentence("{} holds a copy of {} ({}).", target, source, size_text(size))]
    if store is None:
        lines += [
            sentence(
                "The account {} has a file of its own: `{}` copies it.",
                name,
                shell_line("dragoman", "store", "backup", "FILE", "--store", path),
            )
            for name, path in files(config).items()
            if path != source
        ]
    return "\n".join(lines)


def restore(config: Config, source: Path, store: Path | None) -> str:
    """Put a copy in the place of the store.

    Raises:
        DragomanError: It cannot be put there; the store is as before.
    """
    target = store or _store_file(config, "Restore it with pg_restore, or with `dragoman store copy`.")
    former = copies.restore(source, target)
    said = sentence("{} is now as {} was.", target, source)
    if former is None:
        return said
    return sentence("{} The store before is {}; delete it when nothing is missing.", said, former)


def verify(config: Config, path: Path | None) -> tuple[str, bool]:
    """Check one file, or all that the settings name; what was found, and whether all of them are sound.

    Raises:
        DragomanError: A file cannot be opened.
    """
    chosen = [path] if path is not None else [file for file in files(config).values() if file.exists()]
    if not chosen:
        place = config.store_file
        return sentence("There is no store yet; it will be {}.", place or "in the database"), True
    found = [(file, verify_file(file)) for file in chosen]
    return "\n".join(_said(*one) for one in found), not any(one.problems for _, one in found)


def salvage(old: Path, new: Path) -> str:
    """Save what a damaged file still gives into a new one.

    Raises:
        DragomanError: Nothing can be read, or the new file cannot be written.
    """
    saved = salvage_file(old, new)
    messages = saved.rows.get("local_messages", 0) + saved.rows.get("seen_messages", 0)
    others = sum(saved.rows.values()) - messages
    lines = [
        sentence("{} holds {:,} messages and {:,} other rows of {}.", new, messages, others, old),
        f"{saved.unreadable:,} rows or pages could not be read." if saved.unreadable else "All rows could be read.",
        *(f"Still wrong: {clean_line(problem, _LONGEST)}" for problem in saved.problems),
        sentence("To use it: stop the servers, then `{}`.", shell_line("dragoman", "store", "restore", new)),
    ]
    return "\n".join(lines)


def _said(path: Path, found: Verification) -> str:
    if not found.problems:
        return sentence("{} is sound: {:,} messages, {}.", path, found.messages, size_text(found.size))
    return "\n".join(
        [
            sentence("{} is damaged:", path),
            *(f"  {clean_line(problem, _LONGEST)}" for problem in found.problems),
            sentence("Restore a backup, or save what is left: `{}`.", salvage_line(path)),
        ]
    )


def salvage_line(path: Path) -> SafeText:
    """The command that saves what is left of a damaged file."""
    return shell_line("dragoman", "store", "salvage", path, "NEW")


def size_text(size: int) -> SafeText:
    """A number of bytes as people write it."""
    for unit in ("bytes", "KB", "MB"):
        if size < _THOUSAND:
            return sentence("{:.0f} {}", size, unit)
        size = round(size / _THOUSAND)
    return sentence("{:,} GB", size)
