"""Read and write messages in any messaging system.

The names here are the public ones of the library. Each is imported when it is first used, so that
``import dragoman`` costs nothing; :mod:`dragoman.testing` has the ones for tests.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from dragoman._version import __version__

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.accounts.provider_registry import provider_class, provider_names
    from dragoman.accounts.workspace import Workspace
    from dragoman.core.errors import (
        BadResponse,
        Conflict,
        DeadlineExceeded,
        DragomanError,
        InvalidArgument,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        RateLimited,
        Unauthenticated,
        Unavailable,
        UnsupportedOperation,
    )
    from dragoman.core.model import (
        Attachment,
        Audience,
        Author,
        AuthorKind,
        Changes,
        Citation,
        Conversation,
        ConversationKind,
        Edit,
        Hit,
        Message,
        Order,
        Page,
        Reaction,
        SearchPage,
    )
    from dragoman.core.references import Reference
    from dragoman.providers.base.provider import (
        AccountSettings,
        Capability,
        Change,
        ConversationQuery,
        Draft,
        Limits,
        MessageQuery,
        Provider,
        SearchQuery,
    )

__all__ = [
    "Account",
    "AccountSettings",
    "Attachment",
    "Audience",
    "Author",
    "AuthorKind",
    "BadResponse",
    "Capability",
    "Change",
    "Changes",
    "Citation",
    "Conflict",
    "Conversation",
    "ConversationKind",
    "ConversationQuery",
    "DeadlineExceeded",
    "Draft",
    "DragomanError",
    "Edit",
    "Hit",
    "InvalidArgument",
    "Limits",
    "Message",
    "MessageQuery",
    "NotFound",
    "Order",
    "OutcomeUnknown",
    "Page",
    "PermissionDenied",
    "Provider",
    "RateLimited",
    "Reaction",
    "Reference",
    "SearchPage",
    "SearchQuery",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedOperation",
    "Workspace",
    "__version__",
    "provider_class",
    "provider_names",
]

_HOMES: Final = (  # the light ones first
    "dragoman.core.errors",
    "dragoman.core.model",
    "dragoman.core.queries",
    "dragoman.providers.base.provider",
    "dragoman.core.references",
    "dragoman.accounts.provider_registry",
    "dragoman.accounts.account",
    "dragoman.accounts.workspace",
)


def __getattr__(name: str) -> object:
    """Import a public name from the module that defines it."""
    if name in __all__:
        for home in map(import_module, _HOMES):
            if name in vars(home):
                found: object = vars(home)[name]
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted({*globals(), *__all__})
