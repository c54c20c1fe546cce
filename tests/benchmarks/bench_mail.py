"""A mailbox on a real mail server beside the bare commands: ratios in one run."""

from __future__ import annotations

import email
import os
import pwd
import ssl
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import anyio
from imapclient import IMAPClient
from rs_bpe.bpe import openai
from tests.benchmarks.figures import show
from tests.benchmarks.ordinary_mails import THREAD, ordinary_mails, short_mails

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))
import dovecot

from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider, MailSettings
from dragoman.testing import connect

RUNS = 7
OPENED = 100
"""Threads that are opened for the first time."""
START = datetime(2025, 1, 1, tzinfo=UTC)
_OVER_UNREAD = 2.4
"""What reading costs beside a FETCH whose bytes nobody looks at: the standard library alone takes 3."""

HEADERS = (
    "BODY.PEEK[HEADER.FIELDS (FROM SENDER REPLY-TO TO CC SUBJECT DATE MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID"
    " LIST-POST LIST-UNSUBSCRIBE AUTO-SUBMITTED PRECEDENCE CONTENT-TYPE RETURN-PATH X-ORIGINAL-FROM"
    " X-GOOGLE-ORIGINAL-FROM MAIL-FOLLOWUP-TO DELIVERED-TO X-ORIGINAL-TO)]"
)


def main() -> int:
    """Print every figure; 1 when a bound is missed."""
    reason = dovecot.why_not()
    if reason:
        sys.stdout.write(f"The figures of mailboxes are left out: {reason}.\n")
        return 0
    with dovecot.dovecot() as server:
        fill(server, "alice", ordinary_mails(f"alice@{dovecot.DOMAIN}", 5_000, START))
        fill(server, "bob", short_mails(f"bob@{dovecot.DOMAIN}", 50_000, START))
        holds = [*anyio.run(_figures, server), *anyio.run(_memory, server)]
    return int(not all(holds))


