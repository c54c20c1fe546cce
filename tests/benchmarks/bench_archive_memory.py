"""Archives of a gibibyte: reading each takes no more memory than one of a few mebibytes.

``main`` takes the size in bytes. Messages have a few hundred words, so that there are half a million of them.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks.archive_forms import FORMS, make_texts
from tests.benchmarks.bench_archives import MOST_MEMORY, in_own_process
from tests.benchmarks.figures import show

from dragoman.archives import Notes, ReadOptions
from dragoman.archives.recognition import recognition
from dragoman.archives.registry import all_formats
from dragoman.archives.sources import open_path

_WORDS: Final = 400


def main(size: int = 1 << 30, *forms: str) -> int:
    """Print the peak of memory of each format, or of those named; 1 when a bound is missed."""
    held: list[bool] = []
    messages = size // len(next(make_texts(1, _WORDS)))
    with tempfile.TemporaryDirectory() as name:
        for form in forms or FORMS:
            path = Path(name, form, "archive")
            path.parent.mkdir()
            FORMS[form](path, make_texts(messages, _WORDS))
            memory, found = in_own_process(_read, path, path)
            if found < messages:
                raise AssertionError(f"only {found:,} of {messages:,} messages were read")
            held.append(show(f"peak memory of reading {size >> 20:,} MiB of {form}", memory, MOST_MEMORY, unit="MiB"))
            shutil.rmtree(path.parent)
    return int(not all(held))


def _read(_store: Path, path: Path) -> tuple[float, int]:
    """The peak of memory in MiB, and how many items were read."""
    notes = Notes()
    with recognition(all_formats(), notes) as found:
        found.add(open_path(path, notes, found.progress))
        read = sum(1 for result in found.results() for _ in result.format.read(result.source, ReadOptions()))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, read
