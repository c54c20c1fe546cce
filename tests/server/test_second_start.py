"""What the first start with settings finds out makes the next ones answer at once."""

import json
import os
import sys

import pytest
from click.testing import CliRunner

from dragoman._version import __version__
from dragoman_server.cli.main import cli
from dragoman_server.config.load import load
from dragoman_server.transports.stdio import predicted_results, start_cache, start_record
from outside_provider import install_provider

pytestmark = pytest.mark.usefixtures("fresh_interpreters")

NOVEL = """
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from dragoman.core.model import Page
from dragoman.providers.base.provider import AccountSettings, Provider


class NovelSettings(AccountSettings):
    shelf: str = "a"

    @field_validator("shelf")
    @classmethod
    def _known(cls, value):
        if value == "bad":
            raise ValueError("there is no such shelf")
        return value

    @model_validator(mode="after")
    def _together(self):
        return self


class Novel(Provider):
    name = "novel"
    Settings = NovelSettings
    about: ClassVar[str] = "letters of a novel"

    async def list_messages(self, conversation, query):
        return Page(items=[])
"""


@pytest.fixture
def novel(tmp_path, monkeypatch):
    site = tmp_path / "site"
    install_provider(site, "novel", NOVEL, "Novel", package="novel-post")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    file = tmp_path / "mine.toml"
    file.write_text('[accounts.book]\nprovider = "novel"\nshelf = "b"\n', encoding="utf-8")
    yield file
    sys.modules.pop("novel", None)


def predicted(file) -> dict | None:
    return predicted_results.predict_results(str(file), read_only=False)


def names(results: dict) -> list[str]:
    return [tool["name"] for tool in results["2025-06-18"]["tools/list"]["tools"]]


def test_a_provider_of_another_package_is_known_from_the_second_start_on(novel):
    assert predicted(novel) is None
    start_record.remember(load(novel))
    found = predicted(novel)
    assert names(found) == ["list_messages", "search_messages", "get_updates"]
    assert "letters of a novel (book)" in found["2025-06-18"]["initialize"]["instructions"]


@pytest.mark.parametrize("words", [["check"], ["install", "cursor", "--file", "mcp.json"]])
def test_the_first_start_knows_what_a_command_has_found_out_before(novel, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert predicted(novel) is None
    CliRunner().invoke(cli, [*words, "--config", str(novel)])
    assert names(predicted(novel)) == ["list_messages", "search_messages", "get_updates"]


def test_a_command_that_changes_nothing_keeps_nothing(novel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(cli, ["install", "cursor", "--file", "mcp.json", "--dry-run", "--config", str(novel)])
    assert predicted(novel) is None


def test_settings_that_only_the_models_can_judge_are_known_from_the_second_start_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    file = tmp_path / "mine.toml"
    file.write_text(
        '[accounts.a]\nprovider = "local"\nwrite = "off"\nwrite_to = ["a:half%20way", "ünlaut"]\n', encoding="utf-8"
    )
    assert predicted(file) is None
    start_record.remember(load(file))
    assert "send_message" not in names(predicted(file))
    file.write_text(file.read_text(encoding="utf-8") + "max_tokens = 1\n", encoding="utf-8")
    assert predicted(file) is None


@pytest.mark.parametrize("change", ["code", "version", "settings", "program"])
def test_what_has_changed_since_is_looked_at_again(novel, tmp_path, monkeypatch, change):
    start_record.remember(load(novel))
    assert predicted(novel) is not None
    if change == "code":
        (tmp_path / "site" / "novel.py").write_text(NOVEL + "\n# changed\n", encoding="utf-8")
    elif change == "version":
        (tmp_path / "site" / "novel_post-1.0.dist-info").rename(tmp_path / "site" / "novel_post-1.1.dist-info")
    elif change == "settings":
        novel.write_text('[accounts.book]\nprovider = "novel"\nshelf = "bad"\n', encoding="utf-8")
    else:
        monkeypatch.setattr(start_cache, "version_of", lambda snapshot: "0.0.0+other")
    assert predicted(novel) is None


OTHER = '{"version": "VERSION", "providers": [], "settings": {}}'


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '{"version": 1}', OTHER])
def test_a_damaged_cache_is_none(novel, tmp_path, content):
    start_record.remember(load(novel))
    content = content.replace("VERSION", __version__)
    (tmp_path / "data" / start_cache.FILE_NAME).write_text(content, encoding="utf-8")
    assert predicted(novel) is None
    start_record.remember(load(novel))
    assert predicted(novel) is not None


@pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")
def test_a_cache_that_others_could_write_says_nothing(novel, tmp_path):
    start_record.remember(load(novel))
    (tmp_path / "data" / start_cache.FILE_NAME).chmod(0o666)
    assert predicted(novel) is None


def test_a_data_folder_that_cannot_be_written_costs_only_time(novel, tmp_path):
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    start_record.remember(load(novel))
    assert predicted(novel) is None


def test_the_cache_stays_small(novel, tmp_path):
    for number in range(start_cache.MOST_SETTINGS + 5):
        novel.write_text(f'[accounts.book]\nprovider = "novel"\nshelf = "{number}"\n', encoding="utf-8")
        start_record.remember(load(novel))
    cache = json.loads((tmp_path / "data" / start_cache.FILE_NAME).read_text(encoding="utf-8"))
    assert len(cache["settings"]) == start_cache.MOST_SETTINGS


def test_a_server_remembers_by_itself_and_answers_alike_the_second_time(serve, novel, tmp_path, environment):
    answers = []
    for _ in range(2):
        with serve("--config", str(novel), "--log-level", "error", PYTHONPATH=str(tmp_path / "site")) as server:
            greeting = server.ask(0, "initialize", {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
            })  # fmt: skip
            server.send({"method": "notifications/initialized"})
            answers.append((greeting, server.ask(1, "tools/list")))
    assert answers[0] == answers[1]
    assert predicted(novel) is not None
