"""What each code of gRPC becomes."""

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)

ATTEMPTS = 4
"""How often a call is made that may be made again."""

CODES = {
    "CANCELLED": (Unavailable, 1, OutcomeUnknown, 1),
    "UNKNOWN": (Unavailable, 1, OutcomeUnknown, 1),
    "INVALID_ARGUMENT": (InvalidArgument, 1, InvalidArgument, 1),
    "DEADLINE_EXCEEDED": (DeadlineExceeded, 2, OutcomeUnknown, 1),
    "NOT_FOUND": (NotFound, 1, NotFound, 1),
    "ALREADY_EXISTS": (Conflict, 1, Conflict, 1),
    "PERMISSION_DENIED": (PermissionDenied, 1, PermissionDenied, 1),
    "RESOURCE_EXHAUSTED": (RateLimited, ATTEMPTS, RateLimited, ATTEMPTS),
    "FAILED_PRECONDITION": (Conflict, 1, Conflict, 1),
    "ABORTED": (Conflict, 1, Conflict, 1),
    "OUT_OF_RANGE": (InvalidArgument, 1, InvalidArgument, 1),
    "UNIMPLEMENTED": (UnsupportedOperation, 1, UnsupportedOperation, 1),
    "INTERNAL": (Unavailable, 1, OutcomeUnknown, 1),
    "UNAVAILABLE": (Unavailable, ATTEMPTS, OutcomeUnknown, 1),
    "DATA_LOSS": (BadResponse, 1, OutcomeUnknown, 1),
    "UNAUTHENTICATED": (Unauthenticated, 1, Unauthenticated, 1),
}
"""A code; what a read gets and how many calls it makes; the same for a write."""
