"""The steps that lead from each version of ``dragoman.db`` to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.schema import imports, messages, rate_budgets, sync, updates, usage, writes

Migration: TypeAlias = str | Callable[[Connection], object]
"""An SQL script, or a function for steps that SQL cannot express. Each runs in one transaction."""

MIGRATIONS: Final[tuple[Migration, ...]] = (
    messages.CREATE + writes.CREATE,
    usage.CREATE,
    writes.ADD_LEASES_AND_PRINCIPALS,
    messages.fold_names_and_words,
    imports.CREATE,
    writes.ADD_DELIVERY_AND_EXPOSURES,
    updates.CREATE,
    rate_budgets.CREATE,
    sync.CREATE,
    sync.ADD_BEGINNING,
)
"""The position of a step is the version of a file before it (``PRAGMA user_version``)."""
