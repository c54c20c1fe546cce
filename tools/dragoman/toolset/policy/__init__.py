"""What may be written where, what somebody has to agree to first, and the proof that they have.

The policy of an account is part of its settings: ``write = "off"`` refuses, ``"allow"`` lets pass,
``"confirm"`` asks. Some writes are asked about even where writing is allowed. Where the user cannot be
asked, the first call answers with a preview and a token that is good once, for ten minutes, and for
exactly that content. Nothing here fails open.
"""

from dragoman.toolset.policy.consent import Consent, obtain_consent
from dragoman.toolset.policy.flow_guard import ExposureLog, FlowGuard, Viewer
from dragoman.toolset.policy.links import hosts
from dragoman.toolset.policy.mass_mentions import mass_mentions
from dragoman.toolset.policy.permission import is_allowed_target, require_permission
from dragoman.toolset.policy.write_request import Write

__all__ = [
    "Consent",
    "ExposureLog",
    "FlowGuard",
    "Viewer",
    "Write",
    "hosts",
    "is_allowed_target",
    "mass_mentions",
    "obtain_consent",
    "require_permission",
]
