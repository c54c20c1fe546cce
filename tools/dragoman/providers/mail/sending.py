"""Sends mails: once to everybody or to nobody, with one copy for the sender, and finds out what became of one."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.context.instrumentation import account_name
from dragoman.core.context.notes import leave_note
from dragoman.core.errors import (
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.mail import read_whole_mail
from dragoman.core.model import Audience, Author, AuthorKind, Conversation, Message
from dragoman.core.queries import Draft
from dragoman.core.references import parse
from dragoman.core.safe_text import safe, sentence
from dragoman.providers.mail.addresses import is_new, matches_entry, parse_new_conversation
from dragoman.providers.mail.compose import (
    OutgoingMail,
    Quote,
    check_draft,
    message_id_of,
    one_line,
    quote_of,
    references_of_reply,
    reply_subject,
    sendable_text,
    with_signature,
)
from dragoman.providers.mail.folders import despite_gone_folders
from dragoman.providers.mail.hosts import Servers
from dragoman.providers.mail.links import write_mid
from dragoman.providers.mail.login import Credentials
from dragoman.providers.mail.mapping import with_delivery
from dragoman.providers.mail.markdown_html import html_of
from dragoman.providers.mail.people import full_name_of
from dragoman.providers.mail.recipients import Recipients, audience_of, recipients_of_new, recipients_of_reply
from dragoman.providers.mail.sent_copies import SentCopies, in_time
from dragoman.providers.mail.settings import MailSettings
from dragoman.providers.mail.smtp import Submission

if TYPE_CHECKING:
    from dragoman.providers.mail.heads import MailHead, Place
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

_COPY_COMES: Final = timedelta(minutes=2)
_RETRIED_AFTER: Final = timedelta(seconds=10)
_AUTOMATIC: Final = safe("it answers a mail that a program sent, so perhaps nobody reads it")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a draft comes to.

    Attributes:
        answered: The mail that is answered; ``None`` for a new one.
        quote: Its text, where it stands below the answer.
    """

    recipients: Recipients
    subject: str
    references: tuple[str, ...] = ()
    answered: MailHead | None = None
    quote: Quote | None = None


