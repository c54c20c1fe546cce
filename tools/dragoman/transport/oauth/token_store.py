"""The tokens of one account, where every process of this machine finds them, and the lock for renewing them.

They are in the system's keyring, or where there is none in a file that only its owner reads. Both may hold tokens,
when a keyring came or went in the meantime: the later ones count.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from pydantic import TypeAdapter, ValidationError

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.transport import credential_store
from dragoman.transport.credentials import register_for_redaction

T = TypeVar("T")

_STORE_SECONDS: Final = 30.0  # a desktop may ask its owner to unlock the keyring
_LOCK_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTokens:
    """The tokens of an account.

    Attributes:
        refresh_token: The newest one.
        access_token: The newest one; empty where none is known.
        renew_at: Unix seconds from which on the access token is replaced.
        scope: What it allows, as the server said; may be empty.
        seed: The digest of the refresh token in the settings when this was stored; empty without one.
        saved_at: Unix seconds.
    """

    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    renew_at: float = 0.0
    scope: str = ""
    seed: str = ""
    saved_at: float = 0.0


class TokenStore:
    """The stored tokens of one name.

    Args:
        name: As :attr:`dragoman.transport.oauth.client.OAuthClient.entry` gives it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    async def load(self) -> StoredTokens | None:
        """The tokens that were stored last; ``None`` where there are none."""
        found = [_parsed(text) for text in await _in_thread(self._read) if text]
        # A keyring that was locked once leaves the newer tokens in the file.
        return max((tokens for tokens in found if tokens), key=lambda it: it.saved_at, default=None)

    async def save(self, tokens: StoredTokens) -> str:
        """Store tokens durably.

        Returns:
            Words for where they are.

        Raises:
            Unavailable: Neither the keyring nor a file takes them.
        """
        return await _in_thread(lambda: self._write(tokens))

    @asynccontextmanager
    async def renewing(self) -> AsyncGenerator[None]:
        """Keep every other process from renewing the same tokens meanwhile, where files can be locked.

        Raises:
            Unavailable: Another process does not finish.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415  # only where tokens are renewed

        try:
            path = credential_store.secret_file(f"{self._name}.lock")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, DragomanError):  # nothing can be stored here, so nothing is shared
            yield
            return
        # Many servers end a refresh token with its first use: two renewals at once would sign the user out.
        lock = FileLock(path, blocking=False, thread_local=False)
        with anyio.move_on_after(_LOCK_SECONDS) as waiting:
            while not lock.is_locked:
                try:
                    lock.acquire()
                except Timeout:
                    await anyio.sleep(_POLL_SECONDS)
                except OSError:
                    break
        if waiting.cancelled_caught:
            raise Unavailable("Another program is still renewing the sign-in of this account.", hint="Try again.")
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> list[str | None]:
        found = [credential_store.read_from_keyring(self._name)]
        try:
            found.append(credential_store.read_from_file(credential_store.secret_file(self._name)))
        except DragomanError:  # no home folder
            return found
        return found

    def _write(self, tokens: StoredTokens) -> str:
        # Some keyrings take only short entries; an access token can be fetched again.
        for kept in (tokens, replace(tokens, access_token="", renew_at=0.0)):
            if credential_store.write_to_keyring(self._name, _text(kept)):
                return "the system's keyring"
        path = credential_store.secret_file(self._name)
        try:
            credential_store.write_to_file(path, _text(tokens))
        except OSError as error:
            _log.debug("Tokens cannot be stored (%s).", type(error).__name__)
            raise Unavailable(
                "The sign-in cannot be stored: there is no keyring, and no file can be written.",
                hint="Allow writing to the folder of the settings.",
            ) from None
        return f"the file {path}, which only you can read"


async def _in_thread(work: Callable[[], T]) -> T:
    """Use the keyring or a file, which may block.

    Raises:
        Unavailable: It takes too long.
    """
    try:
        with anyio.fail_after(_STORE_SECONDS):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except TimeoutError:
        raise Unavailable("The system's keyring does not answer.", hint="Unlock it, then try again.") from None


def _text(tokens: StoredTokens) -> str:
    return json.dumps(asdict(tokens), separators=(",", ":"))


def _parsed(text: str) -> StoredTokens | None:
    try:
        tokens = _TOKENS.validate_json(text)
    except ValidationError:
        return None
    register_for_redaction(tokens.refresh_token)
    register_for_redaction(tokens.access_token)
    return tokens


_TOKENS: Final = TypeAdapter(StoredTokens)
