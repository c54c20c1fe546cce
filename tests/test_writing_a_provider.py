"""The provider that docs/writing-a-provider.md builds is one: it passes the contract and works through a server."""

import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from textwrap import indent

import pytest

PROVIDERS = Path(__file__).parents[1] / "tools" / "dragoman" / "providers"
DOCUMENT = (Path(__file__).parents[1] / "docs" / "writing-a-provider.md").read_text(encoding="utf-8")
BLOCK = r'```\w+ title="([^",]+)(, in \w+)?"\n(.*?)```'
USE = """
import anyio
from dragoman.testing import connect

SETTINGS = {"accounts": {"notes": {
    "provider": "markdown-folder", "folder": "notes", "name": "Ann Lee", "key": {"env": "NOTES_KEY"}, "write": "allow",
}}}

async def main():
    async with connect(SETTINGS) as client:
        print(await client.call("list_conversations"))
        print(await client.call("send_message", conversation="general", text="## No heading"))
        print(await client.call("list_messages", conversation="notes:general"))

anyio.run(main)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The files of the document, installed as a package would be."""
    files = defaultdict(str)
    for title, inside, block in re.findall(BLOCK, DOCUMENT, re.DOTALL):
        files[title] += indent(block, "    ") if inside else f"\n\n{block}"
    folder = tmp_path_factory.mktemp("package")
    for title, content in files.items():
        (folder / title).parent.mkdir(exist_ok=True)
        (folder / title).write_text(content, encoding="utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    [(group, points)] = project["entry-points"].items()
    information = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (information / "entry_points.txt").write_text("\n".join(lines))
    return folder


def run(package, *command, cwd=None):
    env = {**os.environ, "PYTHONPATH": str(package), "NOTES_KEY": "a-key-of-the-notes"}
    ran = subprocess.run(
        [sys.executable, *command], cwd=cwd or package, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout


def test_the_provider_passes_the_contract(package):
    shown = run(package, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "test_markdown_folder.py")
    assert int(re.findall(r"(\d+) passed", shown)[0]) > 40


def test_it_is_found_by_its_entry_point_and_works_through_the_whole_server(package, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "general.md").write_text("## 2026-03-10T09:00:00Z m1 - Bo Ray\nHello\n")
    shown = run(package, "-c", USE, cwd=tmp_path)
    assert "general" in shown
    assert "Bo Ray: Hello" in shown
    assert "Ann Lee (you): ## No heading" in shown
    assert "signature does not fit" not in shown
    assert "\\## No heading" in (notes / "general.md").read_text()


def test_the_settings_of_the_document_are_read(package):
    settings = re.search(r'```toml title="dragoman.toml"\n(.*?)```', DOCUMENT, re.DOTALL)[1]
    code = f"from dragoman_server.config import load; import tomllib; load.from_mapping(tomllib.loads({settings!r}))"
    run(package, "-c", code)


def test_the_table_of_costs_has_the_lines_that_the_providers_have(package):
    folders = [package / "markdown_folder", *(PROVIDERS / name for name in ("convore", "slack"))]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in DOCUMENT.splitlines() if line.startswith("| ")]
    costs = [
        [int(cell.replace(",", "")) for cell in cells[1:]] for cells in rows if cells[-1].replace(",", "").isdigit()
    ]
    for folder, parts, together in zip(folders, zip(*costs[:-1], strict=True), costs[-1], strict=True):
        lines = sum(len(file.read_text("utf-8").splitlines()) for file in folder.glob("*.py"))
        assert sum(parts) == pytest.approx(together, rel=0.05)
        assert together == pytest.approx(lines, rel=0.15)
