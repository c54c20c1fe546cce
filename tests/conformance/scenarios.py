"""Which scenarios are run, and at which of the two servers."""

from __future__ import annotations

from dataclasses import dataclass

LEGACY = "2025-11-25"
MODERN = "2026-07-28"


@dataclass(frozen=True)
class Suite:
    """A version of the suite at a revision of the protocol.

    Attributes:
        package: Its folder among the node modules.
        options: What it is told beside the address.
        for_product: Scenarios that need nothing of the suite's own.
        for_fixtures: All that it has for a server at this revision, but extensions, which we have none of.
        in_sessions: Those of them for which a client has to have a session; none where there are no sessions.
    """

    name: str
    version: str
    revision: str
    package: str
    options: tuple[str, ...]
    for_product: frozenset[str]
    for_fixtures: frozenset[str]
    in_sessions: frozenset[str] = frozenset()

    def wanted(self, server: str, *, sessions: bool) -> frozenset[str]:
        """The scenarios by which a server is judged."""
        all_of_them = self.for_product if server == "product" else self.for_fixtures
        return all_of_them if sessions else all_of_them - self.in_sessions


_BOTH = frozenset({
    "completion-complete", "dns-rebinding-protection", "json-schema-2020-12", "prompts-get-embedded-resource",
    "prompts-get-simple", "prompts-get-with-args", "prompts-get-with-image", "prompts-list", "resources-list",
    "resources-read-binary", "resources-read-text", "resources-templates-read", "server-sse-multiple-streams",
    "tools-call-audio", "tools-call-embedded-resource", "tools-call-error", "tools-call-image",
    "tools-call-mixed-content", "tools-call-simple-text", "tools-call-with-progress", "tools-list",
})  # fmt: skip
_ASKED_IN_SESSIONS = frozenset({
    "elicitation-sep1034-defaults", "elicitation-sep1330-enums", "tools-call-elicitation", "tools-call-sampling",
})  # fmt: skip
_LEGACY = _BOTH | _ASKED_IN_SESSIONS | {
    "logging-set-level", "ping", "resources-subscribe", "resources-unsubscribe", "server-initialize",
    "server-sse-polling", "tools-call-with-logging",
}  # fmt: skip
_LIFECYCLE = {"server-session-lifecycle"}  # not in the stable suite
_ASKING = {
    f"input-required-result-{name}"
    for name in (
        "basic-elicitation", "basic-list-roots", "basic-sampling", "capability-check", "ignore-extra-params",
        "missing-input-response", "multi-round", "multiple-input-requests", "non-tool-request", "request-state",
        "result-type", "tampered-state", "unsupported-methods", "validate-input",
    )
}  # fmt: skip
_MODERN = _BOTH | _ASKING | {
    "caching", "http-custom-header-server-validation", "http-header-validation", "sep-2164-resource-not-found",
    "server-stateless",
}  # fmt: skip

_WITHOUT_FIXTURES = frozenset({
    "dns-rebinding-protection", "prompts-list", "resources-list", "server-sse-multiple-streams", "tools-list",
})  # fmt: skip
_LEGACY_PRODUCT = _WITHOUT_FIXTURES | {"ping", "server-initialize"}
_MODERN_PRODUCT = _WITHOUT_FIXTURES | {
    "caching", "http-header-validation", "input-required-result-unsupported-methods", "sep-2164-resource-not-found",
    "server-stateless",
}  # fmt: skip

_ALPHA = ("alpha", "0.2.0-alpha.12")

SUITES = (
    Suite(
        "stable", "0.1.16", LEGACY, "conformance-stable", ("--suite", "all"),
        _LEGACY_PRODUCT, _LEGACY, _ASKED_IN_SESSIONS,
    ),
    Suite(
        *_ALPHA, LEGACY, "conformance-alpha", ("--requirements", LEGACY),
        _LEGACY_PRODUCT | _LIFECYCLE, _LEGACY | _LIFECYCLE, _ASKED_IN_SESSIONS,
    ),
    Suite(*_ALPHA, MODERN, "conformance-alpha", ("--requirements", MODERN), _MODERN_PRODUCT, _MODERN),
)  # fmt: skip
"""The stable suite knows no revision but its own."""
