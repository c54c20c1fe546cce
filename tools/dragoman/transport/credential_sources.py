"""Looking a credential up: in the environment, a file, a program's output, the system's keyring.

Everything is bounded in time and size, happens off the event loop, and fails with a sentence that names
the place and never what was found there.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from dragoman.core.errors import DragomanError, Unauthenticated
from dragoman.core.safe_text import Sentence, safe, sentence, unquoted

_PATIENCE: Final = 60.0  # seconds; a password manager may ask its owner
_LARGEST: Final = 65_536  # bytes
_SERVICE: Final = "dragoman"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a credential; ``kind`` is plain, env, file, command or keyring."""

    kind: str
    parts: tuple[str, ...] = field(repr=False)

    @property
    def label(self) -> str:
        """Words that name the place for people, without the credential."""
        if self.kind == "plain":
            return "the settings"
        noun = {"env": "environment variable", "file": "file", "command": "command", "keyring": "keyring entry"}
        return f"the {noun[self.kind]} {self.parts[0]!r}"


async def read(source: Source) -> str:
    """Read a credential from a source other than the settings, as it stands there.

    Raises:
        Unauthenticated: Nothing can be read there.
    """
    if source.kind == "env":
        return _environment(source)
    try:
        with anyio.fail_after(_PATIENCE):
            if source.kind == "command":
                return await _output(source)
            reading = _file if source.kind == "file" else _keyring
            return await anyio.to_thread.run_sync(reading, source, abandon_on_cancel=True)
    except TimeoutError:
        raise _missing(source, sentence("did not answer within {:.0f} seconds", _PATIENCE)) from None


def _environment(source: Source) -> str:
    value = os.environ.get(source.parts[0])
    if value is None:
        raise _missing(source, "is not set", hint="Set it for the program that starts dragoman.")
    return value


def _file(source: Source) -> str:
    try:
        with Path(source.parts[0]).expanduser().open("rb") as file:
            return _text(file.read(_LARGEST + 1), source)
    except OSError as error:
        raise _missing(source, sentence("cannot be read ({})", unquoted(error.strerror or ""))) from None
    except RuntimeError:  # no home folder
        raise _missing(source, "cannot be found") from None


async def _output(source: Source) -> str:
    try:
        # Standard input may be the protocol's channel; error output may hold what nobody should see.
        process = await anyio.open_process(
            source.parts, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise _missing(source, sentence("cannot be started ({})", unquoted(error.strerror or ""))) from None
    async with process:
        found = bytearray()
        if process.stdout is not None:
            async for chunk in process.stdout:
                found += chunk
                if len(found) > _LARGEST:
                    process.kill()
                    break
        status = await process.wait()
    text = _text(bytes(found), source)
    if status != 0:
        raise _missing(source, sentence("failed with exit status {}", status), hint="Try it in a terminal.")
    return text


def _keyring(source: Source) -> str:
    import keyring  # noqa: PLC0415 - slow to import, and needed by few
    import keyring.errors  # noqa: PLC0415

    try:
        value = keyring.get_password(_SERVICE, source.parts[0])
    except keyring.errors.KeyringError as error:
        raise _missing(source, sentence("cannot be read ({})", type(error).__name__)) from None
    if value is None:
        raise _missing(
            source, "does not exist", hint=sentence("Store it with: keyring set {} {}", _SERVICE, source.parts[0])
        )
    return value


def _text(content: bytes, source: Source) -> str:
    if len(content) > _LARGEST:
        raise _missing(source, sentence("gives more than {:,} bytes", _LARGEST))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _missing(source, "gives something that is no text") from None


def _missing(source: Source, reason: Sentence, hint: Sentence = "") -> DragomanError:
    label = unquoted(source.label[0].upper() + source.label[1:], 200)
    return Unauthenticated(
        sentence("{} {}.", label, safe(reason)), hint=hint or "Correct it in the settings or put the credential there."
    )
