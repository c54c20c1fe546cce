"""The statements of an archive, for either of its two sets of tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tables:
    """A set of tables whose names begin with ``prefix``."""

    prefix: str

    def sql(self, template: str) -> str:
        """``template`` with ``$name`` as this set's table of that name."""
        return template.replace("$", f"{self.prefix}_")
