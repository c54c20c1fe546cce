"""Servers write the same answers in many ways; all of them are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from mail_service import settings_of

from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
THREAD = "t.m1@example.com"


def fill(server):
    for number in range(1, 6):
        head = [
            ("From", "Maria Koch <maria@example.com>"),
            ("Subject", "Plan"),
            ("Message-ID", f"<m{number}@example.com>"),
        ]
        answers = [("References", "<m1@example.com>")] if number > 1 else []
        at = START + timedelta(hours=number)
        server.folders["Archive" if number == 4 else "INBOX"].add(
            make_mail([*head, *answers], f"apple {number}", sent_at=at), ["\\Seen"] if number < 4 else [], at
        )


async def read(server):
    async with MailProvider.open(settings_of(server)) as account:
        listed = await account.list_conversations(ConversationQuery(limit=5))
        thread = await account.list_messages(THREAD, MessageQuery(limit=10))
        found = await account.search_messages(SearchQuery(text="apple", limit=10))
        again = await account.list_messages(THREAD, MessageQuery(limit=10))
        whole = await account.get_message(THREAD, "m4@example.com")
    return listed.items, thread.items, found.items, again.items, whole


def in_front(change):
    """Change a line as far as its first text of some length."""

    def dialect(line):
        front, brace, rest = line.partition(b"{")
        return change(front) + brace + rest

    return dialect


def small_letters(line):
    words = rb"^\* (\d+ )?[A-Z]+( \[[A-Z]+)?|\b(UIDNEXT|MESSAGES|FLAGS|UID)(?= )|(?<=^.{5}) OK\b"
    return re.sub(words, lambda found: found[0].lower(), line)


def flags_first_alone(line):
    """Tell the flags of a message unasked, before what was asked of it."""
    told = re.match(rb"\* (\d+) FETCH \(UID (\d+)", line)
    return b"* %s FETCH (FLAGS (\\Seen $Old))\r\n" % told[1] + line if told else line


DIALECTS = {
    "small letters": in_front(small_letters),
    "blank at the end": lambda line: line + b" " if line.startswith((b"* SEARCH", b"* STATUS", b"* LIST")) else line,
    "no line for nothing found": lambda line: b"* OK nothing" if line == b"* SEARCH" else line,
    "each number found alone": lambda line: (
        b"\r\n".join(b"* SEARCH " + one for one in line.split()[2:]) or line if line.startswith(b"* SEARCH") else line
    ),
    "names without quotes": lambda line: re.sub(rb'"(\w+)"$', rb"\1", line) if line.startswith(b"* LIST") else line,
    "names with their length": lambda line: re.sub(
        rb'^(\* STATUS) "(\w+)"', lambda f: b"%s {%d}\r\n%s" % (f[1], len(f[2]), f[2]), line
    ),
    "no separator": lambda line: line.replace(b'"/"', b"NIL") if line.startswith(b"* LIST") else line,
    "states in another order": lambda line: (
        re.sub(rb"\((.*)\)", lambda f: b"(" + b" ".join(reversed(re.findall(rb"\w+ \d+", f[1]))) + b")", line)
        if line.startswith(b"* STATUS")
        else line
    ),
    "flags unasked": flags_first_alone,
    "what the fields were called as it likes": in_front(
        lambda line: line.replace(b"HEADER.FIELDS (FROM", b"HEADER.FIELDS (From")
    ),
    "words in front": lambda line: b"* OK [X-STILL-HERE] working\r\n" + line if line.startswith(b"* ") else line,
    "an own kind of answer": lambda line: b"* XYZZY {3}\r\nabc)\r\n" + line if line.startswith(b"* SEARCH") else line,
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_mailbox_is_the_same_in_whatever_way_its_server_writes(imap_server, dialect):
    fill(imap_server)
    wanted = await read(imap_server)
    imap_server.dialect = DIALECTS[dialect]
    assert await read(imap_server) == wanted


@pytest.mark.parametrize("left", [0, 1, 3])
async def test_a_mailbox_is_the_same_whatever_its_server_cannot_do(imap_server, left):
    fill(imap_server)
    wanted = await read(imap_server)
    imap_server.capabilities = " ".join(["IMAP4rev1", *imap_server.capabilities.split()[1:][:left]])
    assert await read(imap_server) == wanted
