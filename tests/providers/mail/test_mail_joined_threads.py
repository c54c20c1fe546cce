"""Threads that a mail joins because it names the first mails of both."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_sender import NOW
from mail_service import settings_of

from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail

FOLDERS = ("INBOX", "Sent", "Archive")


def put(server, name, hours, *names, folder="INBOX"):
    at = NOW + timedelta(hours=hours)
    fields = [("From", "Maria <maria@example.com>"), ("Subject", f"Subject {name}"), ("Message-ID", f"<{name}@a.b>")]
    fields += [("References", " ".join(f"<{one}@a.b>" for one in names))] if names else []
    server.folders[folder].add(make_mail(fields, f"text {name}", sent_at=at), ["\\Seen"], at)


async def listed(account, limit=10):
    found, cursor = [], None
    while True:
        page = await account.list_conversations(ConversationQuery(limit=limit, cursor=cursor))
        found += [one.id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


async def mails_of(account, thread):
    return [one.id.removesuffix("@a.b") for one in (await account.list_messages(thread, MessageQuery())).items]


@pytest.mark.anyio
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_mail_that_names_two_first_mails_joins_their_threads_under_the_older(imap_server, names, restarts):
    put(imap_server, "a", 1)
    put(imap_server, "b", 2, folder="Archive")
    put(imap_server, "b2", 3, "b")
    put(imap_server, "b3", 4, "b")
    async with MailProvider.open(settings_of(imap_server)) as account:
        assert await listed(account) == ["t.b@a.b", "t.a@a.b"]
        assert await mails_of(account, "t.a@a.b") == ["a"]
        put(imap_server, "m", 5, *names)
        async with MailProvider.open(settings_of(imap_server)) as other:
            asked = other if restarts else account
            assert await listed(asked) == ["t.a@a.b"]
            for way_in in ("a", "b", "b2", "m"):
                assert (await asked.get_conversation(f"t.{way_in}@a.b")).id == "t.a@a.b"
                assert await mails_of(asked, f"t.{way_in}@a.b") == ["a", "b", "b2", "b3", "m"]


@pytest.mark.anyio
async def test_a_long_thread_of_mails_that_name_only_what_they_answer_is_read_whole(imap_server):
    put(imap_server, "m0", 0)
    for number in range(1, 30):
        put(imap_server, f"m{number}", number, f"m{number - 1}", folder=FOLDERS[number % 3])
    for way_in in ("m0", "m29", "m15"):
        async with MailProvider.open(settings_of(imap_server)) as account:
            assert await mails_of(account, f"t.{way_in}@a.b") == [f"m{number}" for number in range(30)]


@pytest.mark.anyio
async def test_a_mail_that_arrives_is_told_in_the_thread_that_the_list_shows(imap_server):
    put(imap_server, "a", 1)
    put(imap_server, "a2", 2, "a")
    put(imap_server, "b", 3, folder="Archive")
    async with MailProvider.open(settings_of(imap_server)) as account:
        position = (await account.changes(None)).position
    put(imap_server, "a3", 4, "a2", folder="Sent")
    put(imap_server, "a4", 5, "a3")
    put(imap_server, "c", 6)
    async with MailProvider.open(settings_of(imap_server)) as account:
        changes = await account.changes(position)
    assert {one.id[:2].strip("@"): one.conversation for one in changes.messages} == {
        "a3": "t.a@a.b", "a4": "t.a@a.b", "c": "t.c@a.b",
    }  # fmt: skip
    put(imap_server, "a5", 7, "a4")
    put(imap_server, "m", 8, "b", "c")
    async with MailProvider.open(settings_of(imap_server)) as account:
        changes = await account.changes(changes.position)
        assert {one.id: one.conversation for one in changes.messages} == {"a5@a.b": "t.a@a.b", "m@a.b": "t.b@a.b"}
        assert await listed(account) == ["t.b@a.b", "t.a@a.b"]


def together(mails):
    """The mails that belong together, by what each names."""
    groups = []
    for name, names in mails.items():
        ids = {name, *names}
        joined = [group for group in groups if not group.isdisjoint(ids)]
        groups = [group for group in groups if group.isdisjoint(ids)] + [ids.union(*joined)]
    return {frozenset(group & mails.keys()) for group in groups}


@st.composite
def mailboxes(draw):
    count = draw(st.integers(1, 9))
    older = [[f"m{one}" for one in range(number)] + ["gone"] for number in range(count)]
    return {
        f"m{number}": draw(st.lists(st.sampled_from(older[number]), max_size=2, unique=True)) for number in range(count)
    }


@given(mailboxes(), st.integers(1, 4), st.lists(st.sampled_from(FOLDERS), min_size=9, max_size=9))
@settings(max_examples=25, deadline=None)
def test_each_mail_is_in_exactly_one_conversation_of_the_list(mails, limit, folders):
    server = FakeImapServer("alice@example.test", "open sesame")
    for hours, (name, names) in enumerate(mails.items()):
        put(server, name, hours, *names, folder=folders[hours])

    async def read():
        async with MailProvider.open(settings_of(server)) as account:
            return [frozenset(await mails_of(account, one)) for one in await listed(account, limit)]

    with server.serve():
        found = anyio.run(read)
    assert len(found) == len(set(found))
    assert set(found) == together(mails)
