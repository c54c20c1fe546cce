"""The write policy: permission, consent, content checks and the flow guard.

An account's setting ``write`` is ``"off"`` (refused), ``"allow"`` (written) or ``"confirm"`` (asked first). Some writes
are asked about even where writing is allowed. Where the client cannot ask its user, the first call answers with a
preview and a one-time token, bound to exactly that content and valid for ten minutes. Nothing here fails open.
"""

from dragoman.toolset.policy.consent import Consent, obtain_consent
from dragoman.toolset.policy.flow_guard import ExposureLog, FlowGuard, Viewer
from dragoman.toolset.policy.links import hosts
from dragoman.toolset.policy.mass_mentions import mass_mentions
from dragoman.toolset.policy.permission import entry_in, is_allowed_target, require_permission
from dragoman.toolset.policy.write_request import Write

__all__ = [
    "Consent",
    "ExposureLog",
    "FlowGuard",
    "Viewer",
    "Write",
    "entry_in",
    "hosts",
    "is_allowed_target",
    "mass_mentions",
    "obtain_consent",
    "require_permission",
]
