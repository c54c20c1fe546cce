import pytest
from carrier_pigeon import CarrierPigeon
from pigeon_service import PigeonService

from dragoman.testing import ProviderContract


class TestCarrierPigeon(ProviderContract):
    provider = CarrierPigeon

    @pytest.fixture
    def service(self):
        return PigeonService()
