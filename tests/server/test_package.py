import subprocess
import sys
import tarfile
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
    assert "dragoman/data/team_chat.json" in names
    assert sum(name.endswith("/recording.json") for name in names) == 4
    assert {"dragoman/py.typed", "dragoman_server/py.typed"} <= names


def test_the_wheel_has_the_command_the_fixture_and_the_licence(built):
    with zipfile.ZipFile(built[0]) as wheel:
        information = {name.partition("/")[2]: name for name in wheel.namelist() if ".dist-info/" in name}
        points = wheel.read(information["entry_points.txt"]).decode()
    assert "dragoman = dragoman_server.cli:main" in points
    assert "dragoman = dragoman.pytest_plugin" in points
    assert "licenses/LICENSE" in information


def test_the_source_archive_holds_exactly_the_two_packages_and_what_describes_them(built):
    with tarfile.open(built[1]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    packages = {f"server/{name}" if name.startswith("dragoman_server") else f"tools/{name}" for name in EVERYTHING}
    assert names == packages | {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}


def test_the_wheel_works_without_the_sources(built, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(site)  # noqa: S202  # our own archive
    program = (
        "import dragoman_server, sys; print(dragoman_server.__file__); from dragoman_server.cli import main; main()"
    )
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
    assert rest[-1].startswith("7 tools")
