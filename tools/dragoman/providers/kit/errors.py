"""Error mapping as a table: what a service's failures mean to the person who has to do something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, LiteralString, TypedDict, Unpack

from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile, default_service_text

_NOTHING: Final[Mapping[str, LiteralString]] = {}


class ProfileOptions(TypedDict, total=False):
    """Further members of :class:`ServiceProfile`."""

    credentials: str
    request_id_headers: tuple[str, ...]
    request_id_members: tuple[str, ...]
    retry_on: frozenset[int]
    rate_headers: bool


def error_table(
    service: str,
    hints: Mapping[int | str, LiteralString],
    *,
    by_operation: Mapping[str, Mapping[int | str, LiteralString]] | None = None,
    look: Mapping[str, LiteralString] = _NOTHING,
    read: Callable[[ServiceFailure], str | None] = default_service_text,
    **options: Unpack[ProfileOptions],
) -> ServiceProfile:
    """Make a service's profile for the transport.

    Args:
        service: Its name, for sentences.
        hints: What to do, by HTTP status, gRPC code or trouble with the connection (``unresolvable``, ``refused``).
        by_operation: The same for one operation, where it differs.
        look: How to find out, by operation, whether a write of unknown outcome happened.
        read: Finds the service's own words in its answer.
        options: As in :class:`ServiceProfile`.
    """

    def explain(failure: ServiceFailure) -> ErrorWords:
        table: dict[int | str, LiteralString] = {**hints, **(by_operation or {}).get(failure.operation, {})}
        key = failure.trouble or failure.code or failure.status
        return ErrorWords(said=read(failure) or "", hint=table.get(key, ""), look=look.get(failure.operation, ""))

    return ServiceProfile(service=service, explain=explain, **options)
