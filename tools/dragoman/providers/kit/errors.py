"""Error mapping as a table: what a service's failures mean to the person who has to do something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, LiteralString, TypedDict, Unpack

from dragoman.core import errors
from dragoman.core.json_fields import flag_of, is_object, object_of, text_of
from dragoman.core.safe_text import SafeText, sentence
from dragoman.transport.error_mapping import ErrorWords, ServiceFailure, ServiceProfile, default_service_text

_NOTHING: Final[Mapping[str, LiteralString]] = {}
_BAD_REQUEST: Final = 400
_SENSELESS: Final = 500


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
        # Trouble with the connection comes first: there is no answer whose status would count.
        key = failure.trouble or failure.code or failure.status
        return ErrorWords(said=read(failure) or "", hint=table.get(key, ""), look=look.get(failure.operation, ""))

    return ServiceProfile(service=service, explain=explain, **options)


class NamedFailures:
    """Maps the names of failures in the bodies of answers; the status of the answer does not count.

    A TOML file has the rows (``[[failure]]``): ``names``, and of each ``status`` (what the answer should have had),
    ``error`` (a member of the family), ``message`` and ``hint``. A name that ends with ``*`` begins others. With
    ``field`` and ``naming`` the sentence of ``naming`` holds what the answer has in that field, where it has it.

    ``[look]`` tells by operation how to find out whether a write of unknown outcome happened. A ``[[hint]]`` is for
    failures whose row has none: by ``trouble`` with the connection, or for ``operations`` which have to wait for
    ``waits`` seconds or longer; ``{}`` in its ``hint`` stands for those.

    Args:
        file: That file; it is read when something fails.
        success: The member of a body that is ``true`` where nothing failed.
        name: The member that names what failed; a body with neither is no answer at all.
    """

    def __init__(self, file: Path, *, success: str, name: str) -> None:
        self._file = file
        self._success = success
        self._name = name

    def profile(self, service: str, **options: Unpack[ProfileOptions]) -> ServiceProfile:
        """Make a service's profile for the transport.

        Args:
            service: Its name, for sentences.
            options: As in :class:`ServiceProfile`.
        """

        def explain(failure: ServiceFailure) -> ErrorWords:
            words, look = self.words_for(failure), self._content.get("look", {}).get(failure.operation, "")
            return replace(words, hint=words.hint or self._hint_for(failure), look=SafeText(look))

        return ServiceProfile(service=service, explain=explain, status_of=self.status_of, **options)

    def status_of(self, body: object) -> int:
        """The HTTP status that an answer should have had; 0 for a success."""
        name = self._name_of(body)
        if name is None:
            return _SENSELESS
        return int(self._row(name).get("status", _BAD_REQUEST)) if name else 0

    def words_for(self, failure: ServiceFailure) -> ErrorWords:
        """The words for a failure; a name that no row has is quoted."""
        name = self._name_of(failure.body) or ""
        row = self._row(name)
        named = text_of(object_of(failure.body), row["field"]) if "field" in row else ""
        return ErrorWords(
            said="" if row else name,
            message=sentence(row["naming"], named) if named else SafeText(row.get("message", "")),
            hint=SafeText(row.get("hint", "")),
            error=getattr(errors, row["error"]) if "error" in row else None,
        )

    def _name_of(self, body: object) -> str | None:
        """The name of a failure; empty for a success and for what the reader refuses, ``None`` for no answer."""
        if not is_object(body) or flag_of(body, self._success):
            return ""
        return text_of(body, self._name) or None

    def _hint_for(self, failure: ServiceFailure) -> SafeText:
        """A hint for failures whose row has none; empty for the usual hint."""
        told = failure.headers.get("retry-after", "")
        wait = int(told) if told.isdecimal() else 0
        # The usual advice, to wait, is no use where the wait is that long.
        for row in self._content.get("hint", ()):
            if failure.trouble and row.get("trouble") == failure.trouble:
                return SafeText(row["hint"])
            if failure.operation in row.get("operations", ()) and wait >= row["waits"]:
                return sentence(row["hint"], wait)
        return SafeText()

    def _row(self, name: str) -> Mapping[str, Any]:
        rows = self._rows
        begin = next((one for one in rows if one.endswith("*") and name.startswith(one[:-1])), "")
        return rows.get(name) or rows.get(begin, {})

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: row for row in self._content["failure"] for name in row["names"]}

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        import tomllib  # noqa: PLC0415 - only where something fails

        return tomllib.loads(self._file.read_text("utf-8"))
