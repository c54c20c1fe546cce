"""TOML changed in one place: comments, order and everything else stay."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dragoman.core.errors import InvalidArgument

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_BOM: Final = "\ufeff"


def parse(text: str) -> dict[str, Any]:
    """The data of a text.

    Raises:
        InvalidArgument: It is no TOML.
    """
    try:
        return tomllib.loads(text.removeprefix(_BOM).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InvalidArgument("This is no TOML.", hint="Mend it, then try again.") from None


def set_key(text: str, path: Sequence[str], value: object, *, inline: bool = False) -> str:
    """The text with a value at a path of keys; tables on the way are made where they are missing.

    Args:
        text: The whole file.
        path: Keys from the top down.
        value: What shall stand there.
        inline: Write a mapping as ``{ ... }`` in one line instead of a table with a header.

    Raises:
        InvalidArgument: It is no TOML, something else stands on the way, or it cannot be changed faithfully.
    """

    def change(data: MutableMapping[str, Any], made: Callable[[object], Any]) -> None:
        for key in path[:-1]:
            if key not in data:
                data[key] = made(None)
            data = _table(data[key])
        data[path[-1]] = made(value)

    return _changed(text, change, inline=inline)


def remove_key(text: str, path: Sequence[str]) -> str:
    """The text without what stands at a path of keys; unchanged when nothing does.

    Raises:
        InvalidArgument: As for :func:`put`.
    """

    def change(data: MutableMapping[str, Any], made: Callable[[object], Any]) -> None:  # noqa: ARG001  # the shape of put
        for key in path[:-1]:
            if key not in data:
                return
            data = _table(data[key])
        data.pop(path[-1], None)

    after = _changed(text, change)
    newline = "\r\n" if "\r\n" in text else "\n"
    between = after.endswith(newline * 2) and not text.endswith(newline * 2)  # it stood before what was taken out
    return after.removesuffix(newline) if between else after


def _changed(
    text: str, change: Callable[[MutableMapping[str, Any], Callable[[object], Any]], None], *, inline: bool = False
) -> str:
    """Make a change to the data and to the text, and see that both came to the same."""
    import tomlkit  # noqa: PLC0415  # 50 ms, needed by two commands
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415  # as above

    wanted = parse(text)
    change(wanted, lambda value: {} if value is None else value)
    plain = text.removeprefix(_BOM)
    try:
        document = tomlkit.parse(plain)
        change(document, lambda value: _item(value, inline=inline))
        found = _with_line_ends(_dumped(document), plain)
    except (TOMLKitError, ValueError, TypeError, AttributeError, RecursionError):
        raise _unfaithful() from None
    if _filled(parse(found)) != _filled(wanted):
        raise _unfaithful()
    return (_BOM if text.startswith(_BOM) else "") + found


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    """The data without empty tables at its top: one whose last table goes has no header that could stay."""
    return {key: value for key, value in data.items() if value != {}}


def _dumped(document: TOMLDocument) -> str:
    import tomlkit  # noqa: PLC0415  # as above

    return tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType]  # its mapping is of unknown values


def _item(value: object, *, inline: bool) -> Any:
    import tomlkit  # noqa: PLC0415  # as above

    if value is None:
        # Without a header of its own: people write only the inner one, such as [accounts.work].
        return tomlkit.table(is_super_table=True)
    if not isinstance(value, Mapping):
        return tomlkit.item(value)
    table = tomlkit.table()
    for key, part in value.items():  # pyright: ignore[reportUnknownVariableType]  # a mapping of unknown values
        table.add(str(key), _item(part, inline=True))  # pyright: ignore[reportUnknownArgumentType]  # as above
    if not inline:
        return table
    return tomlkit.value(f"{{ {', '.join(table.as_string().splitlines())} }}")  # with room inside, as people write it


def _table(found: object) -> MutableMapping[str, Any]:
    if not isinstance(found, MutableMapping):
        raise InvalidArgument("A key that should be a table is something else.")
    return found  # pyright: ignore[reportUnknownVariableType]  # a mapping of unknown values


def _with_line_ends(text: str, like: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in like else text


def _unfaithful() -> InvalidArgument:
    return InvalidArgument("This file cannot be changed without losing something.", hint="Change it by hand.")
