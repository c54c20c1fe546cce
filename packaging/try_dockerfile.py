"""Run the steps of the Dockerfile without Docker, in a scratch folder that stands for the root of the image.

What cannot be run this way is said, line by line, and not counted as tried: the base image, users, volumes, and
whatever a step installs from outside the scratch folder. The Python is the one that runs this.

    python packaging/try_dockerfile.py FOLDER [--packages SITE]
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).resolve().parents[1]
DOCKERFILE: Final = HOME / "packaging" / "Dockerfile"
_PATIENCE: Final = 600.0  # seconds
_ROOTED: Final = ("useradd", "apt-get", "install -d -o")


@dataclass
class Image:
    """The scratch folder and what the steps so far have set.

    Attributes:
        root: What stands for ``/``.
        packages: A folder of packages that the image's Python also sees, so that nothing has to be fetched.
        skipped: The steps that were not run, in words.
    """

    root: Path
    packages: Path | None = None
    folder: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    command: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """A path of the image, relative ones below its working folder."""
        return self.root / os.path.normpath(os.path.join(self.folder, path)).lstrip("/")  # noqa: PTH118  # of another system


def steps(text: str) -> list[tuple[str, str]]:
    """Instructions and their arguments; comments are dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines())
    ]


def follow(image: Image, instruction: str, rest: str) -> None:
    """Do one step, or note that it cannot be done here."""
    if instruction == "RUN":
        _run(image, rest)
    elif instruction == "COPY":
        _copy(image, rest)
    elif instruction == "WORKDIR":
        image.folder = os.path.join(image.folder, rest)  # noqa: PTH118  # a path of another system
        image.inside(".").mkdir(parents=True, exist_ok=True)
    elif instruction == "ENV":
        image.env |= dict(word.split("=", 1) for word in shlex.split(rest))
    elif instruction in {"ENTRYPOINT", "CMD"}:
        image.command[instruction] = json.loads(rest)
    elif instruction == "FROM":
        image.folder = "/"
        image.skipped.append(f"FROM {rest}: this machine's Python {sys.version.split()[0]} instead")
    else:
        image.skipped.append(f"{instruction} {rest}")


def _run(image: Image, command: str) -> None:
    if any(word in command for word in _ROOTED):
        image.skipped.append(f"RUN {command}")
        image.inside("/data").mkdir(exist_ok=True)
        return
    for part in command.split(" && "):
        _execute(image, [_word(image, word) for word in shlex.split(part)])


def _execute(image: Image, words: list[str]) -> None:
    words[0] = sys.executable if words[0] == "python" else words[0]
    environment = {"PATH": os.environ["PATH"], "HOME": str(image.root)} | image.env
    if image.packages is not None:
        environment |= {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    subprocess.run(words, cwd=image.inside("."), env=environment, check=True, timeout=_PATIENCE)
    if words[1:3] == ["-m", "venv"] and image.packages is not None:  # an index is not asked for what is there
        (site,) = Path(words[3]).glob("lib/python*/site-packages")
        (site / "packages.pth").write_text(f"{image.packages}\n", encoding="utf-8")


def _word(image: Image, word: str) -> str:
    return str(image.inside(word)) if word.startswith("/") else word


def _copy(image: Image, rest: str) -> None:
    words = rest.split()
    if words[0].startswith("--from="):
        image.skipped.append(f"COPY {rest}: both stages share the scratch folder")
        return
    *sources, place = words
    target = image.inside(place)
    for source in sources:
        found = HOME / source
        if found.is_dir():
            shutil.copytree(found, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, target)


def start(image: Image) -> list[str]:
    """The command that the image would start, on the scratch folder."""
    program, *rest = image.command["ENTRYPOINT"] + image.command["CMD"]
    path = image.env["PATH"].split(":")[0]
    return [str(image.inside(path) / program), *rest]


def main() -> int:
    """Run all steps and say which were not."""
    parser = argparse.ArgumentParser(description="Run the steps of the Dockerfile without Docker.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packages", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    image = Image(given.folder.resolve(), given.packages)
    for instruction, rest in steps(DOCKERFILE.read_text(encoding="utf-8")):
        follow(image, instruction, rest)
    for step in image.skipped:
        print(f"not tried: {step}")
    print(f"start: {json.dumps(start(image))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
