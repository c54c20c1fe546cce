"""Searches by the server, merged over folders, within bounds of time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.context.clock import current_clock
from dragoman.core.model import Hit, SearchPage
from dragoman.core.queries import SearchQuery, Term
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.kit.listings import Key, key_of
from dragoman.providers.mail.head_stream import HeadStream
from dragoman.providers.mail.heads import MailHead, Place
from dragoman.providers.mail.imap_arguments import CharsetRefusedError, SearchKey, uid_ranges
from dragoman.providers.mail.scans import ScanPages
from dragoman.providers.mail.search_keys import gmail_keys, head_keys, search_keys, without_foreign_words
from dragoman.store.excerpt import excerpt

if TYPE_CHECKING:
    from dragoman.core.mail import Mail
    from dragoman.providers.mail.folders import Folders
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

SECONDS: Final = 20.0
"""How long the server may search, all folders together."""

_MOST: Final = 2000  # hits of a folder
_PASSAGE: Final = 400
_IN_HEAD: Final = "h"
_IN_TEXT: Final = "t"


class MailSearch:
    """Searches one mailbox.

    Args:
        mailbox: The mailbox.
        seconds: How long the server may search.
    """

    def __init__(self, mailbox: Mailbox, seconds: float = SECONDS) -> None:
        self._mailbox = mailbox
        self._seconds = seconds
        self._scans = ScanPages[MailHead, MailHead](mailbox.run)

    async def page(self, query: SearchQuery) -> SearchPage:
        """The hits at a cursor, newest first; those whose subject or author has all words stand before the others.

        Raises:
            NotFound: There is no such thread.
        """
        folders = await self._mailbox.folders()
        found = _Folders(folders.read)
        members = None
        if query.conversation is not None:
            members = {head.place for head in await self._mailbox.thread(query.conversation)}
            found.names = tuple(dict.fromkeys(place.folder for place in members))
        batch = await self._scans.page(
            partial(self._begin, query, folders, found, members),
            lambda head: head,
            list_id=f"search {(query.text, query.conversation, query.author, query.since, query.until, query.filters)}",
            limit=max(1, query.limit),
            cursor=query.cursor,
        )
        hits = await self._hits(batch.items, folders, query)
        return SearchPage(items=hits, cursor=batch.cursor, missed=found.missed())

    async def _begin(
        self, query: SearchQuery, folders: Folders, found: _Folders, members: set[Place] | None
    ) -> _HitScan:
        """Ask each folder in turn, the ones with the newest mails first, until the time is over."""
        clock = current_clock()
        end, tiers = clock.monotonic() + self._seconds, [dict[str, Sequence[SearchKey]](), {}]
        for name in found.names:
            uids = None if members is None else sorted(place.uid for place in members if place.folder == name)
            with anyio.move_on_after(max(0.0, end - clock.monotonic())) as scope:
                within: list[SearchKey] = folders.finished_keys(name) if uids is None else ["UID", uid_ranges(uids)]
                hits, is_narrow = await self._mailbox.run(partial(_search, name=name, query=query, within=within))
                found.foreign = found.foreign or is_narrow
                found.full = found.full or len(hits) > _MOST
                uids = hits[-_MOST:]
                in_heads = await self._mailbox.run(partial(_search_heads, name=name, query=query, uids=uids))
                for tier in (0, 1):
                    some = [uid for uid in uids if (uid not in in_heads) == tier]
                    tiers[tier] |= {name: ["UID", uid_ranges(some)]} if some else {}
            if scope.cancelled_caught:
                found.slow.append(name)
        return _HitScan(*map(HeadStream, tiers))

    async def _hits(self, heads: Sequence[MailHead], folders: Folders, query: SearchQuery) -> list[Hit]:
        mails = await self._mailbox.texts(heads)
        terms = () if query.expression is None else tuple(term for group in query.expression.wanted for term in group)
        hits: list[Hit] = []
        for head in heads:
            mail = mails.get(head.place)
            if mail is not None:
                conversation = query.conversation or self._mailbox.thread_of(head.id, head.thread)
                message = self._mailbox.view(folders, conversation).message(head, mail)
                hits.append(_hit(Hit(message=message), mail, terms))
        return hits


class _Folders:
    """The folders that are searched, and what was missed of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.slow: list[str] = []
        self.foreign = False
        self.full = False

    def missed(self) -> SafeText:
        """A sentence about it; empty when all was searched."""
        said: list[SafeText] = []
        if self.slow:
            said.append(sentence("The server was too slow to search {}.", join(self.slow)))
        if self.foreign:
            said.append(safe("The server searches no words beyond plain letters."))
        if self.full:
            said.append(sentence("Of each folder only the {:,} newest hits were looked at.", _MOST))
        return SafeText(" ".join(said))


