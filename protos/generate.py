"""Make the committed Python classes of our protocol descriptions.

Run it with ``python protos/generate.py`` after changing a description. With ``--check`` nothing is written:
it fails when what is committed differs from what the pinned generator makes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
GENERATOR: Final = "grpcio-tools"
TARGETS: Final = {"yandex/threads.proto": ROOT / "tools/dragoman/providers/yandex/_proto"}
"""Description, below this folder, and the package that has its classes."""


def main() -> int:
    """Generate, or check; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when something is stale")
    checking: bool = parser.parse_args().check
    _require_pinned_generator()
    made = dict(_generated())
    if checking:
        return _report([path for path, content in made.items() if not path.is_file() or path.read_bytes() != content])
    for path, content in made.items():
        path.write_bytes(content)
    return 0


def _report(stale: list[Path]) -> int:
    for path in stale:
        sys.stderr.write(f"{path} is stale; run: python protos/generate.py\n")
    return 1 if stale else 0


def _require_pinned_generator() -> None:
    """Stop unless the generator is the pinned one: others make other code, for other versions of the runtime."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines: list[str] = project["dependency-groups"]["dev"]
    pins = [found[1] for line in lines if (found := re.fullmatch(rf"{GENERATOR}==([\w.]+)", line))]
    try:
        installed = importlib.metadata.version(GENERATOR)
    except importlib.metadata.PackageNotFoundError:
        installed = "not installed"
    if pins != [installed]:
        raise SystemExit(f"{GENERATOR} is {installed} and has to be {' '.join(pins) or 'pinned in pyproject.toml'}.")


def _generated() -> Iterator[tuple[Path, bytes]]:
    """Each file that the generator makes: where it belongs, and what is in it."""
    for description, package in TARGETS.items():
        with tempfile.TemporaryDirectory() as folder:
            _generate(description, Path(folder))
            made = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            yield from ((package / path.name, path.read_bytes()) for path in made)


def _generate(description: str, folder: Path) -> None:
    from grpc_tools import protoc  # noqa: PLC0415 - after its version was checked

    # A virtual folder gives the description a name that nobody else in the process has.
    own = f"dragoman/{Path(description).parent}"
    arguments = (
        f"-I{own}={(ROOT / 'protos' / description).parent}",
        f"-I{Path(protoc.__file__).parent / '_proto'}",
        f"--python_out={folder}",
        f"--pyi_out={folder}",
        f"{own}/{Path(description).name}",
    )
    if protoc.main(["protoc", *arguments]):
        raise SystemExit(f"The generator failed for {description}.")


if __name__ == "__main__":
    sys.exit(main())
