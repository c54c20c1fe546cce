"""The app that an account of a service needs: its scopes, and what somebody is told who makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from dragoman.core.safe_text import SafeText
from dragoman.providers.base.account_settings import SettingsAdvice


class AppSetup:
    """Reads a TOML file beside the provider, when it is needed first.

    ``[needs]`` has the scopes for each purpose, in the words of a check. ``[scopes]`` has groups of scopes, and each
    ``[apps.NAME]`` the groups that an app of that name has, by the kind of token. ``manifest`` and ``page`` are
    templates: the first is filled with the scopes of each kind as JSON, the second with ``$manifest``, quoted. The
    ``sentences`` are filled with ``$NAME_manifest`` and ``$NAME_page`` of each app.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def needs(self) -> Mapping[str, Sequence[str]]:
        """The scopes for each purpose."""
        needs: Mapping[str, Sequence[str]] = self._content["needs"]
        return needs

    def scopes(self, app: str, kind: str) -> tuple[str, ...]:
        """The scopes that the token of a kind has in an app."""
        groups = self._content["apps"][app][kind]
        return tuple(scope for group in groups for scope in self._content["scopes"][group])

    def manifest(self, app: str) -> str:
        """What the service makes an app from."""
        kinds = {kind: json.dumps(self.scopes(app, kind)) for kind in self._content["apps"][app]}
        filled = Template(self._content["manifest"]).substitute(kinds)
        return json.dumps(json.loads(filled), separators=(",", ":"))

    def advice(self, **values: str) -> SettingsAdvice:
        """What somebody does who has no token yet; ``values`` fill the templates as well."""
        known = dict(values)
        for app in self._content["apps"]:
            manifest = self.manifest(app)
            page = Template(self._content["page"]).substitute(values, manifest=quote(manifest, safe=""))
            known |= {f"{app}_manifest": manifest, f"{app}_page": page}
        filled = (Template(one).substitute(known) for one in self._content["sentences"])
        return SettingsAdvice(sentences=tuple(map(SafeText, filled)))

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        import tomllib  # noqa: PLC0415 - only who adds or checks an account reads it

        return tomllib.loads(self._file.read_text("utf-8"))
