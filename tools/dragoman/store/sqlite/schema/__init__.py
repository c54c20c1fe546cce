"""The tables of ``dragoman.db``: steps that lead from each version of the file to the next.

A new step is written in the module of its tables (a new module for new tables) and appended to :data:`MIGRATIONS` in
``steps``, and :data:`VERSION` is counted up. A step that is on the main branch is never changed, moved or removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from dragoman.store.sqlite.schema.steps import MIGRATIONS, Migration

__all__ = ["APPLICATION_ID", "MIGRATIONS", "VERSION", "Migration"]

APPLICATION_ID: Final = 0x4472676D
"""``Drgm``: tells our files from those of other programs, also to file(1)."""

VERSION: Final = 10
"""The version of a file to which all steps have been applied; a short command needs no more of them."""

__getattr__ = lazy_names(__name__, {"steps": ("MIGRATIONS", "Migration")})
