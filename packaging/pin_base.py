"""Pins the base image of the container to a digest: ``./run pin-base [sha256:...]``.

Both FROM lines of the Dockerfile get the digest, so a build takes exactly that image or fails. Docker is asked which
digest the tag has now. A digest that is given has to be that one; without Docker it is taken as it is, which is said.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

DOCKERFILE: Final = Path(__file__).parent / "Dockerfile"
_BASE: Final = re.compile(r"^(FROM )(python:[^\s@]+)(?:@sha256:[0-9a-f]{64})?", re.MULTILINE)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_PATIENCE: Final = 60


def main(arguments: list[str]) -> int:
    """Write the digest into the Dockerfile; the exit status."""
    given = arguments[0] if arguments else ""
    text = DOCKERFILE.read_text(encoding="utf-8")
    (tag,) = {match[2] for match in _BASE.finditer(text)}
    told = _digest_of(tag)
    if given and not _DIGEST.fullmatch(given):
        return _refuse("A digest is sha256: and 64 hexadecimal digits.")
    if not (given or told):
        return _refuse(f"Docker does not tell the digest of {tag}; give the one that you have checked.")
    if given and told and given != told:
        return _refuse(f"{tag} has the digest {told} now, and not {given}. Nothing was changed.")
    digest = given or told
    DOCKERFILE.write_text(_BASE.sub(rf"\1\2@{digest}", text), encoding="utf-8")
    print(f"The base is {tag}@{digest}{'' if told else ', not checked: Docker does not tell'}.")
    return 0


def _digest_of(tag: str) -> str:
    """What the registry says of a tag, empty where Docker is missing or cannot reach it."""
    docker = shutil.which("docker")
    if docker is None:
        return ""
    asked = [docker, "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", tag]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_PATIENCE).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said if _DIGEST.fullmatch(said) else ""


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
