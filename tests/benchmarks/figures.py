"""One row of the table that all benchmarks print together."""

from __future__ import annotations

import sys

HEADER = f"{'figure':<58}{'value':>12}{'bound':>14}  ok"


def show(name: str, value: float, bound: float, *, unit: str = "x", at_least: bool = False) -> bool:
    """Print a figure beside its bound, and say whether it holds."""
    holds = value >= bound if at_least else value <= bound
    limit = f"{'>=' if at_least else '<='} {bound:g} {unit}"
    sys.stdout.write(f"{name:<58}{f'{value:.3g} {unit}':>12}{limit:>14}  {'yes' if holds else 'NO'}\n")
    sys.stdout.flush()
    return holds
