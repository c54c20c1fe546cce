"""The parameters of tools as data, and the descriptions that several tools share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

CONVERSATION: Final = "reference account:id, or a title"
MESSAGE: Final = "number such as 412, reference, or link"
SINCE: Final = "ISO time or date, yesterday, or ago: 2h, 3d"
UNTIL: Final = "as since; a day is included"
AUTHOR: Final = "part of the name, e-mail, or me"
CURSOR: Final = "from the page before; repeat the other arguments"


@dataclass(frozen=True, slots=True)
class Range:
    """The bounds of a number, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a tool.

    Attributes:
        kind: ``string``, ``integer`` or ``array`` (of strings), as in JSON Schema.
        choices: The only values, for a closed set.
    """

    name: str
    kind: Literal["string", "integer", "array"]
    description: str
    required: bool
    choices: tuple[str, ...] = ()
    range: Range | None = None

    @property
    def schema(self) -> dict[str, object]:
        """The JSON Schema: short, because every word of it is in the context of every conversation."""
        schema: dict[str, object] = {"type": self.kind}
        if self.kind == "array":
            schema["items"] = {"type": "string"}
        if self.choices:
            schema["enum"] = list(self.choices)
        schema["description"] = self.description
        return schema


FORMAT: Final = Parameter(
    name="format", kind="string", description="default text", required=False, choices=("text", "json")
)
MAX_TOKENS: Final = Parameter(
    name="max_tokens", kind="integer", description="size of the answer, from 200, default 3000", required=False,
    range=Range(200, 1_000_000),
)  # fmt: skip
