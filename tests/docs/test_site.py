"""The documentation is built without a warning, and the links of what lies beside it lead somewhere."""

import os
import re
import subprocess
import sys

import pytest

import doc_pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
BESIDE = [file for file in doc_pages.PAGES if file.parent == doc_pages.ROOT]


def anchors(text):
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_site_is_built_strictly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=doc_pages.ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    built = {file.relative_to(tmp_path / "site").with_suffix(".md") for file in (tmp_path / "site").rglob("*.html")}
    pages = {file.relative_to(doc_pages.ROOT / "docs") for file in (doc_pages.ROOT / "docs").rglob("*.md")}
    assert pages <= built


@pytest.mark.parametrize("file", BESIDE, ids=lambda file: file.name)
def test_a_link_leads_to_a_file_and_a_heading_of_it(file):
    for target in LINK.findall(doc_pages.prose(file.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path) if path else file
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text(encoding="utf-8")), target


def test_a_dead_link_is_noticed(tmp_path):
    (tmp_path / "docs").mkdir()
    settings = doc_pages.page("mkdocs.yml").partition("nav:\n  - index.md")[0]
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](b.md) and [c](#nowhere)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path / "site")],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 1
    assert "'b.md'" in done.stderr
    assert "#nowhere" in done.stderr
