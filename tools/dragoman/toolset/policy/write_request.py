"""What somebody wants to write, and what an agreement to it is bound to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from dragoman.core.references import Reference


@dataclass(frozen=True, slots=True)
class Write:
    """What somebody wants to write.

    Attributes:
        where: The conversation.
        operation: Name of the tool.
        content: Everything that is written, by name: text, subject, the message that is answered or changed.
        principal: Who was authenticated, empty for the user of this machine.
    """

    where: Reference
    operation: str
    content: dict[str, object]
    principal: str = ""

    @property
    def digest(self) -> str:
        """The same for the same write and for no other, whoever makes it."""
        return _hash([str(self.where), self.operation, self.content])

    def agreement(self, known: str) -> str:
        """What an agreement counts for: this write by this person, as long as ``known`` is what is known of it."""
        return _hash([self.digest, self.principal, known])


def _hash(told: list[object]) -> str:
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
