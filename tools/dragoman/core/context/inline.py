"""Runs a coroutine that never waits, without an event loop: importing one takes longer than what a command does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

_running = False


def run_inline(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end.

    Args:
        coroutine: Everything that it awaits is ready at once.

    Raises:
        RuntimeError: It has to wait for something.
    """
    global _running  # noqa: PLW0603  # of the process, which runs one command
    _running = True
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        _running = False
        # Where it had to wait, its context managers end here.
        coroutine.close()
    raise RuntimeError("The coroutine waits for something.")


async def run_together(actions: Iterable[Callable[[], Coroutine[Any, Any, object]]]) -> None:
    """Run some actions side by side; one after the other where there is one only, or no event loop."""
    rest = list(actions)
    if _running or len(rest) < 2:  # noqa: PLR2004  # nothing to run beside
        for action in rest:
            await action()
        return
    import anyio  # noqa: PLC0415  # see the module

    async with anyio.create_task_group() as group:
        for action in rest:
            group.start_soon(action)
