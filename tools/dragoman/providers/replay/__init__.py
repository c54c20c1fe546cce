"""What a demonstration of a service needs that cannot be reached: a stand-in on this machine, and what to show.

A provider offers it in a file ``recording.json`` beside its class, from which :mod:`.recorded_service` answers, or in
a module ``replay`` there, with a :class:`Replay` called ``REPLAY``. The stand-in begins with a recorded conversation,
in exactly the form of the service, and has what is written to it for as long as it runs. Everything is read and
written through the provider and its real transport.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, TypeAlias, cast

Record: TypeAlias = dict[str, Any]
"""A JSON object in the form of a service."""

FOUND: Final = "<found>"
"""Stands in arguments for the message that a search found first, or that was written last."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a demonstration.

    Attributes:
        why: What somebody wants, in a few words.
        tool: Name of the tool.
        arguments: By name; :data:`FOUND` stands for a message.
        mistaken: It is shown for the error that it gets.
    """

    why: str
    tool: str
    arguments: Mapping[str, object]
    mistaken: bool = False


def step(why: str, tool: str, **arguments: object) -> Step:
    """A call as it would be written in Python."""
    return Step(why, tool, arguments)


@dataclass(frozen=True, slots=True)
class Replay:
    """A service in small.

    Attributes:
        service: What people call it.
        serve: Runs the stand-in on this machine as long as its context is open, and gives the settings of an
            account that reaches it.
        steps: What to show.
    """

    service: str
    serve: Callable[[], AbstractContextManager[Mapping[str, str | bool]]]
    steps: Sequence[Step]

    @classmethod
    def recorded(cls, package: str, serve: Callable[[], AbstractContextManager[Mapping[str, str | bool]]]) -> Replay:
        """A service whose name and steps are in the recording of its package."""
        content = recording(package)
        return cls(content["service"], serve, [Step(**one) for one in content["steps"]])


def recording(package: str) -> Record:
    """The recorded conversation that is packed with a provider.

    Args:
        package: Full name of the provider's package.
    """
    return cast("Record", json.loads((files(package) / "recording.json").read_bytes()))
