"""The commands ``install`` and ``uninstall``: our entry in a client's list of servers, and nothing else of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from dragoman.core.errors import Conflict, DragomanError, InvalidArgument, NotFound
from dragoman.core.paths import expanded
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman_server.setup.client.clients import CLIENTS, SHARED, Client
from dragoman_server.setup.client.launch import Launch
from dragoman_server.setup.files import jsonc, toml_edit
from dragoman_server.setup.files.jsonc_parser import BOM, Json
from dragoman_server.setup.files.safe_rewrite import PRIVATE, Change, follow, read, text_of

NAME: Final = "dragoman"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OURS: Final = "DRAGOMAN_DATA"


@dataclass(frozen=True, slots=True)
class EntryLocation:
    """Where an entry stands.

    Attributes:
        path: The client's file, which may be a link to the real one.
        name: What the client calls the server.
        mode: Permissions of the file if it is new.
    """

    client: Client
    path: Path
    name: str
    mode: int = PRIVATE

    @property
    def keys(self) -> tuple[str, str]:
        """The entry's path of keys in the file."""
        return self.client.key, self.name


def locate(client: str, *, name: str = NAME, file: Path | None = None, project: bool = False) -> EntryLocation:
    """Where the entry of a client belongs.

    Args:
        client: One of :data:`~dragoman_server.setup.client.clients.CLIENTS`.
        name: What the client shall call the server.
        file: Another file than the usual one.
        project: The list of the project in the working folder instead of the user's.

    Raises:
        InvalidArgument: The client has no list in projects, or the name is none that every client takes.
    """
    known = CLIENTS[client]
    if not _NAME.fullmatch(name):
        raise InvalidArgument("A server's name has letters, digits, hyphens and underscores, at most 64.")
    if file is not None:
        return EntryLocation(known, expanded(file).absolute(), name)
    if not project:
        return EntryLocation(known, known.file(), name)
    if known.project is None:
        raise InvalidArgument(
            sentence("{} has no settings in projects.", unquoted(known.title)), hint="Leave out --project."
        )
    return EntryLocation(known, Path.cwd() / known.project, name, SHARED)


def locate_all(*, name: str = NAME, project: bool = False) -> list[EntryLocation]:
    """Where the entries belong of every client that is found on this machine, and that has such a list.

    Raises:
        NotFound: There is none.
    """
    found = [key for key, client in CLIENTS.items() if client.is_installed and (client.project or not project)]
    if not found:
        raise NotFound("No client is found on this machine.", hint=sentence("Name one: {}.", join(CLIENTS)))
    return [locate(key, name=name, project=project) for key in found]


def has_entry(where: EntryLocation) -> bool:
    """Whether the client starts this server already; an unreadable file counts as no."""
    try:
        _, _, text = _read(where)
        return _entry(where, text) is not None
    except DragomanError:
        return False


def entry(client: Client, launch: Launch) -> dict[str, Json]:
    """What stands under the server's name."""
    env: dict[str, Json] = {"env": dict[str, Json](launch.env)} if launch.env else {}
    return {**client.extra, "command": launch.command, "args": list(launch.args), **env}


def snippet(where: EntryLocation, launch: Launch) -> str:
    """The entry as it would stand in a file that holds nothing else."""
    return _insert(where, "", entry(where.client, launch)).rstrip()


def add_entry(where: EntryLocation, launch: Launch) -> Change:
    """The file with our entry, whatever else is in it and in the entry, as the client itself can read it.

    Raises:
        Conflict: The name belongs to another server.
        InvalidArgument: The file cannot be understood, or the client could not read it.
    """
    path, before, text = _read(where)
    try:
        if where.client.form == "json":
            # Adding to a file that the client cannot read would look like a fault of ours.
            _require_readable(where.client, text)
        # Some clients refuse a file with a byte order mark, so it goes with the first change.
        text = text if where.client.mark else text.removeprefix(BOM)
        old = _entry(where, text)
        new = _merge(old, entry(where.client, launch))
        after = text if old == new else _put(where, text, new)
    except InvalidArgument as error:
        raise _name_file(where, error, snippet(where, launch)) from None
    return Change(path, before, after.encode(), where.mode)


