"""Services that tell what is new, empty before each test."""

import sys
from pathlib import Path

import pytest

from dragoman.accounts import provider_registry

sys.path.insert(0, str(Path(__file__).parent))  # for bell_service

from bell_service import Bell, Broken, Crowd, Log, Silent, Wire, empty


@pytest.fixture(autouse=True)
def services(monkeypatch):
    for kind in (Wire, Bell, Log, Broken, Silent, Crowd):
        monkeypatch.setitem(provider_registry.BUILT_IN, kind.name, f"bell_service:{kind.__name__}")
    empty()
