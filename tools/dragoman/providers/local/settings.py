"""The settings of the local account."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PrivateAttr

from dragoman.core import paths
from dragoman.providers.base.provider import AccountSettings
from dragoman.store import Place


class LocalSettings(AccountSettings):
    """An account whose messages are in a file of ours. It may be written to, and is searched where it is."""

    provider: str = "local"
    write: Literal["off", "confirm", "allow"] = Field(default="allow", description="may messages be written here")
    remember: Literal["full", "numbers", "off"] = "numbers"
    path: Path | None = Field(
        default=None, description="the file; default dragoman.db in the data folder, which DRAGOMAN_DATA moves"
    )
    name: str = Field(default="me", min_length=1, max_length=200, description="the author of what is sent")
    _store: Place = PrivateAttr(default=None)

    @property
    def place(self) -> Place:
        """Where the messages are: in the account's own file, else in the store."""
        return self.path or self._store or paths.store_file()

    def in_store(self, store: Place) -> Self:
        """The same settings, with the messages in this store unless they have a file of their own."""
        placed = self.model_copy()
        placed._store = store  # noqa: SLF001 - of the copy
        return placed
