"""What commands tell programs: the same facts as people read, as JSON."""

import json

SETTINGS = (
    '[accounts.local]\nprovider = "local"\nwrite = "confirm"\nwrite_to = ["local:room"]\n'
    '[accounts.far]\nprovider = "convore"\nbase_url = "http://127.0.0.1:9"\ntoken = "secret-of-convore"\n'
)


def rows(run, *words, status=0):
    ended = run(*words, "--json")
    assert ended.exit_code == status, ended.stderr
    assert "secret-of-convore" not in ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_tools_are_told_with_their_costs(run, settings_named):
    settings_named(SETTINGS)
    tools = {tool["name"]: tool for tool in rows(run, "tools")}
    assert tools["list_messages"]["read_only"] is True
    assert tools["send_message"]["read_only"] is False
    text = run("tools").stdout
    assert f"about {sum(tool['tokens'] for tool in tools.values()):,} tokens" in text
    assert all(tool["description"] and tool["title"] for tool in tools.values())


def test_accounts_are_told_with_what_they_can_do(run, settings_named):
    settings_named(SETTINGS)
    local, far = rows(run, "accounts")
    assert (local["name"], local["provider"], local["write"]) == ("local", "local", "confirm")
    assert local["write_to"] == ["local:room"]
    assert "write_to" not in far
    assert "list_messages" in far["can"]
    assert not set(far["can"]) & set(far["cannot"])
    assert far["limits"]["page_size"] > 0


def test_the_check_of_each_account_is_told_and_the_status_is_that_of_the_text(run, settings_named):
    settings_named(SETTINGS.replace('write_to = ["local:room"]\n', ""))
    found = {row["account"]: row for row in rows(run, "check", status=1)}
    assert found["local"]["ok"] is True
    assert "action" not in found["local"]
    assert found["far"]["ok"] is False
    assert found["far"]["sentence"]
    assert found["far"]["action"]


def test_settings_that_cannot_be_used_leave_the_output_empty(run, settings_named):
    settings_named(SETTINGS.replace("provider", "provder"))
    for command in ("tools", "accounts", "check"):
        ended = run(command, "--json")
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert "dragoman.toml:1: " in ended.stderr
