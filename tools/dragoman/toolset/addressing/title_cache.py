"""Caches which conversation a title meant.

Resolving a title lists the conversations of every account. An assistant names the same conversation in one call after
the other, so for a minute only that one is looked up again, to see whether it still has the title.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from dragoman.accounts.workspace import Workspace
from dragoman.core.context.clock import current_clock
from dragoman.core.context.impersonation import acting_for
from dragoman.core.references import Reference

_FRESH: Final = 60.0  # seconds
_MOST: Final = 200
_LONGEST: Final = 500  # characters of a title that is worth keeping

_Key: TypeAlias = tuple[str | None, str]
_lately: Final[WeakKeyDictionary[Workspace, OrderedDict[_Key, tuple[float, Reference]]]] = WeakKeyDictionary()


def find(workspace: Workspace, said: str) -> Reference | None:
    """The conversation that a title meant within the last minute, for the same person."""
    kept = _lately.get(workspace, OrderedDict()).get((acting_for.get(), said))
    return kept[1] if kept is not None and current_clock().monotonic() - kept[0] < _FRESH else None


def forget(workspace: Workspace) -> None:
    """Drop all titles: a conversation may have been created or renamed."""
    _lately.pop(workspace, None)


def keep(workspace: Workspace, said: str, found: Reference) -> None:
    """Note which conversation a title means."""
    titles = _lately.setdefault(workspace, OrderedDict())
    if len(said) <= _LONGEST:
        titles[acting_for.get(), said] = (current_clock().monotonic(), found)
        titles.move_to_end((acting_for.get(), said))
    while len(titles) > _MOST:
        titles.popitem(last=False)
