"""Files to import, and an account for them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for chat_lines


@pytest.fixture
def file(tmp_path):
    def write(*lines: str):
        path = tmp_path / "chat.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write
