"""Texts whose lines were broken to be joined again (``format=flowed``)."""

from __future__ import annotations

from typing import Final

_SIGNATURE: Final = "-- "


def unwrap(text: str, *, delete_space: bool) -> str:
    """Join the lines that end with a blank to the next one of the same quote depth.

    Args:
        text: The text.
        delete_space: The blank at the end of a line is no part of the text.
    """
    out: list[str] = []
    joining: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        blank = " " if depth and content.startswith(" ") else ""
        # Senders put a blank before lines that could be taken for something else (RFC 3676, 4.4).
        content = content.removeprefix(" ")
        # The mark of a signature ends with a blank, and is joined to nothing (RFC 3676, 4.3).
        soft = content.endswith(" ") and content != _SIGNATURE
        piece = content[:-1] if soft and delete_space else content
        if joining == depth and content != _SIGNATURE:
            out[-1] += piece
        else:
            out.append(f"{'>' * depth}{blank}{piece}")
        joining = depth if soft else None
    return "\n".join(out)
