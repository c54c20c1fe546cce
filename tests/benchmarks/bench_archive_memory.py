"""Archives of a gibibyte: importing each takes no more memory than one of a few mebibytes.

``main`` takes the size in bytes. Messages have a few hundred words, so that there are half a million of them.
Memory is that of both processes of an import, each at its own peak.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

import anyio
from tests.benchmarks.archive_forms import FORMS, make_texts
from tests.benchmarks.bench_archives import in_own_process
from tests.benchmarks.figures import show

from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

MOST_MEMORY: Final = 120
_WORDS: Final = 400
_INTERVAL: Final = 0.1


def main(size: int = 1 << 30, *forms: str) -> int:
    """Print the peak of memory of each format, or of those named; 1 when a bound is missed."""
    held: list[bool] = []
    messages = size // len(next(make_texts(1, _WORDS)))
    for form in forms or FORMS:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name, form, "archive")
            path.parent.mkdir()
            FORMS[form](path, make_texts(messages, _WORDS))
            memory, new, seconds = in_own_process(_import, Path(name, "store"), path)
            if new < messages:
                raise AssertionError(f"only {new:,} of {messages:,} messages were imported")
            text = f"peak memory of importing {size >> 20:,} MiB of {form} in {seconds:,.0f} s"
            held.append(show(text, memory, MOST_MEMORY, unit="MiB"))
            shutil.rmtree(path.parent)
    return int(not all(held))


def _import(folder: Path, path: Path) -> tuple[float, int, float]:
    folder.mkdir()
    return anyio.run(_import_once, folder, path)


async def _import_once(folder: Path, path: Path) -> tuple[float, int, float]:
    """The peak of memory in MiB, how many messages were new, and the seconds."""
    settings = {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(folder / "notes.db")}}}
    started = time.monotonic()
    with _Peaks() as peaks:
        async with tool_context.open_services(from_mapping(settings, data=folder)) as shared:
            report = await load(shared, ImportRequest(paths=(path,)))
    return peaks.total, report.counts.new, time.monotonic() - started


class _Peaks:
    """Memory of this process and of the largest that it starts, each at its own peak.

    The peaks are read from ``/proc``: what the system tells of a child that has ended counts the memory of its parent
    at the moment when it was started.
    """

    def __init__(self) -> None:
        self._ended = Event()
        self._watching = Thread(target=self._watch)
        self._children: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watching.join()

    @property
    def total(self) -> float:
        """In MiB."""
        return (_peak("self") + max(self._children.values(), default=0)) / 1024

    def _watch(self) -> None:
        while not self._ended.wait(_INTERVAL):
            for listed in Path("/proc/self/task").glob("*/children"):
                with suppress(OSError):
                    for child in listed.read_text().split():
                        self._children[child] = _peak(child) or self._children.get(child, 0)


def _peak(process: str) -> int:
    """KiB of a process at its peak; 0 when it has ended."""
    with suppress(OSError):
        for line in Path("/proc", process, "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
