import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the source archive, built from a copy of what is committed or about to be."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--sdist",
        "--outdir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def sources(folder: str, package: str) -> set[str]:
    files = (ROOT / folder / package).rglob("*")
    return {
        file.relative_to(ROOT / folder).as_posix()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"
    }


EVERYTHING = sources("server", "dragoman_server") | sources("tools", "dragoman")


def test_the_wheel_holds_exactly_the_two_packages(built):
    with zipfile.ZipFile(built[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == EVERYTHING
    assert "dragoman/archives/samples/team_chat.json" in names
    assert sum(name.endswith("/recording.json") for name in names) == 6
    assert {"dragoman/py.typed", "dragoman_server/py.typed"} <= names


def test_the_wheel_has_the_command_the_fixture_and_the_licence(built):
    with zipfile.ZipFile(built[0]) as wheel:
        information = {name.partition("/")[2]: name for name in wheel.namelist() if ".dist-info/" in name}
        points = wheel.read(information["entry_points.txt"]).decode()
    assert "dragoman = dragoman_server.cli.entry:main" in points
    assert "dragoman_server/transports/stdio/snapshot.json" in wheel.namelist()
    assert "dragoman = dragoman.testing.pytest_plugin" in points
    assert "licenses/LICENSE" in information


def test_the_source_archive_holds_exactly_the_two_packages_and_what_describes_them(built):
    with tarfile.open(built[1]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    packages = {f"server/{name}" if name.startswith("dragoman_server") else f"tools/{name}" for name in EVERYTHING}
    assert names == packages | {
        "README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "pyproject.toml", "PKG-INFO", ".gitignore",
    }  # fmt: skip


def test_the_wheel_works_without_the_sources(built, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(site)  # noqa: S202  # our own archive
    program = "import dragoman_server as s; print(s.__file__)\nfrom dragoman_server.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "tools"],
        env={"PYTHONPATH": str(site), "PATH": "", "DRAGOMAN_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    first, *rest = done.stdout.decode().splitlines()
    assert first.startswith(str(site))
    assert rest[-1].startswith("8 tools")


@pytest.fixture
def bare(built, tmp_path):
    """The wheel installed by pip into an environment of its own; what it needs is lent by this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True, timeout=60)
    folder = tmp_path / "bare" / ("Scripts" if sys.platform == "win32" else "bin")
    python = folder / ("python.exe" if sys.platform == "win32" else "python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, str(built[0])], check=True, timeout=60, capture_output=True)
    (site,) = (tmp_path / "bare").glob("[Ll]ib/**/site-packages")
    lent = sysconfig.get_path("purelib")  # without what its .pth files add, which is where our sources come from
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path):
    """The environment of somebody who has nothing else."""
    return {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "DRAGOMAN_DATA": str(tmp_path / "data"), "PATH": ""}


def test_the_installed_wheel_serves_a_client_and_knows_its_own_command(bare, home, tmp_path):
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "list_conversations", "arguments": {}}},
    ]
    answers: dict[int, dict[str, object]] = {}
    with subprocess.Popen(
        [bare / "dragoman", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home, cwd=tmp_path
    ) as server:
        for line in lines:
            server.stdin.write(json.dumps({"jsonrpc": "2.0", **line}).encode() + b"\n")
        server.stdin.flush()
        while 3 not in answers and (line := server.stdout.readline()):
            message = json.loads(line)
            answers[message.get("id", 0)] = message.get("result")
        server.stdin.close()
    assert "list_messages" in [tool["name"] for tool in answers[2]["tools"]]
    assert answers[3].get("isError", False) is False
    command = [bare / "dragoman", "install", "cursor", "--dry-run"]
    done = subprocess.run(command, env=home, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert f'"command": "{bare / "dragoman"}"' in done.stdout.decode()
    assert not (tmp_path / ".cursor").exists()


def test_the_installed_wheel_serves_over_http(bare, home, tmp_path):
    command = [bare / "dragoman", "serve", "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=home, cwd=tmp_path) as server:
        try:
            address = re.search(rb"http://127\.0\.0\.1:\d+/mcp", server.stderr.readline())[0].decode()
            call = {"name": "list_conversations", "arguments": {}}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            request = urllib.request.Request(address, json.dumps(asked).encode(), headers)  # noqa: S310  # loopback
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
                assert "0 conversations" in answer.read().decode()
        finally:
            server.kill()