def remove_entry(where: EntryLocation) -> Change | None:
    """The file without our entry; ``None`` when there is none.

    Raises:
        Conflict: The name belongs to another server.
        InvalidArgument: The file cannot be understood.
    """
    path, before, text = _read(where)
    try:
        if before is None or _entry(where, text) is None:
            return None
        after = (
            jsonc.remove_key(text, where.keys)
            if where.client.form == "json"
            else toml_edit.remove_key(text, where.keys)
        )
        _prove(where, text, after, None)
    except InvalidArgument as error:
        raise _name_file(where, error) from None
    return Change(path, before, after.encode(), where.mode)


def _read(where: EntryLocation) -> tuple[Path, bytes | None, str]:
    """The real file, its bytes, and its text."""
    path = follow(where.path)
    before = read(path)
    return path, before, text_of(path, before)


def _require_readable(client: Client, text: str) -> None:
    """Refuse what the client would refuse: it would start none of its servers any more."""
    found = jsonc.extensions(text)
    if found.comment is not None and not client.comments:
        raise InvalidArgument(
            sentence(
                "{} cannot read comments, and line {} has one: it starts no server from such a file.",
                unquoted(client.title),
                found.comment,
            ),
            hint="Take the comments out, then try again.",
        )
    if found.trailing_comma is not None and not client.trailing_commas:
        raise InvalidArgument(
            sentence(
                "{} cannot read the comma before the bracket in line {}: it starts no server from such a file.",
                unquoted(client.title),
                found.trailing_comma,
            ),
            hint="Take the comma out, then try again.",
        )


def _data(where: EntryLocation, text: str) -> Json:
    if where.client.form == "toml":
        return cast("Json", toml_edit.parse(text))
    return jsonc.parse(text) if text.removeprefix("\ufeff").strip() else {}


def _entry(where: EntryLocation, text: str) -> dict[str, Json] | None:
    """The entry that is there, which has to be ours."""
    found = jsonc.get(_data(where, text), where.keys)
    if found is None:
        return None
    # The name may have been given to a server of somebody else, which must not be replaced.
    words = [found.get("command"), found.get("args")] if isinstance(found, dict) else []
    if not isinstance(found, dict) or NAME not in str(words):
        raise Conflict(
            sentence("{}: The name {} belongs to another server. Nothing was changed.", where.path, where.name),
            hint="Choose another name with --name.",
        )
    return found


def _merge(old: dict[str, Json] | None, new: dict[str, Json]) -> dict[str, Json]:
    """Our entry with what its owner added to it."""
    if old is None:
        return new
    env, ours = old.get("env"), new.get("env")
    both: dict[str, Json] = {}
    if isinstance(env, dict):
        # Our own variable comes from the new entry alone: an old folder of data must not stay.
        both |= {key: value for key, value in env.items() if key != _OURS}
    if isinstance(ours, dict):
        both |= ours
    merged = {key: value for key, value in {**old, **new}.items() if key != "env"}
    if both:
        merged["env"] = both
    return merged


def _put(where: EntryLocation, text: str, value: dict[str, Json]) -> str:
    after = _insert(where, text, value)
    _prove(where, text, after, value)
    return after


def _insert(where: EntryLocation, text: str, value: dict[str, Json]) -> str:
    if where.client.form == "toml":
        return toml_edit.set_key(text, where.keys, value)
    return jsonc.set_key(text, where.keys, value)


def _prove(where: EntryLocation, before: str, after: str, value: dict[str, Json] | None) -> None:
    """See that only our entry became another."""
    expected, found = _data(where, before), _data(where, after)
    if isinstance(expected, dict):
        servers = expected.setdefault(where.client.key, {})
        if servers is None:
            # The edit makes a table of `null`.
            servers = expected[where.client.key] = {}
        if isinstance(servers, dict):
            servers.pop(where.name, None)
            servers |= {} if value is None else {where.name: value}
        if not servers and isinstance(found, dict):
            # A table of TOML whose last entry goes leaves no header.
            found.setdefault(where.client.key, {})
    if found != expected:
        raise InvalidArgument("This file cannot be changed without losing something.", hint="Change it by hand.")


def _name_file(where: EntryLocation, error: DragomanError, wanted: str = "") -> InvalidArgument:
    """The mistake with its file and, where something was to be put in, what that was."""
    hint = sentence("{} Nothing was changed.", error.hint or safe("Mend the file, then try again."))
    more = f"\nOr add this by hand:\n{wanted}" if wanted else ""  # lines of JSON of our own making
    return InvalidArgument(sentence("{}: {}", where.path, error.message), hint=SafeText(hint + more))
