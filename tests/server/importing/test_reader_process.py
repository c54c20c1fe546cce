"""Large archives are read by a process of their own, which changes nothing but the time."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import anyio
import pytest
from chat_lines import line
from tests.benchmarks.archive_forms import FORMS, make_texts

from dragoman.archives import reading
from dragoman.archives.reader_process import parent
from dragoman.core.errors import DragomanError, InvalidArgument, Unavailable
from dragoman_server.commands.import_files import ImportRequest, load, loader
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

TABLES = ("local_messages", "local_authors", "local_places", "local_index_data")


@pytest.fixture
def children(monkeypatch):
    """Every archive is large enough for a process; those that were asked to read."""
    asked = []
    open_ = parent.ReaderProcess.open

    def ask(reader, *arguments):
        asked.append(reader._child)
        return open_(reader, *arguments)

    monkeypatch.setattr(reading, "LEAST_LARGE", 0)
    monkeypatch.setattr(parent.ReaderProcess, "open", ask)
    return asked


def config_in(folder):
    folder.mkdir(exist_ok=True)
    settings = {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(folder / "notes.db")}}}
    return from_mapping(settings, data=folder)


async def import_into(folder, *paths, **options):
    async with tool_context.open_services(config_in(folder)) as shared:
        return await load(shared, ImportRequest(paths=paths, **options))


def content(folder):
    with closing(sqlite3.connect(folder / "notes.db")) as con:
        return {table: list(con.execute(f"SELECT * FROM {table}")) for table in TABLES}  # noqa: S608 - names above


@pytest.mark.anyio
@pytest.mark.parametrize("form", FORMS)
async def test_a_process_of_its_own_reads_the_same(form, tmp_path, children, monkeypatch):
    archive = tmp_path / form
    FORMS[form](archive, (f"{text} build_48{n} https://x.example" for n, text in enumerate(make_texts(120))))
    monkeypatch.setattr(loader, "BATCH", 50)
    beside = await import_into(tmp_path / "beside", archive)
    again = await import_into(tmp_path / "beside", archive)
    assert len(children) == 1, "none reads what is known"
    monkeypatch.setattr(reading, "LEAST_LARGE", 1 << 60)
    alone = await import_into(tmp_path / "alone", archive)
    assert len(children) == 1
    assert beside.summary == alone.summary
    assert again.unchanged
    assert content(tmp_path / "beside") == content(tmp_path / "alone")


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such pipes")
def test_a_reader_that_has_read_everything_ends_quietly(tmp_path):
    FORMS["json_lines"](tmp_path / "a", make_texts(10))
    program = (
        "import sys; from pathlib import Path; from dragoman.archives import Notes\n"
        "from dragoman.archives.reader_process.parent import reader_process\n"
        "from dragoman.archives.reading import ReadRequest\n"
        "with reader_process(Notes(), lambda _: iter(())) as reader:\n"
        "    reader.begin(ReadRequest(paths=(Path(sys.argv[1]),)), 100)\n"
        "    reader.open()\n"
        "    while reader.next_batch(): pass\n"
        "    print(reader._child.wait())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a")], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("0\n", "")


@pytest.mark.anyio
async def test_what_is_there_already_is_merged(tmp_path, file, children):
    first = file(line(id="a", text="one"), line(id="b", text="two"), line(id="b", text="two again"))
    await import_into(tmp_path / "store", first)
    (tmp_path / "later.jsonl").write_text(
        line(id="a", text="one") + line(id="b", text="three") + line(id="c", deleted_at="2026-01-01T00:00:00Z")
    )
    again = await import_into(tmp_path / "store", tmp_path / "later.jsonl")
    assert again.summary == "3 read, 0 new, 1 changed, 1 known, 1 skipped"
    assert len(children) == 2


@pytest.mark.anyio
async def test_what_cannot_be_read_is_counted_as_ever(tmp_path, file, children):
    report = await import_into(
        tmp_path / "store", file(line(id="a"), "no JSON\n", line(id="b"), line(text=None, sent_at="x"))
    )
    assert report.summary == "4 read, 2 new, 0 changed, 0 known, 2 skipped"
    assert sum(map(len, (reason.places for reason in report.notes.reasons.values()))) == 2
    assert children


@pytest.mark.anyio
async def test_a_mail_of_a_stored_thread_keeps_its_conversation(tmp_path, children):
    def mail(id_, *others):
        head = f"From: a@x.example\nDate: Tue, 10 Mar 2026 09:00:00 +0000\nMessage-ID: <{id_}>\n"
        return f"{head}References: {' '.join(others)}\n\nx\n"

    for id_, others in (("a@x", ()), ("b@x", ("<a@x>",))):
        (tmp_path / id_).write_text(mail(id_, *others))
        await import_into(tmp_path / "store", tmp_path / id_)
    assert [row[2] for row in content(tmp_path / "store")["local_places"]] == ["mail.a@x"]
    assert len(children) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("options", "said"), [({}, "No archive was recognised"), ({"format": "nothing"}, "no archive format")]
)
async def test_what_is_no_archive_is_told_without_a_process(tmp_path, file, children, options, said):
    with pytest.raises(InvalidArgument, match=said):
        await import_into(tmp_path / "store", file("just some words\n"), **options)
    assert not children


@pytest.mark.anyio
async def test_a_reader_that_is_killed_is_told_with_what_is_stored(tmp_path, children, monkeypatch):
    monkeypatch.setattr(loader, "BATCH", 100)
    FORMS["json_lines"](tmp_path / "a", make_texts(20_000))

    def progress(_position, _size, _number):
        children[0].kill()

    async with tool_context.open_services(config_in(tmp_path / "store")) as shared:
        with pytest.raises(Unavailable, match=r"ended too early \(SIGKILL\).* entries before that are stored"):
            await load(shared, ImportRequest(paths=(tmp_path / "a",)), progress)
        stored = len(content(tmp_path / "store")["local_messages"])
        assert 0 < stored < 20_000
        report = await load(shared, ImportRequest(paths=(tmp_path / "a",)))
    assert report.counts.known == stored
    assert report.counts.new == 20_000 - stored


@pytest.mark.anyio
async def test_a_reader_ends_with_an_import_that_is_cancelled(tmp_path, children, monkeypatch):
    monkeypatch.setattr(loader, "BATCH", 100)
    FORMS["json_lines"](tmp_path / "a", make_texts(20_000))
    async with tool_context.open_services(config_in(tmp_path / "store")) as shared:
        with anyio.CancelScope() as scope:
            await load(shared, ImportRequest(paths=(tmp_path / "a",)), lambda *_: scope.cancel())
    assert scope.cancelled_caught
    assert children[0].poll() is not None


@pytest.mark.anyio
async def test_a_store_that_fails_ends_the_reader(tmp_path, children, monkeypatch):
    FORMS["json_lines"](tmp_path / "a", make_texts(200))
    async with tool_context.open_services(config_in(tmp_path / "store")) as shared:
        provider = await shared.workspace.account("local").provider()

        async def fail(batch):
            raise Unavailable("The disk is full.")

        monkeypatch.setattr(provider, "import_prepared", fail)
        with pytest.raises(DragomanError, match=r"The disk is full\. Nothing of the import was stored\."):
            await load(shared, ImportRequest(paths=(tmp_path / "a",)))
    assert children[0].poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such signals")
def test_a_reader_ends_with_a_parent_that_is_killed(tmp_path):
    FORMS["json_lines"](tmp_path / "a", make_texts(60_000))
    program = (
        "import sys; from pathlib import Path; from dragoman.archives import Notes\n"
        "from dragoman.archives.reader_process.parent import reader_process\n"
        "from dragoman.archives.reading import ReadRequest\n"
        "with reader_process(Notes(), lambda _: iter(())) as reader:\n"
        "    reader.begin(ReadRequest(paths=(Path(sys.argv[1]),)), 100)\n"
        "    reader.open()\n"
        "    reader.next_batch(); print(reader._child.pid, flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as importer:
        assert importer.stdout is not None
        reader = int(importer.stdout.readline())
        importer.send_signal(signal.SIGKILL)
        importer.wait()
    deadline = time.monotonic() + 20
    while is_running(reader):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.anyio
async def test_a_packed_archive_is_read_by_a_process_when_its_content_is_large(tmp_path, children, monkeypatch):
    FORMS["slack"](tmp_path / "a.zip", make_texts(2_000))
    size = (tmp_path / "a.zip").stat().st_size
    monkeypatch.setattr(reading, "LEAST_LARGE", 2 * size)
    report = await import_into(tmp_path / "store", tmp_path / "a.zip")
    assert report.counts.new == 2_000
    assert len(children) == 1


@pytest.mark.anyio
async def test_a_mistake_in_what_the_storing_process_does_for_the_reader_is_counted(tmp_path, children, monkeypatch):
    def fail(function, _argument):
        raise RecursionError(function.__name__)

    monkeypatch.setattr(parent, "_outcome", lambda function, argument: error_of(fail, function, argument))
    FORMS["mbox"](tmp_path / "a", make_texts(100))
    report = await import_into(tmp_path / "store", tmp_path / "a")
    assert [str(reason) for reason in report.notes.reasons] == ["the reader of this format failed (RecursionError)"]
    assert children


def error_of(work, *arguments):
    try:
        return work(*arguments)
    except RecursionError as error:
        return error
