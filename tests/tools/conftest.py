import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dragoman.accounts import provider_registry
from dragoman.testing.journal_service import JournalService
from dragoman.testing.scripted_server import ScriptedServer
from dragoman_server.cli.main import cli

sys.path.insert(0, str(Path(__file__).parent))  # for journal_writing, writing_world and writing_laws

from journal_writing import PROVIDER, ROOM, settings  # found by the line above

CORPUS = Path(__file__).parents[2] / "tools" / "dragoman" / "archives" / "samples" / "team_chat.json"


@pytest.fixture(scope="module")
def harbor_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the team chat, loaded as a user loads it."""
    data = tmp_path_factory.mktemp("harbor")
    outcome = CliRunner().invoke(cli, ["import", str(CORPUS)], env={"DRAGOMAN_DATA": str(data)})
    assert outcome.exit_code == 0, outcome.output
    return data


@pytest.fixture(scope="module")
def harbor(harbor_data: Path) -> Iterator[ScriptedServer]:
    """A server over the team chat; tests that share it only read."""
    with ScriptedServer({"timezone": "UTC"}, data=harbor_data) as server:
        yield server


@pytest.fixture
def dragoman_config() -> dict[str, object]:
    return {"timezone": "UTC"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JournalService:
    monkeypatch.setitem(provider_registry.BUILT_IN, "journal", PROVIDER)
    return JournalService(tmp_path / "service")


@pytest.fixture
def server(service: JournalService, tmp_path: Path) -> Iterator[ScriptedServer]:
    with ScriptedServer(settings(service), data=tmp_path) as server:
        yield server


@pytest.fixture
def change(service):
    """A change of a message of somebody else's."""
    return {"message": f"{ROOM}/{service.say('room', 'Before')}", "text": "After"}
