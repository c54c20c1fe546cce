"""What there is to ask about an account: read off the provider's own settings, so that any provider will do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, LiteralString

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import safe, sentence
from dragoman.providers.base.provider import AccountSettings

POLICY: Final = "write"
"""The one common setting that everybody is asked about."""

_LATER: Final = AccountSettings.model_fields.keys() - {POLICY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One setting.

    Attributes:
        key: Its name.
        about: What it means, in the provider's words.
        where: Where to find it, in the provider's words.
        type: What kind of value it takes, in the words of JSON Schema.
        required: There is no account without it.
        default: What it is when nobody says anything.
        choices: The only values there are; empty when any will do.
        secret: ``"kept"`` when the settings can name a place for it, ``"plain"`` when only the value itself will do,
            ``"sign_in"`` when somebody signs in with OAuth instead.
        later: Not asked, unless the user wants more settings.
    """

    key: str
    about: str
    where: str = ""
    type: str
    required: bool
    default: str | bool | float | None = None
    choices: tuple[str, ...] = ()
    secret: Literal["kept", "plain", "sign_in"] | None = None
    later: bool = False

    def text(self, value: object) -> str:
        """A value as somebody would type it."""
        if isinstance(value, list | tuple):
            return ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # of unknown values
        return str(value).lower() if isinstance(value, bool) else str(value)

    def value(self, text: str) -> object:
        """The value that somebody typed.

        Raises:
            InvalidArgument: It is none of the right kind.
        """
        if self.type == "string" and not (self.secret == "sign_in" and text.lstrip().startswith("{")):  # noqa: S105  # a word
            return text
        if self.type == "array" and not text.lstrip().startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            kinds: dict[str, LiteralString] = {"boolean": "true or false", "array": "a list"}
            raise InvalidArgument(
                sentence("{} has to be {}.", self.key, safe(kinds.get(self.type, "a number")))
            ) from None


def questions(model: type[AccountSettings]) -> dict[str, Question]:
    """Every setting of a provider by its key, in the provider's order; the policy of writing comes last."""
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    properties: Mapping[str, Any] = schema["properties"]
    keys = [key for key in properties if key not in AccountSettings.model_fields]
    keys += [key for key in AccountSettings.model_fields if key in properties and key != "provider"]
    # The sort is stable: all others keep their order.
    keys.sort(key=lambda key: key == POLICY)
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    return {key: _question(key, properties[key], definitions, required=key in required) for key in keys}


def usual(asked: Mapping[str, Question]) -> list[Question]:
    """The settings that are always asked for: required ones, and those with a default to confirm."""
    return [question for question in asked.values() if question.key not in _LATER and _is_usual(question)]


def _is_usual(question: Question) -> bool:
    return question.required or not (question.default in (None, "") or question.secret or question.later)


def optional_secrets(asked: Mapping[str, Question]) -> list[Question]:
    """The credentials to choose one of, when none is required by itself."""
    secrets = [question for question in asked.values() if question.secret]
    return [] if any(question.required for question in secrets) else secrets


def _question(key: str, property_: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> Question:
    shapes = list(_shapes(property_, definitions))
    # A credential may also be a table that names its place; what somebody types is the other form.
    types = [shape["type"] for shape in shapes if shape.get("type") not in {None, "null", "object"}]
    choices = [
        str(word) for shape in shapes for word in shape.get("enum", [shape["const"]] if "const" in shape else [])
    ]
    default = property_.get("default")
    password = any(shape.get("format") == "password" for shape in shapes)
    places = any(shape.get("type") == "object" for shape in shapes)
    return Question(
        key=key,
        about=str(property_.get("description") or property_.get("title") or ""),
        where=str(property_.get("where") or ""),
        type=str(types[0]) if types else "string",
        required=required,
        default=default if isinstance(default, str | bool | int | float) else None,
        choices=tuple(choices),
        secret="sign_in" if property_.get("sign_in") else ("kept" if places else "plain") if password else None,
        later=bool(property_.get("later")),
    )


def _shapes(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and everything that it may be instead."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name in definitions:
        # Without its own definition, because one that refers to itself would never end.
        yield from _shapes(definitions[name], {key: found for key, found in definitions.items() if key != name})
    yield schema
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _shapes(inner, definitions)
