"""What is read of a mailbox: its threads, its mails, and where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from dragoman.core.errors import NotFound
from dragoman.core.mail import Mail
from dragoman.core.model import Conversation, ConversationKind, Message, Page
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.kit.cache import LruCache, TtlCache
from dragoman.providers.kit.listings import Key, key_of, whole
from dragoman.providers.kit.pager import Pager
from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.mail.connection import Connection
from dragoman.providers.mail.conversations import ConversationScan, thread_id_of, to_conversation
from dragoman.providers.mail.folders import FolderGoneError, Folders, load_folders
from dragoman.providers.mail.head_stream import HeadStream
from dragoman.providers.mail.heads import MailHead, Place
from dragoman.providers.mail.known_threads import FoundThread, below
from dragoman.providers.mail.mail_lookup import MailLookup
from dragoman.providers.mail.mapping import MailView
from dragoman.providers.mail.new_people import FoundConversation, fitting_people, people_to_write_to
from dragoman.providers.mail.people import Owner, borrowed_names
from dragoman.providers.mail.scans import ScanPages
from dragoman.providers.mail.session_work import (
    append_read,
    load_mails,
    load_thread,
    people_keys,
    write_to_places,
)
from dragoman.providers.mail.settings import MailSettings
from dragoman.providers.mail.shown_mails import ShownMails, without_reactions

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_arguments import SearchKey
    from dragoman.providers.mail.imap_session import ImapSession

T = TypeVar("T")

_FOLDERS_TTL: Final = 300.0
_MAILS: Final = 8_000_000  # characters of texts that are remembered
_HEADS: Final = 3000  # of threads that are remembered
_IDS: Final = 5000


class Mailbox:
    """Reads one mailbox, and remembers texts, because mails do not change.

    Attributes:
        lookup: Looks for single mails in every folder.

    Args:
        settings: Of the account.
        reader: A connection for what changes nothing.
        writer: Another one.
        watcher: Another one, on which the server tells what happens.
    """

    def __init__(self, settings: MailSettings, reader: Connection, writer: Connection, watcher: Connection) -> None:
        self.owner = Owner(settings)
        self._settings = settings
        self._writer = writer
        self.watch = watcher.run
        self._reader = reader
        self._folders = TtlCache[str, Folders](1, _FOLDERS_TTL)
        self.lookup = MailLookup(self.run, self.folders)
        self._mails = LruCache[Place, Mail](_MAILS, lambda mail: len(mail.text) + 1000)
        self._shown = ShownMails()
        self._threads = LruCache[str, FoundThread](_HEADS, lambda thread: len(thread.heads))
        self._thread_ids = LruCache[str, str](_IDS)
        self._heads = Pager[MailHead]("The mail server", _head_key)
        self._scans = ScanPages[FoundThread, FoundConversation](self.run)

    async def run(self, work: Callable[[ImapSession], T]) -> T:
        """Do something that changes nothing; see :meth:`Connection.run`.

        Raises:
            FolderGoneError: A folder has gone. From now on others count, those that are there.
        """
        return await self._run_on(self._reader, work)

    async def _run_on(self, connection: Connection, work: Callable[[ImapSession], T]) -> T:
        try:
            return await connection.run(work)
        except FolderGoneError:
            self._folders.pop("")
            raise

    async def folders(self) -> Folders:
        """The folders of the mailbox."""
        known = self._folders.get("")
        if known is None:
            known = await self.run(partial(load_folders, settings=self._settings))
            self._folders.put("", known)
        return known

    async def conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """A page of threads, that with the newest mail first."""
        if query.kind not in (None, ConversationKind.MAIL):
            return Page()
        folders = await self.folders()
        keys = people_keys(query.text or "")
        batch = await self._scans.page(
            partial(_begin, folders, keys),
            partial(self._found, folders=folders, text=query.text or ""),
            list_id=f"conversations {query.text!r}",
            limit=max(1, query.limit),
            cursor=query.cursor,
        )
        found = [one.conversation for one in batch.items]
        if query.text and batch.cursor is None:
            found += people_to_write_to(query.text, (one.people for one in batch.items), self.owner)
        return Page(items=found, cursor=batch.cursor)

    async def conversation(self, conversation: str) -> Conversation:
        """One thread."""
        heads = await self.thread(conversation)
        own = self.thread_of(heads[0].id, conversation)
        return to_conversation(heads, self.owner, await self.folders(), id_=own, whole=True)

    async def messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of the mails of a thread, with what is new in each."""
        thread = query.thread
        page = await self._heads.page(
            whole(partial(self._listed, conversation, most=query.limit)),
            query,
            name=conversation,
            select=None if thread is None else partial(below, root=thread),
        )
        return Page(items=await self._read(page.items, conversation), cursor=page.cursor, total=page.total)

    async def message(self, conversation: str, message: str) -> Message:
        """One mail with its whole text.

        Raises:
            NotFound: It is not in that thread.
        """
        head = await self.head(conversation, message)
        return await self.read(head, self.thread_of(head.id, conversation))

    async def head(self, conversation: str, message: str) -> MailHead:
        """The head of one mail of a thread.

        Raises:
            NotFound: It is not in that thread.
        """
        found = next((head for head in await self.thread(conversation) if head.id == message), None)
        if found is None:
            raise no_such_message()
        return found

    async def thread(self, conversation: str, *, fresh: bool = True, texts: int = 0) -> list[MailHead]:
        """The mails of a thread, oldest first.

        Args:
            conversation: Its id.
            fresh: Look whether anything has changed; otherwise what was just read is good enough.
            texts: Load the texts as well, unless the thread is known to have more mails than this.

        Raises:
            NotFound: There is no such thread.
        """
        known = self._threads.get(conversation)
        if known is None or fresh:
            known = await self._load(conversation, known, texts)
        if not known.heads:
            self._threads.pop(conversation)
            raise NotFound("There is no such thread in the mailbox.", hint="list_conversations shows what there is.")
        return list(known.heads)

    def thread_of(self, message: str, otherwise: str = "") -> str:
        """The id of a mail's thread: that in which it was read, else ``otherwise``, or one that leads there."""
        return self._thread_ids.get(message) or otherwise or f"t.{message}"

    async def read(self, head: MailHead, conversation: str) -> Message:
        """A mail with its whole text.

        Raises:
            NotFound: It is gone.
        """
        found = await self._read([head], conversation, whole_text=True)
        if not found:
            raise no_such_message()
        return found[0]

    async def special(self, role: str) -> str | None:
        """The name of a special folder, such as that for sent mail."""
        return (await self.folders()).roles.get(role.lower())

    async def append(self, folder: str, data: bytes, flags: Sequence[str], at: datetime | None) -> None:
        """Add a mail to a folder."""
        await self._run_on(self._writer, lambda session: session.append(folder, data, flags, at))
        self.forget()

    async def store(self, folder: str, data: bytes, at: datetime | None) -> None:
        """Add a mail that is read already to a folder, which is made where it is not there."""
        work = partial(append_read, folder=folder, data=data, at=at)
        try:
            await self._run_on(self._writer, partial(work, missing=folder not in (await self.folders()).all))
        except FolderGoneError:  # it went since the folders were listed, and nothing was stored
            await self._run_on(self._writer, partial(work, missing=True))
        self._folders.pop("")
        self.forget()

    async def write_to(self, head: MailHead, work: Callable[[ImapSession, Place], None]) -> None:
        """Do something with each copy of a mail, in its folder.

        Raises:
            NotFound: It has been moved or removed.
        """
        await self._run_on(self._writer, partial(write_to_places, places=head.places, work=work))
        self.forget()

    def forget(self) -> None:
        """Read threads anew, because something was changed here."""
        for known in list(self._threads):
            self._threads.pop(known)
            self._heads.forget(known)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor that goes on after a message."""
        known = self._threads.get(message.conversation)
        head = next((one for one in known.heads if one.id == message.id), None) if known is not None else None
        if head is None:
            return None
        listing = whole(partial(self._listed, message.conversation))
        return self._heads.cursor_after(listing, head, query.order, name=message.conversation)

    async def check(self) -> tuple[int, int]:
        """How many folders are read, and how many mails they have."""
        names = (await self.folders()).read
        return len(names), sum(state.count for state in await self.run(lambda session: session.folder_states(names)))

    async def texts(self, heads: Sequence[MailHead]) -> dict[Place, Mail]:
        """The mails of some heads; those that are gone are missing."""
        missing = self._without_text(heads)
        if missing:
            self._keep(await self.run(partial(load_mails, heads=missing)))
        return {head.place: mail for head in heads if (mail := self._mails.get(head.place)) is not None}

    def view(self, folders: Folders, conversation: str) -> MailView:
        """How mails of a thread are shown."""
        return MailView(self.owner, folders, conversation)

    def _found(self, thread: FoundThread, folders: Folders, text: str) -> FoundConversation:
        people = fitting_people(text, thread.heads, self.owner) if text else ()
        found = to_conversation(thread.heads, self.owner, folders)
        if thread.complete and not text:  # else only the mails that fit were read
            self._remember(found.id, thread)
        return FoundConversation(found, people)

    def _remember(self, conversation: str, thread: FoundThread) -> None:
        """Remember a thread under the name by which it was asked for, and the own name that it is shown with."""
        own = thread_id_of(thread.heads) if thread.heads else conversation
        for name in dict.fromkeys((conversation, own)):
            self._threads.put(name, thread)
        for head in thread.heads:
            self._thread_ids.put(head.id, own)

    async def _read(self, heads: Sequence[MailHead], conversation: str, *, whole_text: bool = False) -> list[Message]:
        mails = await self.texts(heads)
        known = self._threads.get(conversation)
        thread = known.heads if known is not None else ()
        borrowed = borrowed_names((head.mail.author for head in thread), self.owner)
        view = MailView(self.owner, await self.folders(), conversation, whole_text, borrowed)
        return self._shown.messages(view, heads, mails, thread)

    async def _load(self, conversation: str, known: FoundThread | None, texts: int) -> FoundThread:
        folders = await self.folders()
        missing = self._without_text(known.heads) if known is not None and len(known.heads) <= texts else ()
        work = partial(load_thread, folders=folders, thread=conversation, known=known, missing=missing)
        found, mails = await self.run(work)
        self._remember(conversation, found)
        self._keep(mails)
        return found

    def _without_text(self, heads: Iterable[MailHead]) -> list[MailHead]:
        return [head for head in heads if self._mails.get(head.place) is None]

    def _keep(self, mails: Mapping[Place, Mail]) -> None:
        for place, mail in mails.items():
            mail.release()
            self._mails.put(place, mail)

    async def _listed(self, conversation: str, *, most: int = 0) -> list[MailHead]:
        return without_reactions(await self.thread(conversation, texts=most))


def _head_key(head: MailHead) -> Key:
    return key_of(*head.order)


async def _begin(folders: Folders, keys: Sequence[SearchKey]) -> ConversationScan:
    return ConversationScan(HeadStream({name: (*folders.finished_keys(name), *keys) for name in folders.read}))
