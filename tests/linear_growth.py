"""By how much the time of some work grows when a hostile text is doubled."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

SHORT, LONG = 2_000, 8_000
MOST_GROWTH = 2.6
"""For each doubling; a square grows by four."""

FAST = 0.004
"""Seconds in which the longer text is done whatever the growth; the clock tells no more."""

MARKUP = [
    "a", " ", "\n", ">", "\r", "\x9da", "\u202e", "\xe9", "<", "<a", "&", "&amp", "@a", "<@U1>", "<@1>", "<@u1>",
    "<a:b|", "[", "](", "http://", "a.", "1", "\\", '"', "\\u", "*", "`", ":", "\u200e", "(a", "\ud800",
    "\x00", " \n", ". ", "^",
]  # fmt: skip
"""What archives write in ways of their own; opening one takes longer than reading a short text."""


def hostile(unit: str, length: int) -> str:
    """One unit again and again, after an ordinary beginning."""
    return "hello <a " + unit * (length // len(unit)) + "z"


def seconds(read: Callable[[str], object], text: str, runs: int) -> float:
    best = math.inf
    for _ in range(runs):
        begun = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - begun)
    return best


def growth(read: Callable[[str], object], short: str, long: str) -> float:
    """By how much the time grows for each of the two doublings, at best of several."""
    if seconds(read, long, 1) < FAST:
        return 1.0
    grows = math.inf
    for _ in range(3):
        grows = min(grows, math.sqrt(seconds(read, long, 2) / max(seconds(read, short, 3), 1e-9)))
        if grows <= MOST_GROWTH:
            break
    return grows
