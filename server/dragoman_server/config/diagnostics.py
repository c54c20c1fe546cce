"""Mistakes in a settings file, as sentences that name keys and never values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import SafeText, Sentence, join, safe, sentence, unquoted
from dragoman_server.config.key_paths import KeyPath

_MOST_SHOWN: Final = 40
_LONGEST_REASON: Final = 400

_SENTENCES: Final = {
    "missing": "is required",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": 'must be a list such as ["one", "two"]',
    "list_type": 'must be a list such as ["one", "two"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "path_type": "must be a path in quotes",
    "value_error": "{error}",
}


class ConfigError(InvalidArgument):
    """The settings cannot be used.

    Attributes:
        problems: One sentence for each mistake, with file, line and key where they are known.
    """

    code = "bad_settings"

    def __init__(self, *problems: Sentence) -> None:
        """Keep all sentences; the text shows the first ones and counts the others."""
        shown = [safe(problem) for problem in problems[:_MOST_SHOWN]]
        if len(problems) > len(shown):
            shown.append(sentence("... and {} more.", len(problems) - len(shown)))
        super().__init__(join(shown, "\n", most=len(shown)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a key; the empty path is the file itself.

    Attributes:
        absent: The key is not there and has to be.
    """

    path: KeyPath
    sentence: Sentence
    absent: bool = False


def unknown(path: KeyPath, known: Collection[str]) -> Mistake:
    """A key that nothing reads, with the name that was probably meant."""
    near = get_close_matches(path[-1], known, n=1, cutoff=0.6)
    if near:
        return Mistake(path, sentence("is not a setting; did you mean {}?", near[0]))
    return Mistake(path, sentence("is not a setting; the keys here are {}.", join(sorted(known))))


def of_model(error: ValidationError, known: Collection[str], at: KeyPath, raw: Mapping[str, object]) -> list[Mistake]:
    """The mistakes that pydantic found in the table ``raw``, which stands at ``at`` and may hold the ``known`` keys."""
    found: dict[tuple[KeyPath, str], Mistake] = {}
    for detail in error.errors(include_url=False):
        mistake = _of_detail(detail, known, at, raw)
        # pydantic reports a mistake once for each branch of a union.
        found.setdefault((mistake.path, mistake.sentence), mistake)
    return list(found.values())


def _of_detail(detail: ErrorDetails, known: Collection[str], at: KeyPath, raw: Mapping[str, object]) -> Mistake:
    path = at + _within(detail["loc"], raw, keep_last=detail["type"] in {"missing", "extra_forbidden"})
    if detail["type"] == "extra_forbidden" and len(path) == len(at) + 1:
        return unknown(path, known)
    if detail["type"] == "extra_forbidden":
        return Mistake(path, "is not a setting.")
    return Mistake(path, _sentence(detail), absent=detail["type"] == "missing")


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a table for this model may hold."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _within(location: Iterable[int | str], raw: object, *, keep_last: bool) -> KeyPath:
    """The part of pydantic's location that stands in the file; it also names branches of unions."""
    steps = list(location)
    path: list[str] = []
    for index, step in enumerate(steps):
        if not (isinstance(raw, Mapping) and step in raw):
            if keep_last and index == len(steps) - 1:
                path.append(str(step))
            break
        path.append(str(step))
        raw = raw[step]  # pyright: ignore[reportUnknownVariableType]  # a mapping of unknown values
    return tuple(path)


def _sentence(detail: ErrorDetails) -> SafeText:
    said = detail["msg"]
    if detail["type"] in _SENTENCES:
        said = _SENTENCES[detail["type"]].format_map(detail.get("ctx") or {})
    given = detail["input"]
    # A validator may quote its input, which may be a credential; a list of choices contains none.
    if isinstance(given, str) and given and given in said and detail["type"] not in {"literal_error", "enum"}:
        said = "is not valid"
    return sentence("{}.", unquoted(said.rstrip("."), _LONGEST_REASON))
