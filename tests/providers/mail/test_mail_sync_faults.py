"""A mailbox that is kept current over a line that breaks: what is known of it in the end is what is there."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

import pytest
from fault_proxy import KINDS, Fault, FaultProxy
from impatience import PATIENCE
from mail_service import settings_of

from dragoman.core.errors import DragomanError
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.testing.contract.checks import require_plain

pytestmark = pytest.mark.anyio
RUNS = int(os.environ.get("DRAGOMAN_FAULT_RUNS", "60"))
SEED = os.environ.get("DRAGOMAN_FAULT_SEED", "16")
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
READ, HIDDEN = ("INBOX", "Sent", "Archive"), ("Trash",)


class Mailbox:
    """A small server whose mails come, move and go by chance."""

    def __init__(self, chance, more):
        self.server = FakeImapServer("alice@example.test", "open sesame", CAPABILITIES + more)
        self.chance = chance
        self.count = 0

    def step(self):
        """Something happens."""
        with self.server.lock:
            source = self.server.folders[self.chance.choice((*READ, *HIDDEN))]
            what = self.chance.choice(["come", "come", "move", "go", "mark", "star"])
            if what == "come" or not source.mails:
                self._come(source)
                return
            uid = self.chance.choice(sorted(source.mails))
            source.changes += 1
            if what in ("mark", "star"):
                source.mails[uid].flags.add("\\Deleted" if what == "mark" else "\\Flagged")
                return
            mail = source.mails.pop(uid)
            if what == "move":
                target = self.server.folders[self.chance.choice((*READ, *HIDDEN))]
                target.add(mail.data, tuple(mail.flags - {"\\Deleted"}), mail.arrived_at)

    def _come(self, folder):
        self.count += 1
        at = START + timedelta(minutes=self.count)
        fields = [("From", "maria@example.com"), ("Subject", "x"), ("Message-ID", f"<m{self.count}@example.com>")]
        folder.add(make_mail(fields, f"text {self.count}", sent_at=at), ["\\Seen"], at)

    def there(self):
        """The mails that can be read now."""
        mails = [mail for name in READ for mail in self.server.folders[name].mails.values()]
        return {mail.fields[2][1].strip("<>") for mail in mails if "\\Deleted" not in mail.flags}


async def follow(account, position, known):
    """Ask what has changed until nothing is left, and apply it to what is known."""
    while True:
        changes = await account.changes(position)
        for one in (*changes.moved, *changes.messages):
            if one.deleted_at is None:
                known.add(one.id)
            else:
                known.discard(one.id)
        position = changes.position
        if not changes.more:
            return position


@pytest.mark.timeout(600)
@pytest.mark.parametrize("more", ["", " ENABLE CONDSTORE QRESYNC"], ids=["plain", "QRESYNC"])
async def test_what_is_known_in_the_end_is_what_is_there_whatever_broke(impatience, more):
    chance, happened = random.Random(f"changes {SEED}"), 0
    for run in range(RUNS // 4):
        box = Mailbox(chance, more)
        for _ in range(15):
            box.step()
        with box.server.serve():
            proxy = FaultProxy(box.server.server_address[1])
            proxy.stalls = impatience.give_up
            settings = settings_of(box.server, imap=f"127.0.0.1:{proxy.port}", timeout=PATIENCE)
            async with MailProvider.open(settings) as account:
                position, known = (await account.changes(None)).position, box.there()
            for _ in range(4):
                async with MailProvider.open(settings) as account:
                    for _ in range(chance.randrange(6)):
                        box.step()
                    fault = Fault(chance.choice(KINDS), chance.randrange(1, 40))
                    proxy.set(fault)
                    try:
                        position = await follow(account, position, known)
                    except DragomanError as error:
                        require_plain(error, settings)
                    proxy.set(None)
                    happened += fault.happened
                    box.step()
                    position = await follow(account, position, known)
                    assert known == box.there(), (run, fault)
            proxy.close()
    assert happened > RUNS // 4
