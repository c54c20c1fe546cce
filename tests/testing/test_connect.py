import subprocess
import sys

import mcp
import mcp_types
import pytest

from dragoman import DragomanError
from dragoman.testing import ToolError, connect

LETTER = {"conversation": "local:room", "text": "Hi", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_a_whole_server_answers_in_every_era(mode):
    async with connect(mode=mode) as client:
        await client.call("import_message", **LETTER)
        assert "Ann: Hi" in await client.call("list_messages", conversation="local:room")


@pytest.mark.anyio
async def test_the_client_is_the_one_of_the_sdk():
    async with connect() as client:
        assert isinstance(client, mcp.Client)
        assert "list_messages" in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("list_messages", {"conversation": "local:nowhere"})
        assert result.is_error


@pytest.mark.anyio
async def test_an_error_of_a_tool_is_raised_with_what_an_assistant_reads():
    async with connect() as client:
        result = await client.call_tool("list_messages", {"conversation": "local:nowhere"})
        with pytest.raises(ToolError) as refused:
            await client.call("list_messages", conversation="local:nowhere")
        assert str(refused.value) == result.content[0].text


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_tool_that_does_not_exist_is_refused_as_a_tool_refuses(mode):
    async with connect(mode=mode) as client:
        with pytest.raises(ToolError, match="nope_tool"):
            await client.call("nope_tool")
        assert "0 conversations" in await client.call("list_conversations")


@pytest.mark.anyio
async def test_each_server_forgets_unless_it_is_given_a_folder(tmp_path):
    for _ in range(2):
        async with connect() as client:
            assert "room" not in await client.call("list_conversations")
            await client.call("import_message", **LETTER)
    async with connect(data=tmp_path) as client:
        await client.call("import_message", **LETTER)
    async with connect(data=str(tmp_path)) as client:
        assert "Ann: Hi" in await client.call("list_messages", conversation="local:room")
    assert {path.name for path in tmp_path.iterdir()} == {"dragoman.db"}


@pytest.mark.anyio
async def test_settings_come_as_a_file_its_path_its_text_or_a_mapping(tmp_path):
    text = '[accounts.notes]\nprovider = "local"\nwrite = "allow"\n'
    file = tmp_path / "dragoman.toml"
    file.write_text(text)
    for config in (file, str(file), text, {"accounts": {"notes": {"provider": "local", "write": "allow"}}}):
        async with connect(config) as client:
            await client.call("import_message", **LETTER | {"conversation": "notes:room"})
            assert "notes:room" in await client.call("list_conversations")


@pytest.mark.anyio
async def test_settings_and_data_of_the_person_are_left_alone(tmp_path, monkeypatch):
    (tmp_path / "dragoman.toml").write_text("timezone = 7")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "missing.toml"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    async with connect() as client:
        await client.call("import_message", **LETTER)
    assert not (tmp_path / "data").exists()


@pytest.mark.anyio
async def test_an_account_keeps_the_path_that_its_settings_name(tmp_path):
    file = tmp_path / "notes.db"
    config = {"accounts": {"local": {"provider": "local", "write": "allow", "path": str(file)}}}
    async with connect(config) as client:
        await client.call("import_message", **LETTER)
    assert file.exists()


@pytest.mark.anyio
@pytest.mark.parametrize("config", ["max_tokens = 1", {"max_tokens": 1}, "[accounts.x]\nprovider = 'nobody'"])
async def test_wrong_settings_are_told_on_entering(config):
    with pytest.raises(DragomanError, match=r"max_tokens|provider"):
        async with connect(config):
            pass


@pytest.mark.anyio
async def test_the_client_takes_what_the_clients_of_the_sdk_take():
    asked = []

    async def answer(_context, params):
        asked.append(params)
        return mcp_types.ElicitResult(action="decline")

    info = mcp_types.Implementation(name="a-test", version="1")
    async with connect(elicitation_callback=answer, client_info=info, read_timeout_seconds=20) as client:
        assert client.client_info is info
        assert client.elicitation_callback is answer


@pytest.mark.anyio
async def test_two_servers_at_once_know_nothing_of_each_other():
    async with connect() as one, connect() as other:
        await one.call("import_message", **LETTER)
        assert "Ann: Hi" in await one.call("list_messages", conversation="local:room")
        assert "local:room" not in await other.call("list_conversations")


@pytest.mark.anyio
async def test_what_goes_wrong_in_a_test_reaches_it_as_it_is():
    mark = LookupError("a mistake of the test")
    with pytest.raises(LookupError) as raised:
        async with connect():
            raise mark
    assert raised.value is mark


def test_it_needs_neither_pytest_nor_the_sdk_before_it_is_used():
    code = "import sys; sys.modules['pytest'] = None; import dragoman.testing; print('mcp' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
