"""Write the lock files, in which every package has one version and the hashes of its files; or say what is stale.

The versions are those of ``constraints.txt``. Nothing in a lock names an address: where packages come from is the
business of whoever installs.

    python packaging/lock.py [--check]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOME: Final = Path(__file__).resolve().parents[1]
CONSTRAINTS: Final = HOME / "constraints.txt"
RUNTIME: Final = HOME / "requirements.lock"
IMAGE: Final = HOME / "packaging" / "image.lock"
DEVELOPMENT: Final = HOME / "requirements-dev.lock"
BUILD: Final = HOME / "packaging" / "build.lock"
_COMPILE: Final = (
    "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-annotate", "--no-header", "--no-emit-index-url", "--constraints", str(CONSTRAINTS),
)  # fmt: skip
_IN_PLACE: Final = "editables"
"""The build backend needs it to install the sources in place, as ./run does."""
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def write() -> None:
    """Resolve anew and write all lock files."""
    _compile(RUNTIME, ["pyproject.toml"])
    _compile(IMAGE, ["pyproject.toml", "--extra", "postgres"])
    _compile(DEVELOPMENT, ["pyproject.toml", "--all-extras", "--group", "dev"])
    _compile(BUILD, ["-"], "\n".join([*_project()["build-system"]["requires"], _IN_PLACE]))


def problems() -> list[str]:
    """Say what does not fit together any more; nothing is asked of the network."""
    project = _project()
    runtime, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    dev = [it for it in project["dependency-groups"]["dev"] if isinstance(it, str)]
    wanted: list[tuple[Path, list[str]]] = [
        (RUNTIME, runtime),
        (IMAGE, [*runtime, *extras["postgres"]]),
        (DEVELOPMENT, [*runtime, *(it for extra in extras.values() for it in extra), *dev]),
        (BUILD, project["build-system"]["requires"]),
    ]
    constraints = pins(CONSTRAINTS)
    return [sentence for path, needed in wanted for sentence in _compare(path, needed, constraints)]


def pins(path: Path) -> dict[str, str]:
    """Return the version of each package that a file pins, by its canonical name."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return {canonicalize_name(name): version for name, version in _PIN.findall(text)}


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Write the lock files.")
    parser.add_argument("--check", action="store_true", help="only say whether they are up to date")
    if not parser.parse_args().check:
        write()
        return 0
    found = problems()
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        print("The lock files are stale: run ./run lock and commit what it writes.", file=sys.stderr)
    return int(bool(found))


def _compile(path: Path, sources: list[str], text: str = "") -> None:
    """Run the resolver in the project's folder; what the file holds already is the first choice for each version."""
    subprocess.run([*_COMPILE, "--output-file", path, *sources], cwd=HOME, input=text, text=True, check=True)


def _project() -> dict[str, Any]:
    return tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))


def _compare(path: Path, needed: Iterable[str], constraints: dict[str, str]) -> Iterable[str]:
    locked, name = pins(path), path.relative_to(HOME).as_posix()
    for requirement in map(Requirement, needed):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{name} lacks {requirement.name}."
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{name} has {requirement.name} {version}, and the project needs {requirement.specifier}."
    for package, version in locked.items():
        if constraints.get(package, version) != version:
            yield f"{name} has {package} {version}, and constraints.txt has {constraints[package]}."


if __name__ == "__main__":
    sys.exit(main())
