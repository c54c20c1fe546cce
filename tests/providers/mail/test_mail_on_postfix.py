"""Sending through a real Postfix, and reading the outcome from a real Dovecot, also when both break."""

from __future__ import annotations

import os
import random
import re
import ssl
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from dovecot_mailbox import signed_in
from postfix import BreakingProxy

sys.path.insert(0, str(Path(__file__).parents[2] / "transport" / "oauth"))

from authorization_server import AuthorizationServer

from dragoman.core.errors import InvalidArgument, PermissionDenied
from dragoman.core.mail import read_mail
from dragoman.core.queries import Draft, MessageQuery
from dragoman.providers.mail import MailProvider, MailSettings
from dragoman.testing import ToolError
from dragoman.testing.scripted_server import ScriptedServer

ASKS = re.compile(rb"(?i)(EHLO|AUTH|MAIL|RCPT|DATA|RSET)\b|\.$")
SEEDS = int(os.environ.get("DRAGOMAN_MAIL_SEEDS", "12"))
FIRST = int(os.environ.get("DRAGOMAN_MAIL_FIRST_SEED", "0"))
WORKERS = min(SEEDS, 32)


def settings(server, **more):
    login = {} if {"token", "oauth"} & more.keys() else {"password": "alice-secret"}
    return {
        "provider": "mail", "address": "alice@example.test", "imap": f"127.0.0.1:{server.mailboxes.imap}",
        "smtp": f"127.0.0.1:{server.sender}", "tls": "off", **login, **more,
    }  # fmt: skip


def opened(server, **more):
    return MailProvider.open(MailSettings(**settings(server, **more)))


def mails_in(server, user, folder="INBOX", subject=None, *, at_least=0):
    """The mails of a folder; waits for as many as are to come."""
    with signed_in(server.mailboxes, user) as client:
        for _ in range(100):
            client.select_folder(folder, readonly=True)
            uids = client.search(["SUBJECT", subject] if subject else "ALL")
            if len(uids) >= at_least:
                break
            time.sleep(0.05)
        return [one[b"BODY[]"] for one in client.fetch(uids, ["BODY.PEEK[]"]).values()] if uids else []


@pytest.mark.anyio
async def test_a_mail_arrives_as_it_was_written_and_its_answer_finds_the_thread(sending_server):
    async with opened(sending_server, name="Alice Novák", signature="Alice") as alice:
        sent = await alice.send_message(
            "to:bob@example.test", Draft(text="Grüße,\n\n.\nFrom **here**", subject="Über alles; naïve")
        )
        (raw,) = mails_in(sending_server, "bob", at_least=1)
        mail = read_mail(raw.splitlines(keepends=True))
        assert (mail.id, mail.subject) == (sent.id, "Über alles; naïve")
        assert mail.text.strip() == "Grüße,\n\n.\nFrom **here**\n\n-- \nAlice"
        assert mail.author.name == "Alice Novák"
        assert b"<strong>here</strong>" in raw
        assert len(mails_in(sending_server, "alice", "Sent")) == 1
        bob = MailSettings(**settings(sending_server) | {"address": "bob@example.test", "password": "bob-secret"})
        async with MailProvider.open(bob) as account:
            answer = await account.send_message(f"t.{sent.id}", Draft(text="Thanks"))
        mails_in(sending_server, "alice", at_least=1)
        thread = await alice.list_messages(sent.conversation, MessageQuery())
        assert [one.id for one in thread.items] == [sent.id, answer.id]
        assert thread.items[1].reply_to == sent.id


@pytest.mark.anyio
async def test_one_unknown_recipient_means_that_nobody_gets_it(sending_server):
    async with opened(sending_server) as alice:
        with pytest.raises(InvalidArgument, match=r"nobody@example\.test"):
            await alice.send_message("to:bob@example.test,nobody@example.test", Draft(text="x", subject="Half"))
    assert mails_in(sending_server, "bob") == []
    assert mails_in(sending_server, "alice", "Sent") == []


@pytest.mark.anyio
async def test_an_address_of_somebody_else_is_refused_by_the_server_in_a_sentence(sending_server):
    async with opened(sending_server, address="bob@example.test", user="alice@example.test") as account:
        with pytest.raises(PermissionDenied, match="send as"):
            await account.send_message("to:bob@example.test", Draft(text="x", subject="As bob"))


