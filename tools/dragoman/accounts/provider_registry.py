"""From the name of a provider to its class.

The built-in ones are imported when first asked for. Any installed package adds a provider with the
same rights by an entry point in the group ``dragoman.providers``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import join, sentence
from dragoman.core.sanitize import clean_line
from dragoman.providers.base.provider import Provider

if TYPE_CHECKING:
    from dragoman.providers.replay import Replay

GROUP: Final = "dragoman.providers"
BUILT_IN: Final = {
    "local": "dragoman.providers.local:LocalProvider",
    "convore": "dragoman.providers.convore:ConvoreProvider",
    "glean": "dragoman.providers.glean:GleanProvider",
    "yandex": "dragoman.providers.yandex:YandexProvider",
    "datagrid": "dragoman.providers.datagrid:DatagridProvider",
    "mail": "dragoman.providers.mail:MailProvider",
    "slack": "dragoman.providers.slack:SlackProvider",
}


_LONGEST: Final = 100


def provider_names() -> list[str]:
    """The names that settings may use, built-in ones first."""
    # An entry point cannot replace a built-in provider, here as in provider_class.
    outside = sorted({point.name for point in entry_points(group=GROUP)} - BUILT_IN.keys())
    return [*BUILT_IN, *outside]


def provider_class(name: str) -> type[Provider]:
    """Import a provider.

    Raises:
        InvalidArgument: There is none of that name, or the package that has it is broken.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        try:
            found: object = getattr(import_module(module), attribute)
        except ImportError as error:
            raise _not_imported(name, "dragoman", error) from error
    else:
        found = _outside(name)
    # An entry point may name anything that can be imported.
    if not (isinstance(found, type) and issubclass(found, Provider)):
        raise InvalidArgument(sentence("The entry point of provider {!r} is not a Provider class.", name))
    return found


def replay_of(name: str) -> Replay:
    """The demonstration of a provider without its service; see :mod:`dragoman.providers.replay`.

    Raises:
        InvalidArgument: There is no such provider, or it offers nothing.
    """
    package = provider_class(name).__module__
    if _is_there(f"{package}.replay"):
        replay: Replay = import_module(f"{package}.replay").REPLAY
        return replay
    if not _has_replay(name):
        able = join(one for one in provider_names() if _has_replay(one))
        raise InvalidArgument(
            sentence("The provider {!r} has no replay to show.", name), hint=sentence("These have one: {}.", able)
        )
    from dragoman.providers.replay.recorded_service import recorded_replay  # noqa: PLC0415 - demonstrations are rare

    return recorded_replay(package)


def _has_replay(name: str) -> bool:
    package = provider_class(name).__module__
    spec = find_spec(package)
    folders = (spec and spec.submodule_search_locations) or ()
    return _is_there(f"{package}.replay") or any(Path(one, "recording.json").is_file() for one in folders)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the provider is a single file
        return False


def _outside(name: str) -> object:
    for point in entry_points(group=GROUP, name=name):
        try:
            return point.load()
        # Importing runs code of others, which may raise anything.
        except Exception as error:
            raise _not_imported(name, point.dist.name if point.dist else name, error) from error
    raise InvalidArgument(
        sentence("There is no provider {!r}.", name), hint=sentence("Known providers: {}.", join(provider_names()))
    )


def _not_imported(name: str, package: str, error: Exception) -> InvalidArgument:
    """Why a provider cannot be imported: the module that is missing, or what its own code raised."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        # The name comes out of code of others.
        missing = clean_line(error.name, _LONGEST)
        return InvalidArgument(
            sentence("The provider {!r} cannot be imported: the module {!r} is not installed.", name, missing),
            hint=sentence("Reinstall the package {!r}.", package),
        )
    return InvalidArgument(
        sentence("The provider {!r} cannot be imported ({}).", name, type(error).__name__),
        hint=sentence("Reinstall the package {!r}.", package),
    )
