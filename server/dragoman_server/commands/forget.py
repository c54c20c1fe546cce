"""The command ``forget``: deletes what the store remembers of an account or of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from dragoman.core import paths
from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Conversation
from dragoman.core.names import display_title, title_key
from dragoman.core.references import parse
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.store import Store, open_store
from dragoman.store.retention import Amount
from dragoman_server.commands.store_files import size_text
from dragoman_server.config.load import Config

_LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be forgotten.

    Attributes:
        account: Its name.
        own: Where a local account holds its messages; ``None`` for a service.
        conversation: Id of the only conversation.
        title: What that is called.
    """

    account: str
    own: Path | None = None
    is_local: bool = False
    conversation: str | None = None
    title: str = ""

    def __str__(self) -> str:
        return self.account if self.conversation is None else f"{self.title or self.conversation} ({self.account})"


def forget(config: Config, account: str, conversation: str | None, agree: Callable[[SafeText], bool]) -> str:
    """Forget an account, or one of its conversations.

    Args:
        config: The settings. An account that they name no more can be forgotten, too.
        account: Its name.
        conversation: Id, reference or title of a conversation.
        agree: Is told what would be deleted, and whether that shall be.

    Returns:
        What was deleted.

    Raises:
        DragomanError: There is no such account or conversation, or the store cannot be written.
    """
    target, amount = anyio.run(_look, config, account, conversation)
    if amount == Amount(0, 0):
        return sentence("Nothing is remembered of {}.", str(target))
    if not agree(_question(target, amount)):
        return safe("Nothing was forgotten.")
    before = _size(config, target)
    gone = anyio.run(_forget, config, target)
    smaller = before - _size(config, target)
    forgotten = sentence("Forgot {} of {}.", _counted(gone), str(target))
    if smaller <= 0:
        return forgotten
    return sentence("{} {} of the disk are free again.", forgotten, size_text(smaller))


def _question(target: _Target, amount: Amount) -> SafeText:
    question = sentence("{} of {} will be deleted from the store.", _counted(amount), str(target))
    return sentence("{} There is no other copy of them.", question) if target.is_local else question


def _counted(amount: Amount) -> SafeText:
    messages = sentence("{:,} message{}", amount.messages, safe("" if amount.messages == 1 else "s"))
    return sentence(
        "{} in {:,} conversation{}", messages, amount.conversations, safe("" if amount.conversations == 1 else "s")
    )


async def _look(config: Config, account: str, conversation: str | None) -> tuple[_Target, Amount]:
    target = _account(config, account)
    async with open_store(config.store) as store:
        known = await store.retention.accounts()
        # The settings may have lost an account whose messages are still there.
        if account not in config.accounts and account not in known:
            every = dict.fromkeys((*config.accounts, *known))
            raise NotFound(
                sentence("There is no account {!r}, and nothing is remembered of one.", account),
                hint=sentence("Accounts: {}.", join(every)),
            )
        async with open_store(target.own or config.store) as own:
            if conversation is not None:
                target = await _with_conversation(target, store, own, conversation)
            amount = await store.retention.amount(account, target.conversation)
            if target.is_local:
                # A local account's messages stand in tables of their own, not among what was remembered of services.
                amount = await own.retention.own_amount(target.conversation)
    return target, amount


async def _forget(config: Config, target: _Target) -> Amount:
    async with open_store(config.store) as store:
        gone = await store.retention.forget(target.account, target.conversation)
        if target.is_local:
            async with open_store(target.own or config.store) as own:
                gone = await own.retention.forget_own(target.conversation)
                # The store itself is rewritten below in any case.
                if target.own is not None:
                    await own.retention.scrub()
        await store.retention.scrub()
    return gone


def _account(config: Config, account: str) -> _Target:
    settings = config.accounts.get(account)
    if settings is None or settings.provider != _LOCAL:
        return _Target(account)
    path: object = getattr(settings, "path", None)
    return _Target(account, own=paths.expanded(path) if isinstance(path, Path) else None, is_local=True)


async def _with_conversation(target: _Target, store: Store, own: Store, said: str) -> _Target:
    """The target with the conversation that was named by id, reference or title."""
    reference = parse(said.strip())
    if reference is not None and reference.account == target.account:
        if reference.message is not None:
            raise InvalidArgument("This is the reference of a message.", hint="Name its conversation.")
        said = reference.conversation
    retention = own.retention.own_amount if target.is_local else None
    amount = await (retention(said) if retention else store.retention.amount(target.account, said))
    if amount != Amount(0, 0):
        return _Target(target.account, target.own, target.is_local, said)
    known = await own.retention.own_conversations() if target.is_local else await _remembered(store, target.account)
    found = [one for one in known if title_key(display_title(one)) == title_key(said)]
    if len(found) == 1:
        return _Target(target.account, target.own, target.is_local, found[0].id, display_title(found[0]))
    if found:
        hint = sentence("Name one: {}.", join(one.id for one in found))
        raise InvalidArgument(sentence("{} conversations have this title.", len(found)), hint=hint)
    raise NotFound(
        sentence("Nothing is remembered of a conversation {!r}.", said),
        hint="list_conversations shows references and titles.",
    )


async def _remembered(store: Store, account: str) -> Sequence[Conversation]:
    return await store.messages.conversations(account)


def _size(config: Config, target: _Target) -> int:
    """Bytes of the files that are rewritten."""
    files = [path for path in (config.store_file, target.own) if path is not None]
    # Until a checkpoint, part of the content is in the write-ahead log.
    parts = [Path(f"{path}{end}") for path in files for end in ("", "-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())
