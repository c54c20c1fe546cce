"""The suite that every provider inherits, ours or an outsider's."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, Final

from dragoman.testing.contract.base import SCENARIO
from dragoman.testing.contract.changes import ChangesScenarios
from dragoman.testing.contract.errors import FailingScenarios
from dragoman.testing.contract.lifecycle import LivingScenarios
from dragoman.testing.contract.paging import PagingScenarios
from dragoman.testing.contract.reading import ReadingScenarios
from dragoman.testing.contract.searching import FindingScenarios
from dragoman.testing.contract.writing import WritingScenarios

# Empty until the scenarios exist, because the metaclass also makes ProviderContract itself.
_written: Final[dict[str, object]] = {}


class _Sealed(ABCMeta):
    """Keeps the scenarios of a class and of all that inherit it as they were written."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **more: Any) -> None:
        super().__init__(name, bases, namespace, **more)
        changed = [each for each, scenario in _written.items() if getattr(cls, each, None) is not scenario]
        if changed:
            raise _refusal(name, changed)

    # A scenario could also be replaced after its class was made.
    def __setattr__(cls, name: str, value: object) -> None:
        if name in _written:
            raise _refusal(cls.__name__, [name])
        super().__setattr__(name, value)

    def __delattr__(cls, name: str) -> None:
        if name in _written:
            raise _refusal(cls.__name__, [name])
        super().__delattr__(name)


def _refusal(name: str, changed: list[str]) -> TypeError:
    return TypeError(
        f"{name} changes {', '.join(changed)}. Scenarios are the same for every provider: correct the provider, or name"
        " the trait or error that the service lacks in `exempt`, with the reason."
    )


class ProviderContract(
    PagingScenarios,
    ReadingScenarios,
    FindingScenarios,
    WritingScenarios,
    ChangesScenarios,
    FailingScenarios,
    LivingScenarios,
    metaclass=_Sealed,
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
    that overrides or deletes one cannot be made, nor changed later. What a service does differently is told
    in ``exempt``, in the ids and sizes of :class:`~dragoman.testing.contract.base.Contract`, or by what
    ``Service.seed`` returns.
    Scenarios of operations that a provider does not have ask that these are refused in plain words.
    """


SCENARIOS: Final = tuple(name for name in dir(ProviderContract) if hasattr(getattr(ProviderContract, name), SCENARIO))
"""The names of all scenarios."""

_written.update({name: getattr(ProviderContract, name) for name in SCENARIOS})
