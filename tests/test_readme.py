"""What the README shows works as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from dragoman.accounts import provider_registry
from dragoman.providers.base.provider import Capability, Provider
from dragoman_server.cli.main import cli
from dragoman_server.config import load

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_three_lines_script_a_server_in_another_suite(pytester: pytest.Pytester) -> None:
    (script,) = (block for block in blocks("python") if "def test_" in block)
    pytester.makepyfile(script)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_provider_is_one() -> None:
    (source,) = (block for block in blocks("python") if "class CarrierPigeon" in block)
    names: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), names)  # noqa: S102  # the README's own example
    pigeon = names["CarrierPigeon"]
    assert isinstance(pigeon, type)
    assert issubclass(pigeon, Provider)
    assert pigeon.capabilities() == {Capability.LIST_MESSAGES}


def test_the_settings_are_accepted() -> None:
    (settings,) = (block for block in blocks("toml") if "timezone" in block)
    assert list(load.from_mapping(tomllib.loads(settings)).accounts) == ["local"]


def test_every_command_is_in_the_table_and_no_other() -> None:
    table = README.split("## Commands\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`dragoman ([a-z-]+)", table)) == set(cli.commands)
    assert CliRunner().invoke(cli, ["--help"]).exit_code == 0


def test_every_promise_of_safety_names_tests_that_exist() -> None:
    table = README.split("## What can go wrong, and what stops it\n")[1].split("\n## ")[0]
    _head, _rule, *rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows
    for row in rows:
        named = re.findall(r"`(\w+)::(test_\w+)`", row.rpartition(" | ")[2])
        assert named, row
        for module, test in named:
            (file,) = (ROOT / "tests").rglob(f"{module}.py")
            assert re.search(rf"^ *(?:async )?def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE), test


def test_every_provider_has_a_page() -> None:
    pages = {file.stem for file in (ROOT / "docs" / "providers").glob("*.md")}
    assert pages == provider_registry.BUILT_IN.keys() - {"local"}
    for name in provider_registry.BUILT_IN:
        assert f"`{name}`" in README


@pytest.mark.parametrize("command", ["demo", "test", "check", "bench", "serve", "bundle"])
def test_the_commands_of_the_first_screen_are_those_of_the_script(command: str) -> None:
    assert f"./run {command} " in README
    assert command in (ROOT / "run").read_text(encoding="utf-8")
