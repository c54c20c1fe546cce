import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from dragoman import InvalidArgument, provider_class, provider_names
from dragoman.testing import ToolError, connect

SOURCE = Path(__file__).with_name("carrier_pigeon.py")
BIRDS = {"accounts": {"birds": {"provider": "carrier-pigeon", "loft": "north", "write": "allow"}}}
BROKEN = {"accounts": {"birds": {"provider": "broken-pigeon"}}}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder into which pip has installed somebody's package: one file with a provider, and one that is broken."""
    wheel = tmp_path_factory.mktemp("wheels") / "pigeon_post-1.0-py3-none-any.whl"
    information = "pigeon_post-1.0.dist-info"
    points = "carrier-pigeon = pigeon_post:CarrierPigeon\nbroken-pigeon = broken_post:Pigeon\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pigeon_post.py", SOURCE.read_text())
        archive.writestr("broken_post.py", "import a_library_that_is_not_installed\n")
        archive.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/entry_points.txt", f"[dragoman.providers]\n{points}")
        archive.writestr(f"{information}/RECORD", "")
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", folder, wheel], check=True, capture_output=True)
    return folder


@pytest.fixture
def installed(packages, monkeypatch):
    """The package is where Python finds it; returns what its pigeons fly over."""
    monkeypatch.syspath_prepend(packages)
    lofts = import_module("pigeon_post").LOFTS
    lofts.clear()
    return lofts


@pytest.fixture
def loft(installed):
    from pigeon_post import Conversation, Loft  # there is such a module once it is installed

    installed["north"] = Loft(rooms={"tower/1": Conversation(id="tower/1", title="The tower")}, letters={"tower/1": []})
    return installed["north"]


@pytest.mark.anyio
async def test_a_provider_of_another_package_works_through_the_whole_server(loft):
    async with connect(BIRDS) as client:
        rooms = await client.call("list_conversations")
        assert "The tower" in rooms
        assert "birds:tower%2F1" in rooms
        sent = await client.call("send_message", conversation="The tower", text="Cloudy in the north")
        assert "Cloudy in the north" in sent
        found = await client.call("search_messages", query="cloudy", account="birds")
        assert "1 hit" in found
        assert "in the north" in found
    assert [letter.text for letter in loft.letters["tower/1"]] == ["Cloudy in the north"]


@pytest.mark.anyio
async def test_an_error_of_such_a_provider_reaches_the_client_as_its_sentence(loft):
    from dragoman import Unavailable  # used in this test only

    async with connect(BIRDS) as client:
        loft.failure = Unavailable
        with pytest.raises(ToolError, match=r"The pigeon came back without a letter\. Send it again tomorrow\."):
            await client.call("list_messages", conversation="birds:tower%2F1")


@pytest.mark.anyio
@pytest.mark.usefixtures("installed")
async def test_a_misspelt_setting_of_such_a_provider_is_told_by_its_key():
    settings = {"accounts": {"birds": {"provider": "carrier-pigeon", "loft": "north", "whistel": "phew"}}}
    with pytest.raises(InvalidArgument, match=r"accounts\.birds\.whistel") as refused:
        async with connect(settings):
            pass
    assert "phew" not in str(refused.value)


@pytest.mark.anyio
@pytest.mark.usefixtures("installed")
async def test_a_provider_that_cannot_be_imported_is_told_with_its_package():
    with pytest.raises(
        InvalidArgument, match=r"'broken-pigeon' cannot be imported: .* Reinstall the package 'pigeon-post'"
    ):
        async with connect(BROKEN):
            pass


@pytest.mark.anyio
async def test_a_provider_that_is_not_installed_is_told_with_those_that_are():
    with pytest.raises(InvalidArgument, match=r"accounts\.birds\.provider.*local"):
        async with connect(BIRDS):
            pass


def test_without_the_package_nothing_of_it_is_known(packages):
    assert str(packages) not in sys.path
    assert "carrier-pigeon" not in provider_names()
    with pytest.raises(InvalidArgument, match="There is no provider 'carrier-pigeon'"):
        provider_class("carrier-pigeon")
