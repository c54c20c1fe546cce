"""What is changed in a mailbox: labels of mails, and mails that are stored from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import InvalidArgument, UnsupportedOperation
from dragoman.core.model import Message
from dragoman.core.queries import Change
from dragoman.core.safe_text import sentence
from dragoman.providers.mail.folders import ALL, ARCHIVE, INBOX, JUNK, TRASH, Folders
from dragoman.providers.mail.heads import GMAIL, MailHead, Place
from dragoman.providers.mail.imap_arguments import require_flags, require_one_line
from dragoman.providers.mail.imported_mail import imported_id, make_imported_mail
from dragoman.providers.mail.mapping import FLAGS, UNREAD, keywords_of

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

_MOVES: Final = {
    "archive": ARCHIVE, "archived": ARCHIVE, "trash": TRASH, "spam": JUNK, "junk": JUNK, "inbox": INBOX,
}  # fmt: skip
"""Labels that stand for a folder."""

_IN_INBOX: Final = "\\Inbox"
_SETTABLE: Final = {"important": "\\Important"}
"""Labels of Gmail's own that people set and clear; its others say where a mail is, or how it came there."""

_TOLD: Final = ("list:", "authentication:")  # labels that nobody can set


@dataclass(frozen=True, slots=True)
class _FlagChange:
    """Flags of every server, and labels of Gmail."""

    add: tuple[str, ...]
    remove: tuple[str, ...]
    keywords: tuple[str, ...]
    lost_keywords: tuple[str, ...]


class MailChanges:
    """Changes one mailbox.

    Args:
        mailbox: The mailbox.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def update(self, conversation: str, message: str, change: Change) -> Message:
        """Set the labels of a mail; a label such as ``archive`` moves it. Drafts get another text or subject as well.

        Raises:
            NotFound: There is no such mail.
            UnsupportedOperation: Text or subject is to be changed of what is no draft, or the server stores no labels.
        """
        folders = await self._mailbox.folders()
        head = await self._mailbox.head(conversation, message)
        if change.text is not None or change.subject is not None:
            head = await self._redraft(head, change, folders)
            if head.id != message:  # it had none of its own
                conversation, message = self._mailbox.thread_of(head.id, head.thread), head.id
            if change.labels is None:
                return await self._mailbox.read(head, conversation)
        labels = [label.strip() for label in change.labels or ()]
        flags = _flag_change(head, [label for label in labels if label.lower() not in _MOVES])
        role = _wanted_role(labels)
        if _is_labelled_place(head, folders, role):
            flags, target = _in_gmail(head, flags, role), None
        else:
            target = _target(role, folders)
        await self._mailbox.write_to(head, partial(_apply, flags=flags, target=target))
        moved = await self._mailbox.lookup.find(message) if target is not None else None
        return await self._mailbox.read(moved or await self._mailbox.head(conversation, message), conversation)

    async def _redraft(self, head: MailHead, change: Change, folders: Folders) -> MailHead:
        from dragoman.providers.mail.drafts import change_draft, is_own_draft  # noqa: PLC0415 - seldom needed

        if not is_own_draft(head, folders, self._mailbox):
            raise UnsupportedOperation(
                "A mail that was delivered cannot be changed; only its labels can.", hint="Give only labels."
            )
        return await change_draft(self._mailbox, head, change)

    async def import_(self, conversation: str, message: Message) -> Message:
        """Store a mail from elsewhere in the folder for such mails, once.

        Raises:
            NotFound: There is no such thread.
        """
        owner = self._mailbox.owner
        thread = await self._mailbox.thread(conversation)
        require_one_line(message.id)
        id_ = imported_id(message, owner.settings.address)
        if all(head.id != id_ for head in thread):
            known = await self._mailbox.lookup.find(id_)
            if known is not None:
                return await self._mailbox.read(known, known.thread)
            root = conversation.removeprefix("t.") if conversation.startswith("t.") else thread[0].id
            data = make_imported_mail(message, id_, root, owner.settings.address)
            await self._mailbox.store(owner.settings.import_to, data, message.sent_at)
        return await self._mailbox.message(conversation, id_)


def _wanted_role(labels: Iterable[str]) -> str:
    """The role of the folder that a label stands for; empty when none does.

    Raises:
        InvalidArgument: Several labels stand for different folders.
    """
    roles = list(dict.fromkeys(_MOVES[label.lower()] for label in labels if label.lower() in _MOVES))
    if len(roles) > 1:
        raise InvalidArgument("A mail lies in one folder.", hint="Give one of inbox, archive, trash and spam.")
    return roles[0] if roles else ""


def _is_labelled_place(head: MailHead, folders: Folders, role: str) -> bool:
    """Whether this is Gmail, where a label of a mail says that it is in the inbox, and none that it is archived."""
    in_all_mail = _is_of_gmail(head) and folders.role_of(head.folder) == ALL
    return in_all_mail and (role == INBOX or (role == ARCHIVE and ARCHIVE not in folders.roles))


def _in_gmail(head: MailHead, flags: _FlagChange, role: str) -> _FlagChange:
    """A change that also brings a mail into Gmail's inbox or takes it out."""
    is_there = _IN_INBOX in head.labels
    if role == INBOX:
        return flags if is_there else replace(flags, keywords=(*flags.keywords, _IN_INBOX))
    return replace(flags, lost_keywords=(*flags.lost_keywords, _IN_INBOX)) if is_there else flags


