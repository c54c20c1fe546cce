"""One write before it is made: everything that the pipeline has to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, LiteralString

from dragoman.accounts.account import Account
from dragoman.core.model import Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, safe
from dragoman.providers.base.provider import Capability, Provider
from dragoman.rendering import PreviewView
from dragoman.store import Intent
from dragoman.toolset import policy
from dragoman.toolset.definition.context import CallContext

VERBS: Final = {
    Capability.SEND_MESSAGE: "sent",
    Capability.UPDATE_MESSAGE: "updated",
    Capability.IMPORT_MESSAGE: "imported",
}
NOTHING: Final[Mapping[Capability, LiteralString]] = {
    Capability.SEND_MESSAGE: "Nothing was sent",
    Capability.UPDATE_MESSAGE: "Nothing was changed",
    Capability.IMPORT_MESSAGE: "Nothing was imported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """A write: its content, how to carry it out, and how to find out whether it happened.

    Attributes:
        target: The conversation.
        content: Everything that is written, by name.
        preview: What a user is shown who has to agree.
        texts: The written texts, which are searched for links and mentions.
        key: The idempotency key of the caller.
        once: Making it twice would leave two messages.
        act: Calls the provider, given the time of the first attempt.
        find: Looks the message up at the service, given the time of the first attempt and the ids of messages that
            came of other writes.
        differs: Describes how a stored message differs from what was to be written.
        names_all: Asks the provider whether ``write_to`` names everybody whom the message would reach.
    """

    call: CallContext
    account: Account
    target: Conversation
    operation: Capability
    content: dict[str, object]
    preview: PreviewView
    texts: tuple[str, ...]
    act: Callable[[Provider, datetime | None], Awaitable[Message]]
    find: Callable[[Provider, datetime, Collection[str]], Awaitable[Message | None]]
    differs: Callable[[Message], list[SafeText]]
    key: str | None = None
    once: bool = False
    names_all: Callable[[Provider], Awaitable[bool]] | None = None

    @property
    def where(self) -> Reference:
        """The address of the conversation."""
        return Reference(self.account.name, self.target.id)

    @property
    def write(self) -> policy.Write:
        """The content that a consent is bound to."""
        return policy.Write(self.where, self.operation.value, self.content, principal_name(self.call))

    @property
    def intent(self) -> Intent:
        """The entry for the outbox."""
        return Intent(
            account=self.account.name,
            operation=self.operation.value,
            conversation=self.target.id,
            digest=self.write.digest,
            key=self.key,
            who=self.call.caller.client,
            principal=principal_name(self.call),
            once=self.once,
        )

    @property
    def not_done_sentence(self) -> SafeText:
        """``Nothing was sent``, in the words of this kind of write."""
        return safe(NOTHING[self.operation])


def principal_name(call: CallContext) -> str:
    """The name of the authenticated principal, empty for the user of this machine."""
    principal = call.caller.principal
    return "" if principal is None else principal.name


def scoped_key(call: CallContext, key: str | None) -> str | None:
    """The idempotency key for the service, distinct for each principal: two of them may choose the same."""
    name = principal_name(call)
    if key is None or not name:
        return key
    # The service sees only a digest, which tells nothing of who uses this server.
    return sha256(f"{name}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()
