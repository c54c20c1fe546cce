"""The suite that every provider inherits, ours or an outsider's."""

from __future__ import annotations

from typing import Final

from dragoman.testing.base import SCENARIO
from dragoman.testing.failing import FailingScenarios
from dragoman.testing.finding import FindingScenarios
from dragoman.testing.living import LivingScenarios
from dragoman.testing.paging import PagingScenarios
from dragoman.testing.reading import ReadingScenarios
from dragoman.testing.writing import WritingScenarios


class ProviderContract(
    PagingScenarios, ReadingScenarios, FindingScenarios, WritingScenarios, FailingScenarios, LivingScenarios
):
    """What every provider does.

    A test class inherits it and says what stands behind the provider::

        class TestPigeon(ProviderContract):
            provider = CarrierPigeon
            exempt: ClassVar = {Trait.LABELS: "A pigeon carries no labels.", Conflict: "A pigeon never disagrees."}

            @pytest.fixture
            def service(self) -> Loft:
                return Loft()

    ``Loft`` is a :class:`~dragoman.testing.Service`. The scenarios are the same for everybody: a class
    that overrides or deletes one cannot be made. What a service does differently is told in ``exempt``,
    in the ids and sizes of :class:`~dragoman.testing.base.Contract`, or by what ``Service.seed`` returns.
    Scenarios of operations that a provider does not have ask that these are refused in plain words.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Refuse a class in which a scenario is not the one written here.

        Raises:
            TypeError: It overrides or removes scenarios.
        """
        super().__init_subclass__(**kwargs)
        changed = [name for name in SCENARIOS if getattr(cls, name, None) is not getattr(ProviderContract, name)]
        if changed:
            raise TypeError(
                f"{cls.__name__} changes {', '.join(changed)}. Scenarios are the same for every provider: correct the"
                " provider, or name the trait or error that the service lacks in `exempt`, with the reason."
            )


SCENARIOS: Final = tuple(name for name in dir(ProviderContract) if hasattr(getattr(ProviderContract, name), SCENARIO))
"""The names of all scenarios."""
