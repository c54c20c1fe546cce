"""A mail server behind a line that breaks: no wrong answer, nothing doubled, nothing acknowledged and lost."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

import pytest
from fault_proxy import KINDS, Fault, FaultProxy
from impatience import PATIENCE
from mail_service import settings_of

from dragoman.core.errors import DragomanError, OutcomeUnknown
from dragoman.core.model import Author, Message
from dragoman.core.queries import Change, ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.testing.contract.checks import require_plain

pytestmark = pytest.mark.anyio

RUNS = int(os.environ.get("DRAGOMAN_FAULT_RUNS", "60"))
SEED = os.environ.get("DRAGOMAN_FAULT_SEED", "16")
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
THREAD = "t.m1@example.com"
LARGE = "a long line of words\n" * 4000


def fill(server):
    for number in range(1, 21):
        root = 1 if number % 3 else number
        fields = [
            ("From", "Maria Koch <maria@example.com>"),
            ("Subject", f"Thread {root}"),
            ("Message-ID", f"<m{number}@example.com>"),
            *([("References", f"<m{root}@example.com>")] if root != number else []),
        ]
        at = START + timedelta(hours=number)
        data = make_mail(fields, LARGE if number == 4 else f"apple {number}", sent_at=at)
        server.folders["Archive" if number % 4 == 0 else "INBOX"].add(data, ["\\Seen"], at)


def letter(number):
    return Message(
        id=f"import-{number}@example.org", conversation=THREAD, author=Author(name="Oleg"), sent_at=START, text="Old"
    )


READS = {
    "conversations": lambda account: account.list_conversations(ConversationQuery(limit=50)),
    "messages": lambda account: account.list_messages(THREAD, MessageQuery(limit=50)),
    "message": lambda account: account.get_message(THREAD, "m4@example.com"),
    "search": lambda account: account.search_messages(SearchQuery(text="apple", limit=50)),
}


def plain(answer):
    """What has to be the same whatever broke; the number of folders grows with the first import."""
    items = getattr(answer, "items", None)
    return [getattr(one, "message", one) for one in items] if items is not None else answer


@pytest.fixture
def proxy(imap_server, impatience):
    made = FaultProxy(imap_server.server_address[1])
    made.stalls = impatience.give_up
    yield made
    made.close()


def behind(proxy, server, **more):
    return settings_of(server, imap=f"127.0.0.1:{proxy.port}", timeout=PATIENCE, **more)


@pytest.mark.timeout(600)
async def test_a_read_is_right_or_fails_in_a_sentence_and_works_again(imap_server, proxy):
    fill(imap_server)
    settings, chance = behind(proxy, imap_server), random.Random(f"reads {SEED}")
    async with MailProvider.open(settings) as account:
        wanted = {name: plain(await read(account)) for name, read in READS.items()}
    happened = 0
    for run in range(RUNS):
        kind, name, fresh = chance.choice(KINDS), chance.choice(list(READS)), chance.random() < 0.5
        fault = Fault(kind, chance.randrange(1, 40))
        async with MailProvider.open(settings) as account:
            if not fresh:
                await account.list_conversations(ConversationQuery(limit=5))
            proxy.set(fault)
            try:
                answer = plain(await READS[name](account))
                assert answer == wanted[name], (run, name, fault)
            except DragomanError as error:
                require_plain(error, settings)
                assert not isinstance(error, OutcomeUnknown)
            proxy.set(None)
            happened += fault.happened
            again = await READS[name](account)
            assert plain(again) == wanted[name], (run, name, fault)
    assert happened > RUNS // 4
    assert all("\\Seen" in mail.flags for folder in imap_server.folders.values() for mail in folder.mails.values())


@pytest.mark.timeout(600)
async def test_a_write_happens_once_or_not_at_all_and_says_which(imap_server, proxy):
    fill(imap_server)
    settings, chance, happened = behind(proxy, imap_server), random.Random(f"writes {SEED}"), 0
    for run in range(RUNS):
        fault = Fault(chance.choice(KINDS), chance.randrange(1, 60))
        async with MailProvider.open(settings) as account:
            proxy.set(fault)
            if run % 2:
                await import_once(account, imap_server, run, proxy, settings)
            else:
                await label_once(account, imap_server, run, proxy, settings)
            happened += fault.happened
    assert happened > RUNS // 4


async def import_once(account, server, run, proxy, settings):
    def count():
        folder = server.folders.get("Imported")
        wanted = f"<import-{run}@example.org>".encode()
        return sum(wanted in mail.head for mail in list(folder.mails.values())) if folder else 0

    try:
        stored = await account.import_message(THREAD, letter(run))
        assert (stored.id, count()) == (letter(run).id, 1)
    except DragomanError as error:
        require_plain(error, settings)
    proxy.set(None)
    again = await account.import_message(THREAD, letter(run))
    assert (again.id, count()) == (letter(run).id, 1)
    server.folders["Imported"].mails.clear()  # a long thread would take this small server long
    server.folders["Imported"].changes += 1


async def label_once(account, server, run, proxy, settings):
    label = f"label{run}"
    marked = server.folders["INBOX"].mails[1]

    try:
        stored = await account.update_message(THREAD, "m1@example.com", Change(labels=(label,)))
        assert set(stored.labels) == {label}
        assert label in marked.flags
    except DragomanError as error:
        require_plain(error, settings)
    proxy.set(None)
    stored = await account.update_message(THREAD, "m1@example.com", Change(labels=(label,)))
    assert set(stored.labels) == {label}
    assert marked.flags == {"\\Seen", label}
    assert all(mail.flags == {"\\Seen"} for uid, mail in server.folders["INBOX"].mails.items() if uid != 1)


async def test_what_the_server_wants_its_user_to_see_is_shown(imap_server):
    imap_server.fault = lambda command: (
        b"* NO [ALERT] Your mailbox moves on Friday\x1b[31m\r\n<tag> NO [UNAVAILABLE] later"
        if command.startswith(b"EXAMINE")
        else b""
    )
    async with MailProvider.open(settings_of(imap_server)) as account:
        with pytest.raises(DragomanError, match="It says: 'Your mailbox moves on Friday") as caught:
            await account.check()
    assert "\x1b" not in str(caught.value)


async def test_a_connection_that_died_while_it_rested_is_renewed_silently(imap_server):
    fill(imap_server)
    async with MailProvider.open(settings_of(imap_server)) as account:
        before = await account.list_messages(THREAD, MessageQuery())
        imap_server.hang_up()
        assert await account.list_messages(THREAD, MessageQuery()) == before
        await account.update_message(THREAD, "m1@example.com", Change(labels=("starred",)))
        imap_server.hang_up()
        changed = await account.update_message(THREAD, "m1@example.com", Change(labels=("Work",)))
        assert changed.labels == ("Work",)


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc",
        b"* 1 FETCH (UID 1 BODY[] {3}\r\nabcdefgh)\r\n<tag> OK done",
        b"* 1 FETCH (UID 1 BODY[] {-3}\r\nabc)\r\n<tag> OK done",
        b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n<tag> OK done",
        b"* 1 FETCH (UID 1 \0\0\0 {2}\r\nab)\r\n<tag> OK \0",
        b"* BYE you are too slow",
        b"* 7 EXPUNGE\r\n* 99999999999999999999 FETCH (UID x)\r\n<tag> OK done",
        b"<tag>x OK done",
        b"\xff\xfe\r\n<tag> OK done",
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_sentence_and_the_next_read_is_right(imap_server, answer):
    fill(imap_server)
    settings = settings_of(imap_server, timeout=PATIENCE)
    async with MailProvider.open(settings) as account:
        wanted = await account.list_messages(THREAD, MessageQuery())
    async with MailProvider.open(settings) as account:
        imap_server.fault = lambda line: answer if b"BODY.PEEK[]" in line else b""
        try:
            page = await account.list_messages(THREAD, MessageQuery())
            assert all(one in wanted.items for one in page.items)
        except DragomanError as error:
            require_plain(error, settings)
        imap_server.fault = None
        imap_server.hang_up()
        assert await account.list_messages(THREAD, MessageQuery()) == wanted


@pytest.mark.parametrize(
    "form",
    [
        "(UID {uid} BODY[]<0> {{{size}}}\r\n{text})",
        "(UID {uid} BODY[] {{{size}}}\r\n{text} FLAGS (\\Seen))",
        "(BODY[]<0> {{{size}}}\r\n{text} UID {uid})",
        "(FLAGS () UID {uid} BODY[] {{{size}}}\r\n{text})",
    ],
)
async def test_a_text_is_read_in_whatever_order_the_server_tells_of_it(imap_server, form):
    fill(imap_server)
    async with MailProvider.open(settings_of(imap_server)) as account:
        wanted = await account.list_messages(THREAD, MessageQuery())

    def told(line):
        if b"BODY.PEEK[]" not in line:
            return b""
        opened = [one for one in imap_server.commands if one.startswith(b"EXAMINE")][-1].split()[1].strip(b'"').decode()
        texts = {uid: mail.data.decode() for uid, mail in imap_server.folders[opened].mails.items()}
        lines = [f"* {uid} FETCH {form.format(uid=uid, size=len(text), text=text)}" for uid, text in texts.items()]
        return "\r\n".join([*lines, "* 7 FETCH (FLAGS ())", "<tag> OK done"]).encode()

    imap_server.fault = told
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await account.list_messages(THREAD, MessageQuery())
    assert [one.text for one in page.items] == [one.text for one in wanted.items]
    assert all(one.text for one in page.items)


async def test_a_mailbox_of_very_many_mails_is_searched_although_the_answer_is_one_line(imap_server):
    fill(imap_server)
    uids = " ".join(map(str, range(1, 160_001)))  # more than a megabyte
    imap_server.fault = lambda line: (
        f"* SEARCH {uids}\r\n<tag> OK done".encode() if line.startswith(b"UID SEARCH ALL") else b""
    )
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await account.list_conversations(ConversationQuery(limit=50))
    assert page.items
