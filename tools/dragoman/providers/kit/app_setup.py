"""The app that an account of a service needs: its scopes, and what somebody is told who makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any, NamedTuple
from urllib.parse import quote

from dragoman.core.safe_text import SafeText
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.providers.base.capability import Capability
from dragoman.providers.kit.scopes import GrantedScopes


class Refusal(NamedTuple):
    """Why a token is of no use, and which one would be."""

    reason: SafeText
    hint: SafeText


class AppSetup:
    """Reads a TOML file beside the provider, when it is needed first.

    ``[needs]`` has the scopes for each purpose, in the words of a check. ``[scopes]`` has groups of scopes, and each
    ``[apps.NAME]`` the groups that an app of that name has, by the kind of token. ``manifest`` and ``page`` are
    templates: the first is filled with the scopes of each kind as JSON, the second with ``$manifest``, quoted. The
    ``sentences`` are filled with ``$NAME_manifest`` and ``$NAME_page`` of each app.

    Further tables that may be there: ``[capabilities]`` has the scopes one of which something takes, such as
    ``send_message``; each ``[kinds.PURPOSE]`` the scope for every kind of conversation. ``[oauth]`` names an app and
    a kind of token for each provider of OAuth, which a person is asked for who signs in. ``[refused]`` tells why
    tokens that begin so are of no use, with ``hint`` for what is.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def needs(self) -> Mapping[str, Sequence[str]]:
        """The scopes for each purpose."""
        needs: Mapping[str, Sequence[str]] = self._content["needs"]
        return needs

    def kinds(self, purpose: str) -> Mapping[str, str]:
        """The scope for each kind of conversation, by the service's word for it."""
        kinds: Mapping[str, str] = self._content["kinds"][purpose]
        return kinds

    def scopes(self, app: str, kind: str) -> tuple[str, ...]:
        """The scopes that the token of a kind has in an app."""
        groups = self._content["apps"][app][kind]
        return tuple(scope for group in groups for scope in self._content["scopes"][group])

    def oauth_scopes(self) -> Mapping[str, tuple[str, ...]]:
        """Scopes of a sign-in, by the provider of OAuth."""
        return {name: self.scopes(*app) for name, app in self._content.get("oauth", {}).items()}

    def withheld(self, granted: GrantedScopes) -> frozenset[Capability]:
        """Capabilities that a token is known to lack."""
        # Nothing was told yet, and a guess would hide tools.
        if granted.names is None:
            return frozenset()
        table = self._content.get("capabilities", {})
        return frozenset(Capability(name) for name, scopes in table.items() if granted.include(*scopes) is False)

    def refusal_of(self, token: str) -> Refusal | None:
        """Why a token is of no use; ``None`` for any other."""
        table = self._content.get("refused", {})
        reason = next((why for begin, why in table.items() if begin != "hint" and token.startswith(begin)), None)
        return None if reason is None else Refusal(SafeText(reason), SafeText(table["hint"]))

    def manifest(self, app: str) -> str:
        """The manifest of an app."""
        kinds = {kind: json.dumps(self.scopes(app, kind)) for kind in self._content["apps"][app]}
        filled = Template(self._content["manifest"]).substitute(kinds)
        return json.dumps(json.loads(filled), separators=(",", ":"))

    def advice(self, **values: str) -> SettingsAdvice:
        """Instructions for a user without a token; ``values`` fill the templates as well."""
        known = dict(values)
        for app in self._content["apps"]:
            manifest = self.manifest(app)
            page = Template(self._content["page"]).substitute(values, manifest=quote(manifest, safe=""))
            known |= {f"{app}_manifest": manifest, f"{app}_page": page}
        filled = (Template(one).substitute(known) for one in self._content["sentences"])
        return SettingsAdvice(sentences=tuple(map(SafeText, filled)))

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        import tomllib  # noqa: PLC0415 - nothing that starts a server reads it

        return tomllib.loads(self._file.read_text("utf-8"))