def _target(role: str, folders: Folders) -> str | None:
    """The folder with a role; ``None`` for no role.

    Raises:
        InvalidArgument: The mailbox has no such folder.
    """
    if not role:
        return None
    inbox = next((name for name in folders.all if name.upper() == INBOX), None)
    found = inbox if role == INBOX else folders.roles.get(role)
    if found is None:
        raise InvalidArgument(
            sentence("There is no one folder for {}.", role.removeprefix("\\")),
            hint="Give one of inbox, archive, trash and spam, if the mailbox has such a folder.",
        )
    return found


def _flag_change(head: MailHead, labels: list[str]) -> _FlagChange:
    """What has to be set and cleared so that a mail has these labels. Labels that are no flags stay as they are."""
    own = {one[1:].lower(): one for one in head.labels if one[:1] == "\\"} | (_SETTABLE if _is_of_gmail(head) else {})
    wanted = {own.get(label.lower(), label) for label in labels if label.lower() not in (*FLAGS, UNREAD)}
    named = {label.lower() for label in labels} & {*FLAGS, UNREAD}
    set_now = {label for label, flag in FLAGS.items() if flag in head.flags}
    seen = UNREAD not in named
    add = [FLAGS[label] for label in named - set_now - {UNREAD}] + (["\\Seen"] if seen and head.is_unread else [])
    remove = [FLAGS[label] for label in set_now - named] + (["\\Seen"] if not seen and not head.is_unread else [])
    known = {*keywords_of(head), *(one for one in head.labels if one[:1] != "\\" or one in _SETTABLE.values())}
    structural = {one for one in wanted if one.startswith(_TOLD)} | {"signed", "encrypted", head.folder, *head.labels}
    new = tuple(sorted(wanted - known - structural))
    return _FlagChange(tuple(sorted(add)), tuple(sorted(remove)), new, tuple(sorted(known - wanted)))


def _is_of_gmail(head: MailHead) -> bool:
    return head.thread.startswith("g.")


def _apply(session: ImapSession, place: Place, flags: _FlagChange, target: str | None) -> None:
    uids = [place.uid]
    if GMAIL in session.capabilities:
        session.change_gmail_labels(uids, add=flags.keywords, remove=flags.lost_keywords)
        session.change_flags(uids, add=flags.add, remove=flags.remove)
    else:
        require_flags(*flags.keywords)
        if flags.keywords and not session.takes_keywords:
            raise UnsupportedOperation(
                "This mail server stores no labels of your own.", hint="Use unread, starred, archive, trash or spam."
            )
        session.change_flags(uids, add=(*flags.add, *flags.keywords), remove=(*flags.remove, *flags.lost_keywords))
    if target not in (None, place.folder):
        session.move(uids, target)
