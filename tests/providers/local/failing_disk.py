"""A disk under SQLite that is full, or broken, from one moment to the next; and what is needed to look past it."""

import json
from contextlib import closing, contextmanager

import apsw

from dragoman.testing import ToolError, connect

ROOM = "local:room"
FIRST = {
    "conversation": ROOM,
    "text": "Before",
    "author": "Ann",
    "sent_at": "2026-03-10T09:00Z",
    "external_id": "first",
}
WRITES = {
    "send_message": {"conversation": ROOM, "text": "After"},
    "update_message": {"message": f"{ROOM}/first", "text": "After"},
    "import_message": FIRST | {"text": "After", "sent_at": "2026-03-10T10:00Z", "external_id": "second"},
}
DONE = {"send_message": ["Before", "After"], "update_message": ["After"], "import_message": ["Before", "After"]}
NOTHING = {
    "send_message": "Nothing was sent",
    "update_message": "Nothing was changed",
    "import_message": "Nothing was imported",
}


class Disk(apsw.VFS):
    """What SQLite writes to, with a failure for each file that has one."""

    NAME = "failing"
    UNDER = "unix"

    def __init__(self):
        super().__init__(self.NAME, self.UNDER)
        self.failures = {}

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return _File(self, name, flags)

    @contextmanager
    def failing(self, path, failure):
        self.failures[path.name] = failure
        yield
        del self.failures[path.name]


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self._disk = disk
        self._name = str(name.filename() if isinstance(name, apsw.URIFilename) else name).rpartition("/")[2]
        super().__init__(disk.UNDER, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        failure = self._disk.failures.get(self._name.removesuffix("-wal"))
        if failure is not None:
            raise failure
        super().xWrite(data, offset)


@contextmanager
def locked(path):
    """Another program holds the file."""
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def told(client, tool, **arguments):
    """What the assistant reads, be it an answer or an error."""
    try:
        return await client.call(tool, **arguments)
    except ToolError as error:
        return str(error)


async def texts(settings, folder):
    """What a server that starts now finds."""
    async with connect(settings, data=folder) as client:
        page = json.loads(await client.call("list_messages", conversation=ROOM, format="json"))
    return [message["text"] for message in page["messages"]]


def states(memory):
    """What the outbox knows of each write but the first, which made the room."""
    with closing(apsw.Connection(str(memory))) as con:
        con.set_busy_timeout(60_000)  # another process may be opening or closing the file
        assert con.execute("PRAGMA integrity_check").get == "ok"
        return [state for (state,) in con.execute("SELECT state FROM writes ORDER BY entry LIMIT -1 OFFSET 1")]