class _HitScan:
    """Mails one by one, the newest first: those that have all words in their subject or author, then the others."""

    def __init__(self, in_heads: HeadStream, in_texts: HeadStream) -> None:
        self._tiers = (in_heads, in_texts)
        self._of_texts = set[Place]()

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return all(stream.ended for stream in self._tiers)

    def read_on(self, session: ImapSession, limit: int) -> list[MailHead]:
        """The next mails."""
        in_heads, in_texts = self._tiers
        heads = _take(in_heads, session, limit)
        others = _take(in_texts, session, limit - len(heads)) if len(heads) < limit else []
        self._of_texts.update(head.place for head in others)
        return heads + others

    def pass_over(self, session: ImapSession, last: Key) -> None:
        """Go on after the mail with this key."""
        tier, last = int(last.id[:1] == _IN_TEXT), Key(last.at, last.id[1:])
        if tier:
            self._tiers = (HeadStream({}), self._tiers[tier])
        stream = self._tiers[tier]
        while heads := stream.take(session, bool):
            later = [head for head in heads if key_of(*head.order) < last]
            if later:
                stream.put_back(later)
                return

    def key(self, item: MailHead) -> Key:
        """The key of a mail, which tells as well where its words stand."""
        at, id_ = item.order
        return key_of(at, f"{_IN_TEXT if item.place in self._of_texts else _IN_HEAD}{id_}")


def _take(stream: HeadStream, session: ImapSession, limit: int) -> list[MailHead]:
    heads = stream.take(session, lambda found: len(found) >= limit)
    stream.put_back(heads[limit:])
    return heads[:limit]


def _search_heads(session: ImapSession, name: str, query: SearchQuery, uids: Sequence[int]) -> set[int]:
    """Those of some hits in a folder that have all words in their subject or author."""
    keys = head_keys(query)
    if not uids or not keys:
        return set()
    session.opened_folder(name)
    try:
        return set(session.search(["UID", uid_ranges(uids), *keys]))
    except CharsetRefusedError:
        return set()


def _search(session: ImapSession, name: str, query: SearchQuery, within: Sequence[SearchKey]) -> tuple[list[int], bool]:
    """UIDs of the hits in a folder, and whether words had to be left out."""
    state = session.folder_states([name])[0]
    if not state.count:
        return [], False
    session.opened_folder(name)
    keys = gmail_keys(query) if "X-GM-EXT-1" in session.capabilities else search_keys(query)
    try:
        return session.search([*within, *keys]), False
    except CharsetRefusedError:
        plain = without_foreign_words(query)
        return ([] if plain is None else session.search([*within, *search_keys(plain)])), True


def _hit(hit: Hit, mail: Mail, terms: Sequence[Term]) -> Hit:
    """The hit with the passage that was found; what is found only in what a mail quotes is shown from there."""
    passage, places = excerpt(hit.message.text, terms, _PASSAGE)
    if places or not terms:
        return Hit(message=hit.message, excerpt=passage, highlights=places)
    quoted, places = excerpt(mail.text, terms, _PASSAGE)
    if not places:
        return hit
    before = "(quoted) "
    text = before + (mail.text[:_PASSAGE] if quoted is None else quoted)
    moved = tuple((start + len(before), end + len(before)) for start, end in places)
    return Hit(message=hit.message, excerpt=text, highlights=tuple(one for one in moved if one[1] <= len(text)))
