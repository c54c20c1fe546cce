"""How tests read what packed files hold."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dragoman.archives import Notes

sys.path.insert(0, str(Path(__file__).parent))  # for packed_files

from packed_files import LinesFormat


@pytest.fixture
def labels(read_archive, tmp_path):
    def found(path: Path) -> tuple[dict[str, str], Notes]:
        content = read_archive(path, formats=(LinesFormat(),))
        return {m.id.removeprefix(f"{tmp_path}/"): m.text for m in content.messages}, content.notes

    return found
