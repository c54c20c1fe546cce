"""The command ``import``: a file into an account, in batches, as often as anybody likes."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import anyio
import anyio.to_thread
import click

from dragoman.accounts.workspace import Account
from dragoman.archives import chat_export
from dragoman.archives.json_lines import Reader
from dragoman.core.errors import InvalidArgument, UnsupportedOperation
from dragoman.core.model import Conversation, Message
from dragoman.core.references import Reference
from dragoman.providers.base.provider import Capability
from dragoman.toolset import ToolServices, policy
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

BATCH: Final = 2000
"""Messages that are held in memory, and stored in one go."""

_LONGEST_LINE: Final = 64 << 20
_LARGEST_CHAT: Final = 512 << 20
_BOM: Final = b"\xef\xbb\xbf"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages of one conversation. ``position``: bytes of the file read so far."""

    conversation: Conversation
    messages: list[Message]
    position: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is not blank. ``position``: where it ends in the file, in bytes."""

    number: int
    position: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did: messages in the file, how many of them were new, in how many conversations."""

    messages: int
    new: int
    conversations: int
    account: str

    def __str__(self) -> str:
        """A sentence."""
        where = f"in {self.conversations:,} conversation{'s' * (self.conversations != 1)} of {self.account}"
        return f"{self.messages:,} message{'s' * (self.messages != 1)} read, {self.new:,} new, {where}."


def import_file(config: Config, path: Path, account: str | None) -> str:
    """Import a file with progress on stderr.

    Raises:
        DragomanError: The file cannot be read or is wrong, or the account takes no imports.
    """
    size = _size(path)
    with click.progressbar(length=size, label="Importing", file=sys.stderr) as bar:

        def progress(position: int) -> None:
            bar.update(max(0, min(position, size) - bar.pos))

        async def main() -> Outcome:
            async with tool_context.at(config) as shared:
                return await load(shared, path, account, progress)

        return str(anyio.run(main))


async def load(
    shared: ToolServices, path: Path, account: str | None = None, progress: Progress | None = None
) -> Outcome:
    """Import a file; what was imported before a mistake in it stays.

    Args:
        shared: Where the accounts are.
        path: The file.
        account: Name of the account; ``None`` takes ``local``, or the only one that can.
        progress: Is told the bytes of the file that are done.

    Raises:
        DragomanError: The file cannot be read or is wrong, or the account takes no imports.
    """
    target = _target(shared, account)
    provider = await target.provider()
    with _opened(path) as file:
        batches = read(file, shared.zone)
        messages = new = 0
        places: set[str] = set()
        while (batch := await anyio.to_thread.run_sync(_next, batches, path, messages)) is not None:
            policy.require_permission(target.settings, Reference(target.name, batch.conversation.id))
            new += await provider.import_conversation(batch.conversation, batch.messages)
            messages += len(batch.messages)
            places.add(batch.conversation.id)
            if progress is not None:
                progress(batch.position)
    return Outcome(messages, new, len(places), target.name)


def read(file: BinaryIO, zone: tzinfo) -> Iterator[Batch]:
    """The messages of a file of either form, in batches; memory does not grow with JSON Lines.

    Raises:
        InvalidArgument: The file has neither form, or a line is wrong.
    """
    rows = _rows(file)
    first = next(rows, Row(0, 0, b""))
    yield from _lines(chain([first], rows), zone) if _is_message(first.content) else _chat(first.content, file)


def _next(batches: Iterator[Batch], path: Path, stored: int) -> Batch | None:
    try:
        return next(batches, None)
    except OSError as error:
        raise _after(stored, _unreadable(path, error)) from None
    except InvalidArgument as error:
        raise _after(stored, error) from None


def _after(stored: int, error: InvalidArgument) -> InvalidArgument:
    """The mistake, and what stays of the messages before it."""
    if not stored:
        return error
    kept = f"{stored:,} messages before it are" if stored > 1 else "1 message before it is"
    said = f"{kept} stored; importing again doubles nothing."
    return InvalidArgument(error.message, hint=f"{error.hint} {said}".strip())


def _rows(file: BinaryIO) -> Iterator[Row]:
    """The lines that are not blank; nothing is read twice, so that a pipe will do."""
    position = 0
    for number, content in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        position += len(content)
        if content.removeprefix(_BOM).strip():
            yield Row(number, position, content.removeprefix(_BOM))


def _chat(beginning: bytes, file: BinaryIO) -> Iterator[Batch]:
    content = beginning + file.read(_LARGEST_CHAT + 1)
    if len(content) > _LARGEST_CHAT:
        raise InvalidArgument("The chat export is larger than 512 MiB.", hint="Convert it to JSON Lines.")
    for conversation, messages in chat_export.conversations(chat_export.read(content)):
        for start in range(0, max(len(messages), 1), BATCH):
            yield Batch(conversation, messages[start : start + BATCH], len(content))


def _lines(rows: Iterable[Row], zone: tzinfo) -> Iterator[Batch]:
    reader = Reader(zone)
    waiting: dict[str, list[Message]] = {}
    held = position = 0
    try:
        for row in rows:
            message = _message(reader, row)
            position = row.position
            waiting.setdefault(message.conversation, []).append(message)
            held += 1
            if held >= BATCH:
                yield from _batches(waiting, position)
                waiting, held = {}, 0
    except (InvalidArgument, OSError):
        yield from _batches(waiting, position)  # what was right before the mistake is kept
        raise
    yield from _batches(waiting, position)


def _batches(waiting: dict[str, list[Message]], position: int) -> Iterator[Batch]:
    for identifier, messages in waiting.items():
        yield Batch(Conversation(id=identifier), messages, position)


def _message(reader: Reader, row: Row) -> Message:
    try:
        return reader.message(row.content.decode())
    except UnicodeDecodeError:
        raise InvalidArgument(f"Line {row.number} is not UTF-8 text.") from None
    except InvalidArgument as error:
        raise InvalidArgument(f"Line {row.number}: {error.message}", hint=error.hint) from None


def _is_message(line: bytes) -> bool:
    try:
        found: object = json.loads(line.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "conversations" not in found


def _target(shared: ToolServices, name: str | None) -> Account:
    able = [
        it for it in shared.workspace.accounts_for(Capability.IMPORT_MESSAGE, name) if not it.provider_class.external
    ]
    if not able:
        raise UnsupportedOperation(
            "A file is imported into an account on this machine only.",
            hint="The tool import_message stores a message in a service, and asks as the settings say.",
            account=name or "",
        )
    usual = [account for account in able if account.name == "local"]
    if len(able) > 1 and not usual:
        names = ", ".join(account.name for account in able)
        raise InvalidArgument("Several accounts take imports.", hint=f"Say --account with one of {names}.")
    return (usual or able)[0]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InvalidArgument:
    return InvalidArgument(f"{path}: The file cannot be read ({error.strerror or type(error).__name__}).")


def _size(path: Path) -> int:
    """Bytes of the file; 0 for a pipe, which nothing may open before it is read."""
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
