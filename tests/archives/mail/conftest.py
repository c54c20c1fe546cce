"""Files of mails, and how tests read them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for mail_lines


@pytest.fixture
def read_mbox(tmp_path, read_archive):
    def read(text: str | bytes, name: str = "x"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        content = read_archive(tmp_path)
        assert content.formats == ["mail"]
        return content

    return read