def fill(server: dovecot.Dovecot, user: str, mails: Iterable[tuple[datetime, bytes]]) -> None:
    """Write the mails of a mailbox as files: delivering them would take an hour."""
    box = server.state / "mail" / f"{user}@{dovecot.DOMAIN}"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    for number, (at, data) in enumerate(mails):
        file = box / "cur" / f"{int(at.timestamp())}.{number:06}.host:2,S"
        file.write_bytes(data)
        os.utime(file, (at.timestamp(), at.timestamp()))
    owner = pwd.getpwnam("mail")
    for path in (box, *box.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def bare(server: dovecot.Dovecot) -> IMAPClient:
    """The library alone."""
    context = ssl.create_default_context(cafile=server.certificate.file)
    client = IMAPClient("127.0.0.1", server.imaps, ssl_context=context)
    client.login(f"alice@{dovecot.DOMAIN}", "alice-secret")
    return client


async def _figures(server: dovecot.Dovecot) -> list[bool]:
    client = bare(server)
    client.select_folder("INBOX", readonly=True)
    uids = client.search()
    client.fetch(uids, ["UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", HEADERS])  # so that the server has read all
    settings = MailSettings(**server.settings())
    async with MailProvider.open(settings) as account:
        holds = [*await _lists(account, client, uids), *await _threads(account, client, uids)]
        holds += [*await _search(account, client), *await _lag(account), *await _tokens(server, account)]
    client.logout()
    return holds


async def _lists(account: MailProvider, client: IMAPClient, uids: list[int]) -> Iterator[bool]:
    page = await account.list_conversations(ConversationQuery(limit=50))
    assert len(page.items) == 50
    wanted = uids[-50 * THREAD :]
    items = ["UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", HEADERS]
    ours = await _timed(lambda: account.list_conversations(ConversationQuery(limit=50)))
    alone = _timed_bare(lambda: client.fetch(wanted, items))
    return iter([show("50 conversations of 5,000 mails, over FETCH of their heads", ours / alone, 1.5)])


async def _threads(account: MailProvider, client: IMAPClient, uids: list[int]) -> Iterator[bool]:
    thread = f"t.m{len(uids) - THREAD}@example.com"
    page = await account.list_messages(thread, MessageQuery())
    assert len(page.items) == THREAD
    ours = await _timed(lambda: account.list_messages(thread, MessageQuery()))
    alone = _timed_bare(lambda: client.fetch(uids[-THREAD:], ["BODY.PEEK[]"]))
    first, bare_fetch, bare_reading = await _first_openings(account, client, uids)
    return iter(
        [
            show("a thread of 20 mails again, over FETCH of them", ours / alone, 1.3),
            show("its first opening, over FETCH and reading by `email`", first / (bare_fetch + bare_reading), 1),
            show("its first opening, over FETCH that nobody reads", first / bare_fetch, _OVER_UNREAD),
        ]
    )


async def _first_openings(account: MailProvider, client: IMAPClient, uids: list[int]) -> tuple[float, float, float]:
    """Seconds for a thread that was listed, for fetching another one, and for reading that with the standard library.

    In turn, over many threads, so that neither side profits from what the other has read.
    """
    page = await account.list_conversations(ConversationQuery(limit=OPENED))
    ours, fetched, read = list[float](), list[float](), list[float]()
    for number, one in enumerate(page.items[1:], 1):
        some = uids[THREAD * number : THREAD * (number + 1)]
        answers: dict[int, dict[bytes, bytes]] = {}
        fetched.append(_timed_bare(lambda some=some, into=answers: into.update(client.fetch(some, ["BODY.PEEK[]"])), 1))
        mails = [answer[b"BODY[]"] for answer in answers.values()]
        read.append(_timed_bare(lambda mails=mails: [_read(mail) for mail in mails], 1))
        ours.append(await _timed(lambda one=one: account.list_messages(one.id, MessageQuery()), 1))
    return median(ours), median(fetched), median(read)


def _read(mail: bytes) -> str:
    """The plain text of a mail, by the standard library."""
    parts = email.message_from_bytes(mail).walk()
    plain = next(part for part in parts if part.get_content_type() == "text/plain")
    return bytes(plain.get_payload(decode=True)).decode(plain.get_content_charset("utf-8"))


async def _search(account: MailProvider, client: IMAPClient) -> Iterator[bool]:
    """In turn, because what a server needs for a search varies more than what we add to it."""
    ours, alone = list[float](), list[float]()
    for number in range(4321, 4328):
        word = f"{number:05}"
        query = SearchQuery(text=f"quay {word}", limit=20)
        ours.append(await _timed(lambda query=query: account.search_messages(query), 1))
        alone.append(_timed_bare(lambda word=word: client.search(["TEXT", "quay", "TEXT", word]), 1))
    return iter([show("a search in 5,000 mails, over SEARCH", median(ours) / median(alone), 1.2)])


async def _lag(account: MailProvider) -> Iterator[bool]:
    """How late the loop is while texts of 3 MB are read."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await anyio.sleep(0.005)
            late.append(time.perf_counter() - before - 0.005)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        for number in range(0, 4_800, THREAD):
            await account.list_messages(f"t.m{number}@example.com", MessageQuery())
            if number > 100 * THREAD:
                break
        tasks.cancel_scope.cancel()
    return iter(
        [show("delay of the event loop meanwhile, 99th percentile", quantiles(late, n=100)[98] * 1000, 30, unit="ms")]
    )


async def _tokens(server: dovecot.Dovecot, account: MailProvider) -> Iterator[bool]:
    """Tokens of what the tool answers beside those of what a person sees."""
    count = openai.o200k_base().count
    told, visible = 0, 0
    accounts = {"it": {"provider": "mail", **server.settings(), "ca_file": str(server.certificate.file)}}
    async with connect({"timezone": "UTC", "accounts": accounts}) as client:
        for number, limit in ((0, 20), (20, 20), (40, 10)):
            thread = f"t.m{number}@example.com"
            told += count(
                await client.call("list_messages", conversation=f"it:{thread}", limit=limit, max_tokens=20_000)
            )
            page = await account.list_messages(thread, MessageQuery(limit=limit))
            visible += count("\n".join(f"{one.author.name}: {one.text}" for one in page.items))
    return iter([show("50 mails as text, over their visible text", told / visible, 1.3)])


async def _memory(server: dovecot.Dovecot) -> list[bool]:
    """Growth while 50,000 mails are listed page by page."""
    settings = MailSettings(**server.settings("bob"))
    async with MailProvider.open(settings) as account:
        cursor, sizes, listed = None, list[int](), 0
        tracemalloc.start()
        while True:
            page = await account.list_conversations(ConversationQuery(limit=50, cursor=cursor))
            listed += len(page.items)
            sizes.append(tracemalloc.get_traced_memory()[0])
            cursor = page.cursor
            if cursor is None:
                break
        tracemalloc.stop()
    assert listed == 50_000 // THREAD
    return [
        show("growth from the 5th to the last of 50 pages of 50,000 mails", (sizes[-1] - sizes[4]) / 1e6, 10, unit="MB")
    ]


async def _timed(work: Callable[[], Awaitable[object]], runs: int = RUNS) -> float:
    times: list[float] = []
    for _ in range(runs):
        before = time.perf_counter()
        await work()
        times.append(time.perf_counter() - before)
    return median(times)


def _timed_bare(work: Callable[[], object], runs: int = RUNS) -> float:
    times: list[float] = []
    for _ in range(runs):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return median(times)
