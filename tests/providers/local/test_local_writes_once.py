"""Writing through the tools to a file that cannot be written now: nothing half done, nothing twice, nothing denied."""

import shutil
from contextlib import contextmanager

import apsw
import pytest
from failing_disk import DONE, FIRST, NOTHING, WRITES, Disk, locked, states, texts, told

from dragoman.core.errors import OutcomeUnknown, Unavailable
from dragoman.providers.local import LocalProvider
from dragoman.store.sql.messages.message_store import SqlMessages
from dragoman.store.sql.writes.write_store import SqlWrites
from dragoman.store.sqlite.database import Database
from dragoman.testing import connect

pytestmark = pytest.mark.anyio

TOOLS = pytest.mark.parametrize("tool", WRITES)
WHICH = pytest.mark.parametrize("which", ["one file for all", "the messages", "the memory"])


@pytest.fixture(autouse=True)
def disk(monkeypatch):
    monkeypatch.setitem(Database.at.__wrapped__.__kwdefaults__, "patience", 0.3)
    disk = Disk()
    apsw.set_default_vfs(Disk.NAME)
    yield disk
    apsw.set_default_vfs(Disk.UNDER)


@pytest.fixture
def memory(tmp_path):
    """What the server remembers, the outbox among it."""
    return tmp_path / "dragoman.db"


@pytest.fixture
def which():
    return "the messages"


@pytest.fixture
def file(tmp_path, memory, which):
    """The file that fails."""
    return tmp_path / "notes.db" if which == "the messages" else memory


@pytest.fixture
def settings(tmp_path, which):
    path = {} if which == "one file for all" else {"path": str(tmp_path / "notes.db")}
    return {"timezone": "UTC", "accounts": {"local": {"provider": "local", "timeout": 0.2, **path}}}


@pytest.fixture
async def client(disk, settings, tmp_path):
    async with connect(settings, data=tmp_path) as client:
        await client.call("import_message", **FIRST)
        yield client


@contextmanager
def full(disk, file):
    with disk.failing(file, apsw.FullError("full")):
        yield "Free some space on its disk and try again."


@contextmanager
def broken(disk, file):
    with disk.failing(file, apsw.IOError("broken")):
        yield "Look whether its disk is full or failing, and try again."


@contextmanager
def held(_disk, file):
    with locked(file):
        yield "another program"


@contextmanager
def deleted(_disk, file):
    aside = file.rename(file.with_suffix(".aside"))
    yield "was moved, deleted or replaced while it was open. "
    aside.rename(file)


@contextmanager
def replaced(_disk, file):
    aside = file.rename(file.with_suffix(".aside"))
    shutil.copy(aside, file)
    yield "Put it back, or start Dragoman again."
    aside.replace(file)


@WHICH
@TOOLS
@pytest.mark.parametrize("fault", [full, broken, held, deleted, replaced])
async def test_what_the_file_cannot_take_is_refused_whole_and_written_once_when_it_can(
    client, settings, tmp_path, disk, file, memory, which, fault, tool
):
    with fault(disk, file) as advice:
        said = await told(client, tool, **WRITES[tool])
    begins = fault not in (deleted, replaced) or tool == "import_message"  # the others read first
    assert f"{NOTHING[tool]}." in said or not begins
    assert advice in said
    assert await texts(settings, tmp_path) == ["Before"]
    known = ["failed"] if which == "the messages" and begins else []  # else it could not be noted
    assert states(memory) == known
    assert "After" in await client.call(tool, **WRITES[tool])
    assert await texts(settings, tmp_path) == DONE[tool]
    assert states(memory) == [*known, "done"]


@pytest.fixture
def between(monkeypatch):
    """Let something happen when a write is made and its end is not noted yet."""

    def arrange(tool, happen):
        act = getattr(LocalProvider, tool)

        async def acting(self, *arguments):
            message = await act(self, *arguments)
            happen()
            return message

        monkeypatch.setattr(LocalProvider, tool, acting)

    return arrange


def lose():
    raise OutcomeUnknown("The connection broke.", hint="Look first.")


@TOOLS
async def test_what_is_written_is_said_to_be_also_when_that_cannot_be_noted(
    client, settings, tmp_path, disk, memory, between, tool
):
    full = disk.failing(memory, apsw.FullError("full"))
    between(tool, full.__enter__)
    said = await client.call(tool, **WRITES[tool])
    assert "It is written, so do not repeat it, though its end could not be noted: There is no room left" in said
    assert said.endswith(": After")
    full.__exit__(None, None, None)
    assert states(memory) == ["pending"]
    await cut_off(memory)
    assert f"{NOTHING[tool]} again" in await client.call(tool, **WRITES[tool])
    assert states(memory) == ["done"]
    assert await texts(settings, tmp_path) == DONE[tool]


@TOOLS
async def test_what_may_be_written_is_not_denied_when_that_cannot_be_noted(client, disk, memory, between, tool):
    full = disk.failing(memory, apsw.FullError("full"))

    def happen():
        full.__enter__()
        lose()

    between(tool, happen)
    said = await told(client, tool, **WRITES[tool])
    full.__exit__(None, None, None)
    assert "The connection broke. Look first." in said
    assert "othing was" not in said


@pytest.mark.parametrize(
    ("part", "step"),
    [
        (SqlWrites, "finish"),
        (SqlMessages, "number"),
        (SqlWrites, "unknown_outcomes"),
        (SqlWrites, "deliver"),
    ],
)
async def test_a_message_that_is_written_is_shown_whatever_fails_after_it(client, monkeypatch, part, step):
    async def failing(*_arguments, **_more):
        raise Unavailable("The memory fails.", hint="Mend it.")

    monkeypatch.setattr(part, step, failing)
    assert (await client.call("send_message", **WRITES["send_message"])).endswith("me (you): After")


async def cut_off(memory):
    """Let the lease of what is pending end."""
    apsw.Connection(str(memory)).execute("UPDATE writes SET lease = 0")
