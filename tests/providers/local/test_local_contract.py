from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

import apsw
import pytest

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
)
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store.sqlite.database import Database
from dragoman.testing import ProviderContract, Seeded, Service


class File(Service):
    """A file that another program can lock and move away."""

    def __init__(self, path):
        self.path = path

    @property
    def settings(self):
        return LocalSettings(path=self.path)

    async def seed(self, conversation, messages):
        added = tuple(replace(message, conversation=conversation.id) for message in messages)
        async with LocalProvider.open(self.settings) as account:
            await account.import_conversation(conversation, added)
        return Seeded(conversation, added)

    @asynccontextmanager
    async def broken(self, error):  # the only error that a file can cause
        away = self.path.with_suffix(".away")
        program = apsw.Connection(str(self.path))
        program.execute("BEGIN IMMEDIATE")
        self.path.rename(away)
        yield
        away.rename(self.path)
        program.execute("ROLLBACK")
        program.close()


class TestLocal(ProviderContract):
    provider = LocalProvider
    exempt: ClassVar = {
        InvalidArgument: "A file takes every argument that the provider lets through.",
        NotFound: "A conversation does not vanish between two calls.",
        Unauthenticated: "A file asks for no credentials.",
        PermissionDenied: "A file that may not be read or written is unavailable.",
        RateLimited: "A file may be asked as often as one likes.",
        DeadlineExceeded: "A file that is locked for too long is unavailable.",
        Conflict: "A file takes one change after the other.",
        BadResponse: "A file that makes no sense is unavailable.",
        OutcomeUnknown: "A transaction has happened or it has not.",
    }

    @pytest.fixture
    async def service(self, tmp_path):
        path = tmp_path / "letters.db"
        async with Database.at(path, patience=0.05):  # shared with the accounts, which wait much longer
            yield File(path)
