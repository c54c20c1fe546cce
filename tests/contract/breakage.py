"""Deliberately broken pigeons, each with the scenario that has to catch it."""

from carrier_pigeon import CarrierPigeon
from pigeon_service import PigeonService

from dragoman.testing import ProviderContract


class Breakage:
    """A list of broken providers, filled by a decorator."""

    def __init__(self):
        self.cases: list[tuple[type[CarrierPigeon], str, str]] = []

    def caught_by(self, *scenarios, saying):
        """Expect each of these scenarios to fail for the decorated provider, and with these words."""

        def register(provider):
            self.cases += [(provider, scenario, saying) for scenario in scenarios]
            return provider

        return register


async def run(provider, scenario, **suite):
    """Run one scenario as pytest would."""
    contract = type("TestBroken", (ProviderContract,), {"provider": provider, **suite})
    service = PigeonService(provider)
    opening = provider.open(service.settings)
    account = await opening.__aenter__()
    try:
        await getattr(contract(), scenario)(service, account)
    finally:  # the outcome of a test is no business of the provider
        await opening.__aexit__(None, None, None)


async def caught(provider, scenario):
    """How a scenario fails for a provider; empty when it passes."""
    try:
        await run(provider, scenario)
    except Exception as error:  # noqa: BLE001  # a scenario may fail in any way, a crash of the provider included
        return _said(error)
    return ""


def _said(error):
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_said(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"
