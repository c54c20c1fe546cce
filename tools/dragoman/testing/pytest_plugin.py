"""Fixtures for the tests of everybody who has Dragoman installed.

``dragoman`` is a whole server with a fresh store for each test, for plain test functions::

    def test_the_answer_is_in_the_room(dragoman):
        dragoman.call("import_message", conversation="local:room", text="Hi", author="Ann", sent_at="2026-03-10")
        assert "Ann: Hi" in dragoman.call("list_messages", conversation="local:room")

pytest loads this module in every project beside which Dragoman is installed: it imports nothing
until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dragoman.testing.scripted_server import ScriptedServer


@pytest.fixture
def dragoman_config() -> str | Path | Mapping[str, object] | None:
    """The settings of the server of the fixture ``dragoman``; override it to have other accounts."""
    return None


@pytest.fixture
def dragoman(
    dragoman_config: str | Path | Mapping[str, object] | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScriptedServer]:
    """A whole server with a fresh store: ``call``, ``json`` and ``error`` with a tool and its arguments."""
    from dragoman.testing.scripted_server import ScriptedServer  # noqa: PLC0415  # suites that do not use it pay nothing

    with ScriptedServer(dragoman_config, data=tmp_path_factory.mktemp("dragoman")) as server:
        yield server
