"""The two pipes to the client, taken before anything else can touch them.

From :func:`take` on, descriptor 1 leads to stderr and descriptor 0 to the null device, so a print in
an imported package or a child process cannot break the protocol. Imports nothing that takes time.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the start of the front
    from typing import BinaryIO

LONGEST_LINE = 64 << 20
"""Bytes of one line from the client, its end included."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_BUFFER = 1 << 16
_BOM = b"\xef\xbb\xbf"


class StdioPipes:
    """Lines of bytes from and to the client; neither pipe is ever closed, the process ends instead.

    Attributes:
        replayed: Id of a request that was answered already and stands first among the lines: its answer is dropped.
    """

    replayed: int | str | None = None

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._first = True

    def read(self) -> bytes:
        """The next line, empty at the end of the input.

        One that is longer than :data:`LONGEST_LINE` is skipped; a piece of it that is longer, too, stands for it.
        """
        line = self._incoming.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._incoming.readline(_BUFFER)
        if self._first:
            self._first = False
            # Some programs on Windows begin their output with a byte order mark.
            line = line.removeprefix(_BOM) or line
        return line

    def write(self, line: bytes) -> None:
        """Write until the pipe has taken everything.

        Raises:
            OSError: The client reads no more.
        """
        self._outgoing.write(line)
        self._outgoing.flush()

    def hand_over(self) -> None:
        """Stop early answers; without an early responder there are none."""


def take() -> StdioPipes:
    """Take the standard streams for the protocol, for the rest of the process.

    Raises:
        OSError: The process was started without them.
    """
    incoming, outgoing = _above(_STDIN), _above(_STDOUT)
    wire = StdioPipes(os.fdopen(incoming, "rb", _BUFFER), os.fdopen(outgoing, "wb", _BUFFER))
    if os.name == "posix":  # some clients hand over pipes that take only a part of a write
        os.set_blocking(incoming, True)
        os.set_blocking(outgoing, True)
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
