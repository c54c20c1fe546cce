"""``python -m tests.benchmarks [NAME ...]``: run the benchmarks, each in a process of its own.

Every ``bench_NAME.py`` has a ``main()`` that prints its rows and returns 0 when every bound holds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.figures import HEADER

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 when a bound is missed."""
    found = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    chosen = [f"bench_{name.removeprefix('bench_')}" for name in names] or found
    if unknown := set(chosen) - set(found):
        sys.stderr.write(f"No such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(found)}.\n")
        return 2
    sys.stdout.write(f"{HEADER}\n")
    sys.stdout.flush()
    failed = [name for name in chosen if not _holds(name)]
    sys.stdout.write(f"Missed: {', '.join(failed)}.\n" if failed else "Every bound holds.\n")
    return int(bool(failed))


def _holds(name: str) -> bool:
    program = f"import sys; from tests.benchmarks.{name} import main; sys.exit(main() or 0)"
    return subprocess.run([sys.executable, "-c", program], cwd=FOLDER.parent.parent, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
