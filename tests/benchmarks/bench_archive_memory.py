"""Archives of a gibibyte: importing each takes no more memory than one of a few mebibytes.

``main`` takes the size in bytes. Messages have a few hundred words, so that there are half a million of them.
Memory is that of both processes of an import, each at its own peak.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio
from tests.benchmarks.archive_forms import FORMS, make_texts
from tests.benchmarks.bench_archives import in_own_process
from tests.benchmarks.figures import show

from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

MOST_MEMORY: Final = 120
_WORDS: Final = 400


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
    async with tool_context.open_services(from_mapping(settings, data=folder)) as shared:
        report = await load(shared, ImportRequest(paths=(path,)))
    return _peak_memory(), report.counts.new, time.monotonic() - started


def _peak_memory() -> float:
    """MiB of this process at its peak, and of the largest of those that it started at theirs."""
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(peaks) / 1024
