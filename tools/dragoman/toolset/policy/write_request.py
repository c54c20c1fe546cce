"""A requested write, and the hashes that a consent is bound to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from dragoman.core.references import Reference


@dataclass(frozen=True, slots=True)
class Write:
    """A requested write.

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
        """Hash of the content and its place; equal for equal writes, whoever makes them."""
        return _hash([str(self.where), self.operation, self.content])

    def agreement(self, known: str, receivers: Sequence[str] = ()) -> str:
        """Hash that a consent is bound to.

        Args:
            known: Stamp of an earlier write of the same. When it changes, consent has to be obtained anew.
            receivers: Those whom it is sent to, and what goes out below it, which somebody agrees to as well.
        """
        return _hash([self.digest, self.principal, known, *receivers])


def _hash(parts: list[object]) -> str:
    return sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
