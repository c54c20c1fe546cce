"""Start the server of this bundle; the first start installs the locked packages, each checked against its hash.

The client's ``uv`` runs this file with any Python, so it imports the standard library only. The protocol owns stdout.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
LOCK = HOME / "requirements.lock"


def main() -> int:
    """Make the environment if it is not there yet, and serve."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join((str(HOME / "server"), str(HOME / "tools"))))
    command = [str(python_of(installed())), "-m", "dragoman_server", "serve"]
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606  # the program that was just installed
    return subprocess.run(command, env=environment, check=False).returncode  # as above


def installed() -> Path:
    """Return the environment with the locked packages; it is complete, or it is not there."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    digest = hashlib.sha256(LOCK.read_bytes() + version.encode()).hexdigest()[:16]
    folder = HOME / f".venv-{digest}"
    if folder.exists():
        return folder
    begun = HOME / f".venv-{digest}-{os.getpid()}"
    try:
        uv("venv", "--quiet", "--relocatable", "--python", sys.executable, str(begun))
        uv(
            "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", "--no-deps",
            "--python", str(python_of(begun)), "--requirement", str(LOCK),
        )  # fmt: skip
        begun.rename(folder)
    except OSError:
        if not folder.exists():  # else another start was faster
            raise
    finally:
        shutil.rmtree(begun, ignore_errors=True)
    return folder


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def uv(*words: str) -> None:
    """Run the ``uv`` that runs this file."""
    subprocess.run([os.environ.get("UV", "uv"), *words], stdout=sys.stderr, check=True)  # the client's own


if __name__ == "__main__":
    sys.exit(main())
