"""Messages made of mails, each once, with what other mails of their thread tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.core.mail import Mail
from dragoman.core.model import Message
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.mail.heads import MailHead, Place
from dragoman.providers.mail.mapping import MailView, with_delivery, with_reactions

_TEXTS: Final = 8_000_000  # characters of texts that are remembered


@dataclass(frozen=True, slots=True)
class _ShownMail:
    """A message, and what it was made of."""

    head: MailHead
    mail: Mail
    view: MailView
    message: Message


class ShownMails:
    """The messages of one mailbox."""

    def __init__(self) -> None:
        self._known = LruCache[tuple[Place, str, bool], _ShownMail](_TEXTS, lambda one: len(one.message.text) + 1000)

    def messages(
        self, view: MailView, heads: Iterable[MailHead], mails: Mapping[Place, Mail], thread: Sequence[MailHead]
    ) -> list[Message]:
        """The messages that some mails are; those that are gone are missing.

        Args:
            view: How they are shown.
            heads: Which mails.
            mails: Their contents.
            thread: The mails of their thread, as far as it is known.
        """
        found = [self._message(view, head, mails[head.place]) for head in heads if head.place in mails]
        reports = [head.report for head in thread if head.report is not None]
        reactions = [head for head in thread if head.reaction]
        if not reports and not reactions:
            return found
        return [with_reactions(with_delivery(one, reports), reactions) for one in found]

    def _message(self, view: MailView, head: MailHead, mail: Mail) -> Message:
        key = head.place, view.conversation, view.whole
        known = self._known.get(key)
        if known is None or known.head is not head or known.mail is not mail or known.view != view:
            known = _ShownMail(head, mail, view, view.message(head, mail))
            self._known.put(key, known)
        return known.message


def without_reactions(heads: Sequence[MailHead]) -> list[MailHead]:
    """The mails of a thread but for those that are only a reaction to one of them."""
    known = {head.id for head in heads}
    return [head for head in heads if not head.reaction or head.mail.reply_to not in known]
