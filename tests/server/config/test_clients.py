"""The tables ``[clients.NAME]``: read by name in any case, and refused with every mistake and its line."""

import pytest

from dragoman_server.config import load


def test_a_client_is_known_by_its_name_in_any_case():
    config = load.from_mapping({"clients": {"Claude-Code": {"ask": "token"}, "other": {}}})
    assert {name: client.ask for name, client in config.clients.items()} == {"claude-code": "token", "other": None}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ('[clients.t]\nask = "tokn"\nx = 1\n', [":2: clients.t.ask: must be 'client' or 'token'", ":3: clients.t.x: "]),
        ("[clients]\ny = 2\n", [":2: clients.y: must be a table, begun by a line [clients.NAME]."]),
        ("clients = 3\n", [":1: clients: must be tables, each begun by a line [clients.NAME]."]),
    ],
)
def test_mistakes_name_their_line_and_key(tmp_path, text, mistakes):
    file = tmp_path / "dragoman.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(load.ConfigError) as error:
        load.load(file)
    for mistake in mistakes:
        assert mistake in str(error.value)
