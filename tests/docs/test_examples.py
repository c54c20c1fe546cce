"""The examples on the pages work as they stand there."""

import re

import pytest

import doc_pages
from dragoman.accounts import provider_registry
from dragoman.providers.base.provider import Capability, Provider

pytest_plugins = ["pytester"]


def python_blocks(words: str) -> list[doc_pages.Block]:
    return [block for block in doc_pages.blocks("python") if words in block.text and not block.info]


def page_of(block: doc_pages.Block) -> str:
    return block.page


@pytest.mark.parametrize("block", python_blocks("def test_"), ids=page_of)
def test_a_test_of_the_pages_passes_in_another_suite(block: doc_pages.Block, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(block.text)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize("block", python_blocks("anyio.run("), ids=page_of)
def test_a_program_of_the_pages_runs(block: doc_pages.Block, pytester: pytest.Pytester) -> None:
    done = pytester.runpython(pytester.makepyfile(program=block.text))
    assert done.ret == 0
    assert "conversations" in done.stdout.str()


def test_the_provider_in_short_is_one() -> None:
    [block] = [it for it in doc_pages.blocks("python") if "class CarrierPigeon" in it.text]
    names: dict[str, object] = {}
    exec(compile(block.text, block.page, "exec"), names)  # noqa: S102  # the page's own example
    pigeon = names["CarrierPigeon"]
    assert isinstance(pigeon, type)
    assert issubclass(pigeon, Provider)
    assert pigeon.capabilities() == {Capability.LIST_MESSAGES}


def test_every_python_block_is_run_by_a_test() -> None:
    run = [it for words in ("def test_", "anyio.run(", "class CarrierPigeon") for it in python_blocks(words)]
    elsewhere = {"docs/writing-a-provider.md", "docs/archives.md"}  # test_writing_a_provider, archives/test_own_format
    assert {block.page for block in doc_pages.blocks("python") if block not in run} <= elsewhere


def test_every_promise_of_safety_names_tests_that_exist() -> None:
    text = doc_pages.page("docs/security.md").split("\n## ", 2)[2]
    promises = re.findall(r"^- ", text, re.MULTILINE)
    named = [re.findall(r"(\w+)::(test_\w+)", comment) for comment in re.findall(r"<!-- shown by: (.*?) -->", text)]
    assert len(named) == len(promises) > 10
    assert all(named)
    for module, test in (pair for pairs in named for pair in pairs):
        (file,) = (doc_pages.ROOT / "tests").rglob(f"{module}.py")
        assert re.search(rf"^ *(?:async )?def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE), test


def test_every_provider_has_a_page_and_stands_in_the_list() -> None:
    pages = {file.stem for file in (doc_pages.ROOT / "docs" / "providers").glob("*.md")}
    assert pages == (provider_registry.BUILT_IN.keys() - {"local"}) | {"index"}
    listed = doc_pages.page("docs/providers/index.md")
    readme = doc_pages.page("README.md")
    for name in pages - {"index"}:
        assert f"[`{name}`]({name}.md)" in listed
        assert f"(docs/providers/{name}.md)" in readme


def test_the_readme_has_at_most_200_lines() -> None:
    assert len(doc_pages.page("README.md").splitlines()) <= 200
