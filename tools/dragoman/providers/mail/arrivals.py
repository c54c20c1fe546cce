"""What has come into the folders of a mailbox since a position, and what has gone out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Author, Changes, Message
from dragoman.core.times import EPOCH, from_us
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.mail.conversations import group_threads, thread_id_of
from dragoman.providers.mail.folder_news import (
    FollowedMail,
    SyncPosition,
    begin,
    most_followed,
    read_news,
    unknown_position,
    wait_for_news,
)

if TYPE_CHECKING:
    from dragoman.providers.mail.folders import Folders
    from dragoman.providers.mail.heads import MailHead
    from dragoman.providers.mail.mailbox import Mailbox

_LIST: Final = "arrivals"
_DAY: Final = timedelta(days=1)
_ROUND: Final = 60.0  # seconds after which folders that are not open are looked at


class Arrivals:
    """Follows the folders of one mailbox. Mails do not change, but they are moved.

    Removals are told of the newest mails of each folder, which the position names.

    Args:
        mailbox: The mailbox.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._clock = current_clock()

    async def changes(self, position: str | None) -> Changes:
        """The mails that came since a position in the order of arrival, each once, and those that went.

        Raises:
            Conflict: The position is not known, or a folder was made anew.
        """
        folders = await self._mailbox.folders()
        if position is None:
            reached, heads = await self._mailbox.run(partial(begin, names=folders.read))
            heads = _finished(heads, folders)
            followed = self._followed([], heads, await self._threads(heads, ()), folders.read)
            return Changes(position=encode(SyncPosition(tuple(reached), followed, self._now()), list_id=_LIST))
        known = _known(position)
        news = await self._mailbox.run(partial(read_news, names=folders.read, known=known))
        news = replace(news, heads=_finished(news.heads, folders))
        threads = await self._threads(news.heads, known.mails)
        arrived, moved = await self._messages(news.heads, known, threads, folders)
        followed = self._followed(news.left, news.heads, threads, folders.read)
        after = SyncPosition(tuple(news.folders), followed, known.at)
        return Changes(
            messages=[*(self._removed(one) for one in news.gone), *arrived],
            moved=moved,
            news_since=(from_us(known.at * 1_000_000) or EPOCH) - _DAY,  # servers' clocks differ
            position=position if after == known else encode(replace(after, at=self._now()), list_id=_LIST),
            more=news.more,
        )

    async def _messages(
        self, heads: Sequence[MailHead], known: SyncPosition, threads: Mapping[str, str], folders: Folders
    ) -> tuple[list[Message], list[Message]]:
        """The mails that have arrived, and those that were followed and moved or copied."""
        mails = await self._mailbox.texts(heads)
        before = {one.id: one for one in known.mails}
        arrived, moved = dict[str, Message](), dict[str, Message]()
        for head in heads:
            if head.place not in mails:
                continue
            was = before.get(head.id)
            conversation = was.conversation if was else threads[head.id]
            found = moved if was else arrived
            found[head.id] = self._mailbox.view(folders, conversation).message(head, mails[head.place])
        return list(arrived.values()), list(moved.values())

    async def _threads(self, heads: Sequence[MailHead], followed: Sequence[FollowedMail]) -> dict[str, str]:
        """The threads of mails, by the ids of the mails: that of a mail which they name, however little they name."""
        before, groups = {one.id: one.conversation for one in followed}, group_threads(heads)
        found: dict[str, str] = {}
        for head in heads:
            if head.id not in found:
                members = groups[head.thread]
                found.update(dict.fromkeys((one.id for one in members), await self._thread(members, before)))
        return found

    async def _thread(self, members: Sequence[MailHead], before: Mapping[str, str]) -> str:
        own = members[0].thread
        if own[:2] != "t.":  # the server itself says it
            return own
        names = dict.fromkeys(name for one in members for name in (*one.ancestors, one.id))
        told = {name: before.get(name) or self._mailbox.thread_of(name, "-") for name in names}
        known = {thread for thread in told.values() if thread != "-"}
        if len(known) > 1:  # they join threads
            with suppress(NotFound):  # it has gone meanwhile
                return (await self._mailbox.conversation(own)).id
        return min(known) if known else thread_id_of(members)

    async def wait(self, position: str, seconds: float) -> bool:
        """Wait until mails come or go; false after so many seconds.

        The inbox tells at once where the server can; other folders are looked at in between.

        Raises:
            Conflict: The position is not known.
        """
        known, folders = _known(position), await self._mailbox.folders()
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            work = partial(wait_for_news, names=folders.read, known=known, seconds=min(left, _ROUND))
            changed = await self._mailbox.watch(work)
            if changed:
                return True
            if changed is None:  # the server does not tell by itself
                await self._clock.sleep(min(left, _ROUND))
        return False

    def _followed(
        self,
        known: Sequence[FollowedMail],
        new: Sequence[MailHead],
        threads: Mapping[str, str],
        names: Sequence[str],
    ) -> tuple[FollowedMail, ...]:
        """The newest mails of each folder."""
        found = [
            *known,
            *(FollowedMail(one.folder, one.uid, one.id, threads[one.id]) for one in new),
        ]
        most = most_followed(names)
        return tuple(one for name in names for one in [mail for mail in found if mail.folder == name][-most:])

    def _removed(self, mail: FollowedMail) -> Message:
        return Message(
            id=mail.id,
            conversation=mail.conversation,
            author=Author(name="unknown"),
            sent_at=None,
            text="",
            deleted_at=datetime.now(UTC),
        )

    def _now(self) -> int:
        return int(self._clock.wall())


def _finished(heads: Sequence[MailHead], folders: Folders) -> list[MailHead]:
    return [head for head in heads if not folders.is_unfinished(head.folder, head.flags)]


def _known(position: str) -> SyncPosition:
    try:
        found = decode(SyncPosition, position, list_id=_LIST)
    except InvalidArgument:
        found = None
    if found is None:
        raise unknown_position()
    return found
