"""Servers over HTTP on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for balancer, issuer and sites

from sites import Site, serving_http


@pytest.fixture
def site(environment, tmp_path):
    """Start servers over HTTP with the text of a settings file; whatever happens, none outlives the test."""

    def start(settings: str = "", *arguments: str, at: int = 0, **more: str):
        return serving_http(environment | more, tmp_path, settings, *arguments, at=at)

    return start


@pytest.fixture
def issuer():
    """An authorization server whose tokens a test makes as it likes."""
    from issuer import serving

    with serving() as provider:
        yield provider


@pytest.fixture
def behind_issuer(site, issuer):
    """A server behind the issuer, on a port that its settings know before; told what else these say."""
    from issuer import free_port

    @contextmanager
    def start(http: str = "", account: str = "") -> Iterator[Site]:
        port = free_port()
        settings = (
            f'[http]\npublic_url = "http://127.0.0.1:{port}/mcp"\n{http}[accounts.one]\nprovider = "local"\n'
            f'{account}[auth.oauth]\nissuer = "{issuer.url}"\n'
        )
        with site(settings, at=port) as server:
            yield server

    return start
