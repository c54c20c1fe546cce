"""Tells whether a file is on a disk of another machine, where SQLite's locks do not hold."""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = {
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.davfs", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs",
    "smb3", "smbfs",
}  # fmt: skip
"""Types of file systems that several machines can mount at the same time."""

# The system writes blanks and backslashes so; all other letters stand as they are.
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
# DRIVE_REMOTE of GetDriveTypeW.
_DRIVE_REMOTE: Final = 4
_log = logging.getLogger(__name__)


def network_disk(path: Path) -> str | None:
    """The type of the network file system that a path is on.

    Returns:
        ``None`` for a local disk, and where the system does not tell.
    """
    # Only a warning depends on it, so whatever cannot be told counts as local.
    with suppress(OSError, ValueError):
        if sys.platform == "win32":
            return _network_drive(path)
        return _remote_type(os.path.realpath(path), _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    return None


def warning(path: Path) -> str | None:
    """What to say about a store on a network file system; ``None`` for one on a local disk."""
    kind = network_disk(path)
    if kind is None:
        return None
    return (
        f"{path} is on a network file system ({kind}). Use it from one machine only, or messages can be lost; "
        "a store belongs on a local disk."
    )


def warn(path: Path) -> None:
    """Log the warning, if there is one."""
    text = warning(path)
    if text is not None:
        _log.warning("%s", text)


def _remote_type(path: str, mounts: str) -> str | None:
    """The type of the innermost mount that holds a path, if it is a remote one. See proc_pid_mountinfo(5)."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if not after or len(fields) <= 4:  # noqa: PLR2004 - the fifth is where it is mounted
            continue
        place = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
        # Of two mounts at one place the later one counts.
        if len(place) >= best and PurePosixPath(path).is_relative_to(place):
            best, kind = len(place), after.split(" ")[0]
    return kind if kind in _REMOTE else None


def _network_drive(path: Path) -> str | None:
    import ctypes  # noqa: PLC0415 - only there

    drive = os.path.splitdrive(os.path.realpath(path))[0]
    if drive.startswith("\\\\"):
        return "a share"
    kind: int = ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\")  # type: ignore[attr-defined, unused-ignore]
    return "a network drive" if kind == _DRIVE_REMOTE else None
