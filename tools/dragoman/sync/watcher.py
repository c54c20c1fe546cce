"""Tells when the last messages of a conversation have changed in the store, whichever process has written them.

Nobody is asked but the store: what our own writes, imports, sync and reading bring is told. While nothing is watched
nothing happens. Whoever watches shares the work with all others who watch the same conversation.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeAlias

import anyio

from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError, RateLimited
from dragoman.core.model import Message
from dragoman.core.queries import MessageQuery
from dragoman.core.references import Reference

MOST_WATCHED: Final = 200
"""Conversations that one server watches."""

EVERY: Final = 1.0
"""Seconds between two looks at the store."""

_LAST: Final = MessageQuery(limit=50)
_log = logging.getLogger(__name__)

Changed: TypeAlias = Callable[[], Awaitable[None]]
"""Is called after each change; must not fail."""


@dataclass(slots=True)
class _Watched:
    """A conversation as one person has it.

    Attributes:
        version: The store when it was looked at last.
        state: What it was then; ``None`` before the first look.
        callbacks: Who watches.
    """

    workspace: Workspace
    reference: Reference
    version: Hashable | None = None
    state: bytes | None = None
    callbacks: dict[object, Changed] = field(default_factory=dict[object, Changed])


class ConversationWatcher:
    """Watches conversations while :meth:`run` runs."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: dict[tuple[str, str, str], _Watched] = {}
        self._begun = anyio.Event()

    async def watch(
        self, workspace: Workspace, owner: str, reference: Reference, changed: Changed
    ) -> Callable[[], None]:
        """Watch a conversation from now on.

        Args:
            workspace: The accounts as the watcher has them.
            owner: Who watches: what one person is shown is not looked at for another.
            reference: Of the conversation.
            changed: Is called after each change.

        Returns:
            Ends it; may be called twice.

        Raises:
            NotFound: There is no such account.
            RateLimited: Too many conversations are watched.
        """
        workspace.account(reference.account)
        key = (owner, reference.account, reference.conversation)
        watched = self._watched.get(key)
        is_new = watched is None
        if watched is None:
            if len(self._watched) >= MOST_WATCHED:
                raise RateLimited("Too many conversations are watched.", hint="Unsubscribe from some.")
            watched = self._watched[key] = _Watched(workspace, reference)
        token = object()
        # Before the first look, which waits: another one who ends meanwhile must not take the entry away.
        watched.callbacks[token] = changed

        def end() -> None:
            watched.callbacks.pop(token, None)
            # Ended twice, the entry of that name may be a later one.
            if not watched.callbacks and self._watched.get(key) is watched:
                del self._watched[key]

        if is_new:
            await self._look_first(watched, end)
        self._begun.set()
        return end

    async def _look_first(self, watched: _Watched, end: Callable[[], None]) -> None:
        """Note what later looks are compared with: without it the first change would go unnoticed."""
        try:
            await self._look(watched)
        except BaseException:
            # Cancelled, nobody gets what ends it, and it would take one of the places for ever.
            end()
            raise

    async def run(self) -> None:
        """Look at what is watched, until cancelled."""
        while True:
            await self._begun.wait()
            # A copy, because watching begins and ends while the store is read.
            for watched in list(self._watched.values()):
                if await self._look(watched):
                    for changed in list(watched.callbacks.values()):
                        await changed()
            if not self._watched:
                self._begun = anyio.Event()
            await anyio.sleep(EVERY)

    async def _look(self, watched: _Watched) -> bool:
        """Look at a conversation; whether it has changed."""
        try:
            version = await _version(watched)
            if version is not None and version == watched.version:
                return False
            state, before = _state_of(await _last_messages(watched)), watched.state
        except DragomanError as error:
            _log.debug("A watched conversation cannot be read: %s", error)
            return False
        watched.version, watched.state = version, state
        return before is not None and before != state


async def _version(watched: _Watched) -> Hashable | None:
    """A number that changes with the store; ``None`` where the account keeps its messages elsewhere."""
    settings = watched.workspace.account(watched.reference.account).settings
    store = await watched.workspace.store()
    return None if getattr(settings, "path", None) is not None else store.version()


async def _last_messages(watched: _Watched) -> list[Message]:
    account, conversation = watched.workspace.account(watched.reference.account), watched.reference.conversation
    if account.provider_class.external:
        page = await (await watched.workspace.store()).messages.page(account.name, conversation, _LAST)
    else:
        page = await (await account.provider()).list_messages(conversation, _LAST)
    return list(page.items)


def _state_of(messages: list[Message]) -> bytes:
    return blake2b(repr(messages).encode("utf-8", "surrogatepass"), digest_size=16).digest()
