"""Keeps for the next start what this one found out; see :mod:`~dragoman_server.transports.stdio.start_cache`."""

from __future__ import annotations

import json
import logging
import re
import sys
from importlib.metadata import Distribution, entry_points
from pathlib import Path
from typing import Any, Final

from dragoman._version import __version__
from dragoman.accounts.provider_registry import BUILT_IN, GROUP, provider_class
from dragoman_server.config import settings_file
from dragoman_server.config.load import Config
from dragoman_server.config.setting_facts import provider_facts
from dragoman_server.setup.files.safe_rewrite import PRIVATE, make_folder, write
from dragoman_server.transports.stdio import start_cache

_log: Final = logging.getLogger(__name__)


def remember(config: Config) -> None:
    """Keep that these settings are good, and what providers of other packages offer.

    Nothing depends on it but time, so what fails is only logged.
    """
    path = start_cache.cache_path()
    if config.source is None or path is None:
        return
    try:
        before = start_cache.load(__version__)
        after = before | {
            "settings": _with_settings(before["settings"], config.source),
            "providers": before["providers"] | _outside(config),
        }
        if after != before:
            make_folder(Path(path).parent, 0o700)
            write(Path(path), json.dumps(after).encode(), PRIVATE)
    except (OSError, ValueError) as error:
        _log.debug("What this start found out cannot be kept (%s).", type(error).__name__)


def _with_settings(digests: list[str], source: Path) -> list[str]:
    content = settings_file.read(str(source))
    digest = settings_file.digest(content)
    return digests if digest in digests else [*digests, digest][-start_cache.MOST_SETTINGS :]


def _outside(config: Config) -> dict[str, Any]:
    """Facts of the providers that come from other packages, each with the state of the files that they stand in."""
    found: dict[str, Any] = {}
    for name in {account.provider for account in config.accounts.values()} - BUILT_IN.keys():
        kind = provider_class(name)
        paths = [sys.modules[part.__module__].__file__ for part in (kind, kind.Settings)]
        paths += [_description_of(point.dist) for point in entry_points(group=GROUP, name=name) if point.dist]
        files = [[path, start_cache.stamp(path)] for path in dict.fromkeys(paths) if path]
        found[name] = {"files": files, "facts": provider_facts(kind)}
    return found


def _description_of(package: Distribution) -> str:
    """The folder that describes an installed package; its name holds the version."""
    name = re.sub(r"[-_.]+", "_", package.name)
    return str(package.locate_file(f"{name}-{package.version}.dist-info"))
