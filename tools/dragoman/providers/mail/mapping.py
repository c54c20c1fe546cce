"""A mail as a message of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dragoman.core.mail import Address, DeliveryReport, Mail
from dragoman.core.mail.authentication import FAIL
from dragoman.core.mail.delivery import state_of
from dragoman.core.mail.headers import MOST_ADDRESSES
from dragoman.core.mail.people import kind_of
from dragoman.core.model import Attachment, Author, Message, Reaction
from dragoman.providers.mail.folders import ALL, ARCHIVE, INBOX, SENT, Folders
from dragoman.providers.mail.heads import MailHead
from dragoman.providers.mail.links import write_mid
from dragoman.providers.mail.people import Owner, full_name_of, name_of

UNREAD: Final = "unread"
ANSWERED: Final = "answered"
STARRED: Final = "starred"
FLAGS: Final = {ANSWERED: "\\Answered", STARRED: "\\Flagged"}
"""Labels that are flags of every mail server."""

_UNTOLD: Final = frozenset(
    {
        "$forwarded", "$mdnsent", "nonjunk", "$nonjunk", "notjunk", "$notjunk", "junk", "$junk", "$hasattachment",
        "$hasnoattachment", "$attachment", "$noattachment",
    }
)  # fmt: skip
_SEEN: Final = frozenset({"\\Seen"})
_UNTOLD_ROLES: Final = frozenset({ALL, SENT, ARCHIVE})
_MOST_SHOWN: Final = 10
_MANY: Final = 20


@dataclass(frozen=True, slots=True)
class MailView:
    """What a message depends on beside its mail.

    Attributes:
        whole: The text with all that it quotes.
        borrowed: Names in small letters that do not tell whose they are.
    """

    owner: Owner
    folders: Folders
    conversation: str
    whole: bool = False
    borrowed: frozenset[str] = frozenset()

    def message(self, head: MailHead, mail: Mail | None) -> Message:
        """The message; without a ``mail`` it has no text yet."""
        text, partial = self._text(mail)
        headers, authentication = head.headers, mail.authentication if mail is not None else ""
        return Message(
            id=head.id,
            conversation=self.conversation,
            author=self.author(head, mail),
            sent_at=head.sent_at,
            text=text,
            reply_to=parent_of(head, mail),
            subject=head.mail.subject or None,
            partial=partial,
            status=self.folders.status_of(head.folder) or ("draft" if "\\Draft" in head.flags else None),
            url=None if head.id.startswith("x.") else write_mid(head.id),
            attachments=() if mail is None else tuple(_attachments(mail)),
            labels=tuple(dict.fromkeys(self._labels(head, mail, authentication))),
            extra={
                **({"from": _addresses(authors)} if len(authors := headers.addresses("from")) > 1 else {}),
                **{name: shown for name in ("to", "cc", "reply-to") if (shown := _addresses(headers.addresses(name)))},
                **({"authentication": authentication} if authentication else {}),
                "folder": head.folder,
                "size": head.size,
            },
        )

    def author(self, head: MailHead, mail: Mail | None = None) -> Author:
        """Who wrote a mail. It is the owner's own only where the server keeps what the owner sent.

        Anybody can write the owner's address into a mail.
        """
        address = head.mail.author
        reports = head.mail.is_report or (mail is not None and mail.body.is_report)
        kind = kind_of(head.headers, address, is_report=reports)
        sent = self.folders.roles.get(SENT)
        own = any(place.folder == sent for place in head.places) or "\\Sent" in head.labels
        return Author(
            name=full_name_of(address) if address.name.casefold() in self.borrowed else name_of(address),
            id=address.email.lower(),
            kind=kind,
            email=address.email or None,
            own=own and self.owner.is_own(address.email),
        )

    def _text(self, mail: Mail | None) -> tuple[str, bool]:
        if mail is None:
            return "", True
        text, inner = mail.text, mail.forwarded
        cut = mail.is_cut or "encrypted" in mail.body.labels
        if self.whole:
            return (f"{text}\n\n{inner}".lstrip("\n") if inner else text), cut
        if inner:
            return f"{text}\n... (+{len(inner):,} chars forwarded)".lstrip("\n"), True
        new, quoted = mail.new_text
        return (f"{new}\n... (+{quoted:,} chars quoted)", True) if quoted else (text, cut)

    def _labels(self, head: MailHead, mail: Mail | None, authentication: str) -> Iterator[str]:
        if head.is_unread:
            yield UNREAD
        if head.flags - _SEEN:
            yield from (label for label, flag in FLAGS.items() if flag in head.flags)
            yield from keywords_of(head)
        yield from (one.removeprefix("\\") for one in head.labels if one != "\\Starred")  # that is a flag as well
        for place in head.places:
            role = self.folders.role_of(place.folder)
            if place.folder.upper() != INBOX and role not in _UNTOLD_ROLES:
                yield place.folder
        if head.mail.mailing_list:
            yield f"list:{head.mail.mailing_list}"
        yield from mail.body.labels if mail is not None else ()
        if authentication == FAIL:
            yield "authentication:fail"


def with_reactions(message: Message, reactions: Sequence[MailHead]) -> Message:
    """A message with the reactions of others to it."""
    to_it = [head for head in reactions if head.mail.reply_to == message.id]
    if not to_it:
        return message
    people: dict[str, list[str]] = {}
    for head in to_it:
        people.setdefault(head.reaction, []).append(name_of(head.mail.author))
    return replace(
        message, reactions=tuple(Reaction(emoji=one, count=len(by), by=tuple(by)) for one, by in people.items())
    )


def keywords_of(head: MailHead) -> list[str]:
    """Flags that people gave a mail, and no program for itself."""
    return [one for one in sorted(head.flags) if one[:1] != "\\" and one.lower() not in _UNTOLD]


def parent_of(head: MailHead, mail: Mail | None) -> str | None:
    """The id of the mail that this one answers."""
    return (mail if head.mail.is_report and mail is not None else head.mail).reply_to or None


def with_delivery(message: Message, reports: Iterable[DeliveryReport]) -> Message:
    """A sent message with what mail systems report of it, where somebody has not got it."""
    about = [report for report in reports if report.mail == message.id]
    if not about:
        return message
    deliveries = dict.fromkeys(one.sentence for report in about for one in report.deliveries)
    return replace(message, status=state_of(about), extra={**message.extra, "delivery": list(deliveries)})


def _attachments(mail: Mail) -> Iterator[Attachment]:
    for file in mail.files:
        yield Attachment(name=file.name, id=file.number, media_type=file.media_type, size=file.size)


def _addresses(addresses: Sequence[Address]) -> list[str]:
    shown = [full_name_of(one) for one in addresses[: _MANY + 1]]
    if len(shown) <= _MANY:
        return shown
    more = f"{len(addresses) - _MOST_SHOWN:,}"
    return [
        *shown[:_MOST_SHOWN],
        f"and {more} more" if len(addresses) < MOST_ADDRESSES else f"and at least {more} more",
    ]