class MailSender:
    """Sends the mails of one account.

    Args:
        settings: Of the account.
        credentials: How to sign in.
        mailbox: Where the mails are that are answered, and the copies of those that were sent.
        servers: Where to send through.
    """

    def __init__(self, settings: MailSettings, credentials: Credentials, mailbox: Mailbox, servers: Servers) -> None:
        self._settings = settings
        self._mailbox = mailbox
        self._servers = servers
        self._account = account_name.get()
        self._submission = Submission(servers.smtp, credentials, timeout=settings.timeout, ca_file=settings.ca_file)
        known = True if servers.sent_by_server else settings.sent_by_server
        self._copies = SentCopies(mailbox, by_server=known)

    async def audience(self, where: Conversation, conversation: str, draft: Draft) -> Audience:
        """Everybody whom a draft would go to, and what would stand below it.

        Raises:
            DragomanError: It cannot be sent.
        """
        plan = await self._with_quote(await self._plan(conversation, draft))
        below = plan.quote.lines if plan.quote else ""
        is_automatic = plan.answered is not None and plan.answered.mail.kind is not AuthorKind.PERSON
        return audience_of(where, plan.recipients, self._mailbox.owner, below, (_AUTOMATIC,) if is_automatic else ())

    async def may_write_to(self, conversation: str, draft: Draft) -> bool:
        """Whether ``write_to`` names every recipient of a draft, by address or domain."""
        return self._names_all((await self._plan(conversation, draft)).recipients)

    async def send(self, conversation: str, draft: Draft) -> Message:
        """Send a draft.

        Raises:
            OutcomeUnknown: It may have gone out. Every other error means that nobody got anything.
        """
        check_draft(draft, begins=is_new(conversation))
        plan = await self._with_quote(await self._plan(conversation, draft))
        self._require_allowed(conversation, plan.recipients)
        mail = self._compose(plan, conversation, draft)
        message = self._message(mail, plan, conversation)
        content = mail.as_bytes()
        found = self._may_be_another_attempt(draft) and await self._is_sent(mail, draft.begun)
        if not found:
            found = await self._submit(mail, content)
        with anyio.CancelScope(shield=True):
            await self._follow_up(mail, content, plan.answered, may_be_there=found)
        return with_delivery(message, await self._copies.reports(mail.id)) if found else message

    async def _is_sent(self, mail: OutgoingMail, begun: datetime | None) -> bool:
        if await self._copies.is_sent(mail.id):
            return True
        has_another_id = self._servers.changes_ids and begun is not None
        return has_another_id and await self._copies.find_alike(mail, begun or mail.sent_at) is not None

    async def _submit(self, mail: OutgoingMail, content: bytes) -> bool:
        """Hand a mail over; true when its outcome was in doubt at first."""
        try:
            await self._submission.send(mail, content)
        except OutcomeUnknown:
            if not await self._copies.is_sent_after_all(mail, changes_ids=self._servers.changes_ids):
                raise
            return True
        return False

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str]
    ) -> Message | None:
        """What became of a draft: the mail, or ``None`` when it was certainly not sent.

        Raises:
            UnsupportedOperation: The absence of a copy proves nothing here.
            DragomanError: It cannot be told now.
        """
        del known  # the message id is proof enough
        message_id = message_id_of(self._settings.address, conversation, draft, since)
        lookup = self._mailbox.lookup
        head, reports = await lookup.find(message_id), await lookup.reports(message_id, since)
        if head is not None:
            return with_delivery(await self._mailbox.read(head, self._mailbox.thread_of(message_id)), reports)
        is_out = bool(reports) or bool(await lookup.citing(message_id))
        if is_out or self._servers.changes_ids:
            plan = await self._with_quote(await self._plan(conversation, draft))
            mail = self._compose(plan, conversation, draft, since)
            if is_out:
                return with_delivery(self._message(mail, plan, conversation), reports)
            alike = await self._copies.find_alike(mail, since)
            if alike is not None:
                return await self._mailbox.read(alike, self._mailbox.thread_of(alike.id, conversation))
        if not self._servers.sent_by_server:
            raise UnsupportedOperation("This server keeps no copy by itself, so that none is there proves nothing.")
        if self._servers.changes_ids:
            raise UnsupportedOperation("This server may give mails other ids, so that none is found proves nothing.")
        if datetime.now(UTC) - since < _COPY_COMES:
            raise Unavailable("The server's copy may still come.", hint="Look again in two minutes.", retry_after=120)
        return None

    async def check(self) -> str:
        """Sign in to the server for sending; gives its name.

        Raises:
            DragomanError: It does not work.
        """
        return await self._submission.check()

    async def _plan(self, conversation: str, draft: Draft) -> _Plan:
        owner = self._mailbox.owner
        if is_new(conversation):
            new = parse_new_conversation(conversation)
            return _Plan(recipients=recipients_of_new(new, owner), subject=draft.subject or "")
        answered = await self._answered(conversation, draft.reply_to)
        return _Plan(
            recipients=recipients_of_reply(answered.headers, owner),
            subject=draft.subject or reply_subject(answered.headers.text("subject")),
            references=references_of_reply(answered.headers, answered.id),
            answered=answered,
        )

    async def _with_quote(self, plan: _Plan) -> _Plan:
        """A plan with the text that is answered, where the settings want that below."""
        head = plan.answered
        if head is None or self._settings.quote == "none":
            return plan
        mail = (await self._mailbox.texts([head])).get(head.place)
        author = full_name_of(head.mail.author)
        return plan if mail is None else replace(plan, quote=quote_of(author, head.sent_at, mail.text))

    async def _answered(self, conversation: str, reply_to: str | None) -> MailHead:
        """The mail that is answered: the one that is named, or the newest that is no draft."""
        heads = await despite_gone_folders(partial(self._mailbox.thread, conversation))
        if reply_to is not None:
            found = next((head for head in heads if head.id == reply_to), None)
            if found is None:
                raise NotFound("The mail to answer is not in this thread.", hint="list_messages shows what is.")
            return found
        finished = [head for head in heads if r"\draft" not in {flag.lower() for flag in head.flags}]
        if not finished:
            raise InvalidArgument("This thread holds only drafts.", hint="Write a new mail to an address.")
        return finished[-1]

    def _compose(self, plan: _Plan, conversation: str, draft: Draft, since: datetime | None = None) -> OutgoingMail:
        own = sendable_text(with_signature(draft.text, self._settings.signature))
        text, below = (own, "") if plan.quote is None else (f"{own}\n\n{plan.quote.lines}", plan.quote.html)
        return OutgoingMail(
            id=message_id_of(self._settings.address, conversation, draft, since),
            recipients=plan.recipients,
            subject=sendable_text(one_line(plan.subject)),
            text=text,
            html=html_of(own, below) if self._settings.html == "auto" else "",
            sent_at=datetime.now(UTC).astimezone().replace(microsecond=0),
            references=plan.references,
        )

    def _message(self, mail: OutgoingMail, plan: _Plan, conversation: str) -> Message:
        sender = mail.recipients.sender
        read = read_whole_mail(mail.as_bytes())  # as everybody gets it
        return Message(
            id=mail.id,
            conversation=f"t.{mail.id}" if is_new(conversation) else conversation,
            author=Author(name=sender.name or sender.email, id=sender.email, email=sender.email, own=True),
            sent_at=mail.sent_at,
            text=read.text,
            subject=read.subject or None,
            reply_to=plan.answered.id if plan.answered is not None else None,
            url=write_mid(mail.id),
        )

    def _require_allowed(self, conversation: str, recipients: Recipients) -> None:
        """See that ``write_to`` still names those whom the mail goes to: somebody may have joined the thread.

        Raises:
            PermissionDenied: It does not.
        """
        entries = self._settings.write_to
        if entries is None or self._names_all(recipients):
            return
        references = [parse(entry) for entry in entries]
        if conversation in {*entries, *(one.conversation for one in references if one is not None)}:
            return
        raise PermissionDenied("`write_to` does not name everybody whom this mail would go to.")

    def _names_all(self, recipients: Recipients) -> bool:
        entries = [entry.removeprefix(f"{self._account}:") for entry in self._settings.write_to or ()]
        return all(any(matches_entry(one.email, entry) for entry in entries) for one in recipients.everyone)

    def _may_be_another_attempt(self, draft: Draft) -> bool:
        if draft.idempotency_key is not None:
            return True
        return draft.begun is not None and datetime.now(UTC) - draft.begun > _RETRIED_AFTER

    async def _follow_up(
        self, mail: OutgoingMail, content: bytes, answered: MailHead | None, *, may_be_there: bool
    ) -> None:
        """Keep one copy and mark what was answered; the mail is sent whatever becomes of it."""
        keep = partial(self._copies.keep, mail, content, may_be_there=may_be_there)
        problem = await in_time(partial(despite_gone_folders, keep))
        if problem:
            leave_note(sentence("It is sent, but no copy of it could be kept among the sent mails: {}", problem))
        elif answered is not None:
            problem = await in_time(partial(self._mailbox.write_to, answered, _mark_answered))
        if problem:
            _log.warning("A mail is sent, but its copy or mark is missing: %s", problem)
        self._mailbox.forget()


def _mark_answered(session: ImapSession, place: Place) -> None:
    session.change_flags([place.uid], add=(r"\Answered",))
