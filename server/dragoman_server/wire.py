"""The two pipes to the client, taken before anything else can touch them.

From :func:`take` on, descriptor 1 leads to stderr and descriptor 0 to the null device, so a print in
an imported package or a child process cannot break the protocol. Imports nothing that is not Python's.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import BinaryIO, Final

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class Wire:
    """Lines of bytes from and to the client; neither is ever closed, the process ends instead."""

    incoming: BinaryIO
    outgoing: BinaryIO


def take() -> Wire:
    """Take the standard streams for the protocol, for the rest of the process.

    Raises:
        OSError: The process was started without them.
    """
    wire = Wire(os.fdopen(_above(_STDIN), "rb"), os.fdopen(_above(_STDOUT), "wb"))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, _STDIN)
    try:
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # started without a stderr
        os.dup2(null, _STDOUT)
        os.dup2(null, _STDERR)
    os.close(null)
    sys.stdout = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  # lives as long as we do
    return wire


def _above(descriptor: int) -> int:
    """A private duplicate, never one of the three standard descriptors, not inherited by children."""
    taken: list[int] = []
    try:
        while (private := os.dup(descriptor)) <= _STDERR:
            taken.append(private)
    finally:
        for low in taken:
            os.close(low)
    return private
