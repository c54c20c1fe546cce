"""The base image is pinned to the digest that Docker tells, and to no other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
DIGEST, OTHER = f"sha256:{'a1' * 32}", f"sha256:{'b2' * 32}"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for docker is a script of a shell")


@pytest.fixture
def pin(tmp_path):
    """Runs the script on a copy of the Dockerfile; ``told`` is what Docker says, ``None`` is no Docker."""
    for name in ("pin_base.py", "Dockerfile"):
        shutil.copy(PACKAGING / name, tmp_path / name)

    def run(*arguments: str, told: str | None) -> tuple[int, str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        docker = folder / "docker"
        docker.unlink(missing_ok=True)
        if told is not None:
            docker.write_text(f"#!/bin/sh\necho '{told}'\n")
            docker.chmod(0o755)
        command = [sys.executable, tmp_path / "pin_base.py", *arguments]
        done = subprocess.run(
            command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr, (tmp_path / "Dockerfile").read_text(encoding="utf-8")

    return run


def bases(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines() if line.startswith("FROM ")]


def test_every_stage_gets_the_digest_that_docker_tells_and_later_another_one(pin):
    for digest in (DIGEST, OTHER):
        status, said, text = pin(told=digest)
        assert status == 0
        assert f"@{digest}." in said
        assert len(bases(text)) == 2
        assert all(base.count("@") == 1 and base.endswith(f"@{digest}") for base in bases(text))


def test_a_digest_that_the_tag_does_not_have_is_refused(pin):
    status, said, text = pin(OTHER, told=DIGEST)
    assert status == 1
    assert f"has the digest {DIGEST} now" in said
    assert text == (PACKAGING / "Dockerfile").read_text(encoding="utf-8")


def test_without_docker_a_digest_has_to_be_given_and_is_said_not_to_be_checked(pin):
    assert pin(told=None)[0] == 1
    assert pin(told="error: no such host")[0] == 1
    status, said, text = pin(DIGEST, told=None)
    assert status == 0
    assert "not checked" in said
    assert all(base.endswith(f"@{DIGEST}") for base in bases(text))


def test_what_is_no_digest_is_refused(pin):
    status, _, text = pin("latest", told=None)
    assert status == 1
    assert text == (PACKAGING / "Dockerfile").read_text(encoding="utf-8")
