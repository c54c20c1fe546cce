"""What stands behind the pigeon in the contract: its loft."""

from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from carrier_pigeon import LOFTS, CarrierPigeon, PigeonSettings

from dragoman.testing import Seeded, Service


class PigeonService(Service):
    def __init__(self, provider=CarrierPigeon):
        self.name = uuid4().hex
        self.provider = provider
        self.loft = LOFTS[self.name]

    @property
    def settings(self):
        return PigeonSettings(provider=self.provider.name, loft=self.name, whistle="phew-phew-phew")

    async def seed(self, conversation, messages):
        self.loft.rooms[conversation.id] = conversation
        room = self.loft.letters.setdefault(conversation.id, [])
        added = tuple(replace(message, conversation=conversation.id) for message in messages)
        room.extend(added)
        return Seeded(conversation, added)

    @asynccontextmanager
    async def broken(self, error):
        self.loft.failure = error
        yield
        self.loft.failure = None