@pytest.mark.anyio
async def test_tokens_of_an_authorization_server_open_the_mailbox_and_are_renewed_when_refused(
    sending_server, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with AuthorizationServer().serve() as server:
        refresh = server.seed()
        server.scripted = [
            (200, {"access_token": "of-yesterday", "refresh_token": "r2", "expires_in": 3600}),
            (200, {"access_token": "alice-token", "refresh_token": "r3", "expires_in": 3600}),
        ]
        oauth = server.settings(refresh_token=refresh)
        async with opened(sending_server, oauth=oauth, write="allow") as account:
            assert "sends through" in await account.check()
            await account.send_message("to:bob@example.test", Draft(text="x", subject="By token"))
        assert [form["refresh_token"] for form in server.forms] == [refresh, "r2"]
    assert len(mails_in(sending_server, "bob", at_least=1)) == 1


@dataclass
class Fault:
    """One thing that breaks, at a random line of a random side."""

    chance: random.Random

    def __post_init__(self):
        self.protocol = self.chance.choice(["smtp", "smtp", "smtp", "imap"])
        self.side = self.chance.choice(["client", "server"])
        self.at = self.chance.randint(1, 16 if self.protocol == "smtp" else 40)
        self.action = self.chance.choice(
            ["cut", "lose", "drop", b"451 4.3.0 later" if self.protocol == "smtp" else "cut"]
        )
        if self.chance.random() < 0.3:  # the moments that matter most
            self.protocol, self.side, self.at, self.action = "smtp", "client", -1, self.chance.choice(["cut", "lose"])
        self.seen = 0

    def rule(self, protocol):
        def decide(side, line):
            if (protocol, side) != (self.protocol, self.side):
                return None
            self.seen += 1
            if self.at == -1:
                return self.action if line == b"." else None
            # Only what asks for an answer is answered: a line within a mail does not.
            fits = not isinstance(self.action, bytes) or (side == "client" and ASKS.match(line))
            return self.action if self.seen == self.at and fits else None

        return decide


def attempts(dragoman, fault, proxies, subject):
    """What a caller hears who tries again with the same key for as long as the outcome is not known."""
    call = {
        "conversation": "work:to:bob@example.test", "subject": subject, "text": f"Text of {subject}",
        "idempotency_key": subject,
    }  # fmt: skip
    heard = []
    for protocol, proxy in proxies.items():
        proxy.rule = fault.rule(protocol)
    for _ in range(3):
        try:
            said = dragoman.call("send_message", **call)
            heard.append("asked" if "confirm=" in said else "sent")
        except ToolError as error:
            heard.append(
                "unknown" if "unknown" in str(error) or "whether it took" in str(error) else f"failed: {error}"
            )
        for proxy in proxies.values():
            proxy.rule = lambda side, line: None
        if heard[-1] in ("sent", "asked"):
            break
    return heard


def send_all(server, seeds, folder):
    """Send one mail for each seed, each while something breaks; gives what was heard, by subject."""
    context = ssl.create_default_context(cafile=server.mailboxes.certificate.file)
    with ExitStack() as stack:
        proxies = {
            "smtp": BreakingProxy(server.sender),
            "imap": BreakingProxy(server.mailboxes.imaps, context),
        }
        smtp, imap = (stack.enter_context(proxies[name].serve()) for name in ("smtp", "imap"))
        account = settings(
            server, smtp=smtp, imap=imap, timeout=1, write="allow", sends_per_minute=100_000, sent_by_server=False
        )
        dragoman = stack.enter_context(ScriptedServer({"accounts": {"work": account}}, data=folder))
        subjects = {seed: f"seed-{seed:05}-x" for seed in seeds}
        return {name: attempts(dragoman, Fault(random.Random(seed)), proxies, name) for seed, name in subjects.items()}


def subjects_in(server, user, folder="INBOX"):
    """How many mails of each subject there are once nothing is under way any more."""
    while server.waiting():
        time.sleep(0.05)
    found = (read_mail(one.splitlines(keepends=True)).subject for one in mails_in(server, user, folder))
    return Counter(found)


@pytest.mark.timeout(3600)
def test_nothing_is_sent_twice_and_no_acknowledgement_is_wrong_whatever_breaks(sending_server, tmp_path):
    shares = [range(FIRST + place, FIRST + SEEDS, WORKERS) for place in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        work = [pool.submit(send_all, sending_server, seeds, tmp_path / str(seeds.start)) for seeds in shares]
        outcomes = {subject: heard for one in work for subject, heard in one.result().items()}
    arrived, copies = subjects_in(sending_server, "bob"), subjects_in(sending_server, "alice", "Sent")
    wrong = {}
    for subject, heard in outcomes.items():
        is_sent, is_refused = heard[-1] == "sent", all(one.startswith("failed") for one in heard)
        if arrived[subject] not in ((1,) if is_sent else (0,) if is_refused else (0, 1)) or copies[subject] > 1:
            wrong[subject] = heard, arrived[subject], copies[subject]
    assert wrong == {}
    assert any(heard[-1] == "sent" for heard in outcomes.values())
