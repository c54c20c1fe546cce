"""Somebody who has nothing configured, and a provider of parcels."""

import os
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from outside_provider import install_provider

sys.path.insert(0, str(Path(__file__).parent))  # for parcel_answers

from parcel_answers import PARCEL


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Somebody who has nothing configured and the provider ``parcel`` installed."""
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_")):
            monkeypatch.delenv(name)
    site = tmp_path / "site"
    install_provider(site, "parcel", PARCEL, "Parcel")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield tmp_path / "home"
    keyring.set_keyring(before)
    sys.modules.pop("parcel", None)


@pytest.fixture
def settings(tmp_path, home):
    return tmp_path / "work" / "mine.toml"
