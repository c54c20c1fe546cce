"""The tools that write: send_message, update_message and import_message.

Every write takes the same way: the policy, the user's consent, the intent in the outbox, the
service, the outcome in the outbox and the audit log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Annotated, Final

import anyio

from dragoman import policy
from dragoman.errors import Conflict, DragomanError, InvalidArgument, OutcomeUnknown, PermissionDenied
from dragoman.model import Author, Conversation, Message
from dragoman.provider import Capability, Change, Draft, Provider
from dragoman.refs import Reference, parse
from dragoman.store import Entry, Intent, Store
from dragoman.text import WrittenView
from dragoman.toolset.call import Call, Found, Question
from dragoman.toolset.reading import CONVERSATION, MESSAGE
from dragoman.toolset.resolve import blaming, conversation_address, describe, find_conversation, find_message
from dragoman.toolset.times import parse_time
from dragoman.workspace import Account

CONFIRM: Final = "token from the preview"
_VERBS: Final = {
    Capability.SEND_MESSAGE: "sent",
    Capability.UPDATE_MESSAGE: "updated",
    Capability.IMPORT_MESSAGE: "imported",
}


async def send_message(
    call: Call,
    *,
    conversation: Annotated[str, CONVERSATION],
    text: Annotated[str, "plain text or Markdown"],
    reply_to: Annotated[str | None, "message to answer"] = None,
    subject: Annotated[str | None, "for mail"] = None,
    idempotency_key: Annotated[str | None, "repeat it to retry without sending twice"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> Found:
    """Send a message."""
    target = await find_conversation(call.workspace, conversation, fresh=True)
    account = _writable(call, target.account, Capability.SEND_MESSAGE)
    _check_text(account, text)
    answered = await _answered(call, target, reply_to)
    draft = Draft(text=text, reply_to=answered, subject=subject or None, idempotency_key=idempotency_key)
    content: dict[str, object] = {"text": text, "reply_to": answered, "subject": subject}
    preview = _preview(call, target, text=text, reply_to=answered, subject=subject)
    write = _Writing(call, account, target, Capability.SEND_MESSAGE, content, preview)
    return await write.perform(lambda provider: provider.send_message(target.id, draft), idempotency_key, confirm)


async def update_message(
    call: Call,
    *,
    message: Annotated[str, MESSAGE],
    text: Annotated[str | None, "new text"] = None,
    subject: Annotated[str | None, "new subject"] = None,
    labels: Annotated[tuple[str, ...] | None, "all labels it is to have"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> Found:
    """Change a message."""
    reference = await find_message(call.workspace, message)
    identifier = reference.message or ""
    account = _writable(call, reference.account, Capability.UPDATE_MESSAGE)
    if text is None and subject is None and labels is None:
        raise InvalidArgument("Nothing is to be changed.", hint="Give text, subject or labels.")
    if text is not None:
        _check_text(account, text)
    target = await describe(call.workspace, reference, fresh=True)
    content: dict[str, object] = {"message": identifier, "text": text, "subject": subject, "labels": labels}
    preview = _preview(call, target, text=text or "", subject=subject, labels=labels or (), identifier=identifier)
    write = _Writing(call, account, target, Capability.UPDATE_MESSAGE, content, preview)
    change = Change(text=text, subject=subject, labels=labels)
    return await write.perform(lambda it: it.update_message(target.id, identifier, change), None, confirm)


async def import_message(
    call: Call,
    *,
    conversation: Annotated[str, "reference (local: a new one is created) or title"],
    text: Annotated[str, "its text"],
    author: Annotated[str, "Name or Name <email>"],
    sent_at: Annotated[str, "ISO time"],
    subject: Annotated[str | None, "if any"] = None,
    reply_to: Annotated[str | None, "message it answers"] = None,
    external_id: Annotated[str | None, "its id elsewhere: imported once"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> Found:
    """Store a message from elsewhere."""
    target = await _import_target(call, conversation)
    account = _writable(call, target.account, Capability.IMPORT_MESSAGE)
    moment = parse_time(sent_at, zone=call.desk.zone, now=call.now, name="sent_at")
    message = Message(
        id=external_id or "",
        conversation=target.id,
        author=_author(author),
        sent_at=moment,
        text=text,
        subject=subject,
        reply_to=await _answered(call, target, reply_to),
    )
    content: dict[str, object] = {
        "text": text, "author": author, "sent_at": moment.isoformat(), "subject": subject,
        "reply_to": message.reply_to, "external_id": external_id,
    }  # fmt: skip
    write = _Writing(call, account, target, Capability.IMPORT_MESSAGE, content, message)
    return await write.perform(lambda provider: provider.import_message(target.id, message), None, confirm)


@dataclass(frozen=True, slots=True)
class _Writing:
    call: Call
    account: Account
    target: Conversation
    operation: Capability
    content: dict[str, object]
    preview: Message

    async def perform(self, act: Callable[[Provider], Awaitable[Message]], key: str | None, token: str | None) -> Found:
        """Take a write its whole way."""
        where = Reference(self.account.name, self.target.id)
        write = policy.Write(where, self.operation.value, self.content)
        policy.allow(self.account.settings, where)
        store = await self.call.workspace.store()
        if key is None or await store.attempt(self.account.name, key) is None:
            consent = await policy.consent(self.account.settings, store, write, token, lambda: self._ask(write))
            if consent is not policy.Consent.GIVEN:
                return await self._not_written(consent, write)
        intent = Intent(
            account=self.account.name,
            operation=write.operation,
            conversation=self.target.id,
            digest=write.digest,
            key=key,
            who=self.call.caller.client,
        )
        entry = await store.begin(intent)
        if not entry.fresh and not self._may_repeat(entry, write.digest):
            return await self._again(entry, write.digest)
        return await self._act(act, entry.id, store)

    def _may_repeat(self, entry: Entry, digest: str) -> bool:
        """Was the write cut off where repeating it finds out how it ended, and can do no harm."""
        return entry.state == "pending" and entry.digest == digest and self.account.provider_class.idempotent

    async def _act(self, act: Callable[[Provider], Awaitable[Message]], entry: int, store: Store) -> Found:
        try:
            async with blaming(self.account):
                message = await act(await self.account.provider())
        except OutcomeUnknown:
            raise
        except DragomanError:
            await store.finish(entry, "failed")
            raise
        with anyio.CancelScope(shield=True):
            # It has happened: that must be on record even when nobody waits for the answer any more.
            # The whole address: a message may begin a conversation of its own.
            await store.finish(entry, "done", str(Reference(self.account.name, message.conversation, message.id)))
        return await self._written(message)

    async def _written(self, message: Message) -> Found:
        (seen,) = await self.call.workspace.see(self.account, [message])
        try:
            target = await describe(self.call.workspace, Reference(self.account.name, message.conversation), fresh=True)
        except DragomanError:
            # It is written: a title that cannot be had must not make that look like a failure.
            target = replace(self.target, id=message.conversation)
        return Found(WrittenView(conversation=target, message=seen, verb=_VERBS[self.operation]))

    async def _again(self, entry: Entry, digest: str) -> Found:
        if entry.digest != digest:
            raise Conflict(
                "This idempotency_key was used for another message. Nothing was sent.", hint="Use a new key."
            )
        stored = parse(entry.message) if entry.message is not None else None
        if entry.state != "done" or stored is None or stored.message is None:
            raise OutcomeUnknown(
                "An earlier call with this key was cut off, so it is unknown whether the message went out.",
                hint=f"Look with list_messages conversation={Reference(self.account.name, self.target.id)} first.",
            )
        async with blaming(self.account):
            message = await (await self.account.provider()).get_message(stored.conversation, stored.message)
        return await self._written(message)

    async def _ask(self, write: policy.Write) -> bool | None:
        ask = self.call.caller.ask
        return None if ask is None else await ask(Question(self.preview.text, write.digest))

    async def _not_written(self, consent: policy.Consent, write: policy.Write) -> Found:
        if consent is policy.Consent.DECLINED:
            raise PermissionDenied("The user declined. Nothing was written.", hint="Do not try again unasked.")
        token = await (await self.call.workspace.store()).offer(write.digest)
        note = f"Nothing was written yet. To do exactly this, call again within 10 minutes with confirm={token}"
        view = WrittenView(conversation=self.target, message=self.preview, verb="preview", notes=(note,))
        return Found(view, whole=True)


def _writable(call: Call, name: str, capability: Capability) -> Account:
    (account,) = call.workspace.able(capability, name)
    return account


def _check_text(account: Account, text: str) -> None:
    longest = account.provider_class.limits.text_length
    if not text.strip():
        raise InvalidArgument("The text is empty.", hint="Give the text of the message.")
    if longest is not None and len(text) > longest:
        raise InvalidArgument(
            f"The text has {len(text):,} characters, and this account takes at most {longest:,}.",
            hint="Shorten it or send it in parts.",
        )


async def _answered(call: Call, target: Conversation, reply_to: str | None) -> str | None:
    if reply_to is None:
        return None
    reference = await find_message(call.workspace, reply_to)
    if (reference.account, reference.conversation) != (target.account, target.id):
        raise InvalidArgument(
            "reply_to is a message of another conversation.",
            hint=f"It is in {Reference(reference.account, reference.conversation)}.",
        )
    return reference.message


async def _import_target(call: Call, said: str) -> Conversation:
    """Where to import: an address as it stands, because the conversation may not exist yet."""
    reference = conversation_address(call.workspace, said)
    if reference is not None:
        return Conversation(id=reference.conversation, account=reference.account)
    return await find_conversation(call.workspace, said, fresh=True)


def _author(said: str) -> Author:
    name, email = parseaddr(said) if "<" in said else (said, "")
    name = " ".join((name or email or said).split())
    if not name:
        raise InvalidArgument("The author has no name.", hint="Write Ann Lee or Ann Lee <ann@example.org>.")
    return Author(name=name, id=email, email=email or None)


def _preview(
    call: Call,
    target: Conversation,
    *,
    text: str,
    reply_to: str | None = None,
    subject: str | None = None,
    labels: tuple[str, ...] = (),
    identifier: str = "",
) -> Message:
    """The message as it would be, for somebody to look at; one that is changed has its id."""
    return Message(
        id=identifier,
        conversation=target.id,
        account=target.account,
        author=Author(name="you"),
        sent_at=call.now,
        text=text,
        reply_to=reply_to,
        subject=subject,
        labels=labels,
    )
