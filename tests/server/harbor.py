"""A chat service in a folder, for servers and commands in processes of their own; it notes what it is asked."""

import json
from datetime import UTC, datetime
from pathlib import Path

from dragoman.core.errors import Unauthenticated
from dragoman.core.model import Author, Changes, Conversation, Message, Page
from dragoman.providers.base.provider import AccountSettings, Provider


class HarborSettings(AccountSettings):
    folder: Path


class Harbor(Provider):
    name = "harbor"
    Settings = HarborSettings

    def asked(self, what):
        with (self.settings.folder / "asked").open("a") as file:
            file.write(f"{what}\n")
        if (self.settings.folder / "dead").exists():
            raise Unauthenticated("The token has expired.", hint="Sign in again.")

    def messages(self, conversation=None):
        lines = (self.settings.folder / "messages").read_text().splitlines()
        found = [
            Message(
                id=str(number),
                conversation=room,
                author=Author(name="Bo"),
                sent_at=datetime.fromtimestamp(at, UTC),
                text=text,
            )
            for number, (room, at, text) in enumerate(map(json.loads, lines))
        ]
        return [one for one in found if conversation in (None, one.conversation)]

    async def list_conversations(self, query):
        self.asked("list_conversations")
        last = {one.conversation: one.sent_at for one in self.messages()}
        return Page(items=[Conversation(id=room, title=room, last_message_at=last[room]) for room in sorted(last)])

    async def list_messages(self, conversation, query):
        self.asked("list_messages")
        found = [one for one in self.messages(conversation) if query.until is None or one.sent_at < query.until]
        found = found[: len(found) - int(query.cursor or 0)]
        page = found[-50:]
        return Page(items=page, cursor=str(int(query.cursor or 0) + 50) if len(found) > 50 else None)

    async def changes(self, position):
        self.asked("changes")
        found = self.messages()
        start = len(found) if position is None else int(position)
        return Changes(messages=found[start:], position=str(len(found)))


def install(site, environment):
    """Make the provider known to processes with this environment."""
    package = site / "harbor-1.0.dist-info"
    package.mkdir(parents=True)
    (site / "harbor.py").write_text(Path(__file__).read_text("utf-8"), encoding="utf-8")
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: harbor\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[dragoman.providers]\nharbor = harbor:Harbor\n", encoding="utf-8")
    environment["PYTHONPATH"] = str(site)


class Service:
    """What stands behind one account."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "messages").touch()

    def post(self, room, *texts, at=None):
        now = datetime.now(UTC).timestamp() if at is None else at
        with (self.folder / "messages").open("a") as file:
            for text in texts:
                file.write(json.dumps([room, now, text]) + "\n")

    def asked(self):
        path = self.folder / "asked"
        return path.read_text().split() if path.exists() else []

    def die(self):
        (self.folder / "dead").touch()

    def settings(self, name, more='sync = "all"'):
        return f'[accounts.{name}]\nprovider = "harbor"\nfolder = "{self.folder}"\n{more}\n'
