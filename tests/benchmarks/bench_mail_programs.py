"""Importing an mbox beside indexing a Maildir of the same mails with the mail indexers that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks.archive_forms import maildir, make_texts, mbox
from tests.benchmarks.figures import show

_NOTMUCH: Final = "[database]\npath={maildir}\n[user]\nname=A\nprimary_email=a@x.example\n[new]\ntags=new\n"


def main(size: int = 100_000) -> int:
    """Print the wall time of the import to the slowest program's that is there; 1 when it is longer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maildir(folder / "Maildir", make_texts(size))
        mbox(folder / "all.mbox", make_texts(size))
        seconds = {
            program: index(folder) for program, index in (("notmuch", _notmuch), ("mu", _mu)) if shutil.which(program)
        }
        if not seconds:
            sys.stdout.write("Neither notmuch nor mu is installed.\n")
            return 0
        ours = _import(folder)
        slowest = max(seconds, key=lambda program: seconds[program])
        return int(not show(f"import of {size:,} mails, to {slowest}", ours / seconds[slowest], 1))


def _notmuch(folder: Path) -> float:
    settings = folder / "notmuch"
    settings.write_text(_NOTMUCH.format(maildir=folder / "Maildir"))
    return _run(["notmuch", "new", "--quiet"], {"NOTMUCH_CONFIG": str(settings)})


def _mu(folder: Path) -> float:
    muhome = f"--muhome={folder / 'mu'}"
    _run(["mu", "init", muhome, f"--maildir={folder / 'Maildir'}"], {})
    return _run(["mu", "index", muhome, "--quiet"], {})


def _import(folder: Path) -> float:
    command = [sys.executable, "-m", "dragoman_server", "import", str(folder / "all.mbox")]
    return _run(command, {"DRAGOMAN_DATA": str(folder / "data"), "HOME": str(folder)})


def _run(command: list[str], environment: Mapping[str, str]) -> float:
    """Seconds that a command takes."""
    started = time.monotonic()
    subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started
