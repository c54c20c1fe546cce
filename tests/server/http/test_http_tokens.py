"""Who may call over HTTP with a token of our own, and what there is for them."""

import re

import pytest

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

ANN, BOB, EVE, ZOE = create_token(), create_token(), create_token(), create_token()
SETTINGS = f"""
[accounts.one]
provider = "local"
path = "one.db"
[accounts.two]
provider = "local"
path = "two.db"
[auth.tokens.ann]
hash = "{hash_token(ANN)}"
scopes = ["read", "write"]
[auth.tokens.bob]
hash = "{hash_token(BOB)}"
accounts = ["one"]
[auth.tokens.eve]
hash = "{hash_token(EVE)}"
scopes = ["write"]
[auth.tokens.zoe]
hash = "{hash_token(ZOE)}"
accounts = []
"""


@pytest.fixture
def guarded(site):
    with site(SETTINGS) as server:
        yield server


def imported(server, account: str, text: str) -> str:
    answer = server.call(
        "import_message", ANN, conversation=f"{account}:room", text=text, author="Ann", sent_at="2026-03-10T09:00Z"
    ).text
    return re.search(r"^(\d+) ", answer, re.MULTILINE)[1]


def test_without_a_good_token_nobody_is_served(guarded):
    for token in (None, "wrong", create_token(), hash_token(ANN), ANN[:-1], "x" * 20_000):
        answer = guarded.ask("tools/list", token=token)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        assert "resource_metadata" not in answer.headers["www-authenticate"]
    assert guarded.ask("tools/list", token=EVE).status == 403
    assert guarded.get("/healthz").status == 200
    log = "".join(guarded.log)
    assert "wrong" not in log
    assert ANN not in log


def test_each_token_opens_what_the_settings_give_it(guarded):
    one, two = imported(guarded, "one", "kestrel in one"), imported(guarded, "two", "kestrel in two")

    assert "one:room" in guarded.call("list_conversations", ANN).text
    assert "two:room" in guarded.call("list_conversations", ANN).text
    assert "two" not in guarded.call("list_conversations", BOB).text

    assert "kestrel in one" in guarded.call("get_message", BOB, message=one).text
    hidden = guarded.call("get_message", BOB, message=two).text
    assert hidden == guarded.call("get_message", BOB, message="99999").text.replace("99999", two)

    found = guarded.call("search_messages", BOB, query="kestrel").text
    assert "in one" in found
    assert "two" not in found
    for arguments in ({"conversation": "two:room"}, {"conversation": "two:nothing"}):
        answer = guarded.call("list_messages", BOB, **arguments).text
        assert "There is no account 'two'" in answer
        assert "Accounts: one." in answer


def test_whoever_may_only_read_sees_no_tool_that_writes_and_cannot_use_it(guarded):
    listed = guarded.ask("tools/list", token=BOB).message["result"]["tools"]
    assert not [tool["name"] for tool in listed if not tool["annotations"]["readOnlyHint"]]
    all_tools = guarded.ask_modern("tools/list", token=ANN).message["result"]
    assert len(all_tools["tools"]) == len(listed) + 3
    assert all_tools["cacheScope"] == "private"
    imported(guarded, "one", "begin")
    refused = guarded.call("send_message", BOB, conversation="one:room", text="x").text
    assert refused.startswith("This sign-in may only read.")
    assert refused.endswith("Writing needs a token with the scope write (messages:write).")


def test_prompts_resources_and_completion_are_there_for_whoever_can_use_them(guarded):
    def offered(token: str) -> list[int]:
        lists = (("prompts/list", "prompts"), ("resources/templates/list", "resourceTemplates"))
        return [len(guarded.ask(method, token=token).message["result"][name]) for method, name in lists]

    def completed(token: str, ref: dict[str, str]) -> dict[str, object]:
        params = {"ref": ref, "argument": {"name": "account", "value": ""}}
        return guarded.ask("completion/complete", params, token).message

    prompt = {"type": "ref/prompt", "name": "catch_up"}
    template = {"type": "ref/resource", "uri": "dragoman://{account}/{conversation}"}
    assert offered(ANN) == offered(BOB) == [4, 2]
    assert offered(ZOE) == [0, 0]
    for ref in (prompt, template):
        assert completed(BOB, ref)["result"]["completion"]["values"] == ["one"]
        assert "There are no" in completed(ZOE, ref)["error"]["message"]
    got = guarded.ask("prompts/get", {"name": "catch_up"}, ZOE)
    assert got.sentence == "Unknown prompt: catch_up. There are none."
    assert guarded.ask("tools/list", token=ZOE).message["result"]["tools"] == []


def test_a_cursor_is_good_for_whoever_got_it_only(guarded):
    for number in range(3):
        imported(guarded, "one", f"message {number}")
    arguments = {"conversation": "one:room", "limit": 1}
    cursor = re.search(r"cursor (\S+)", guarded.call("list_messages", ANN, **arguments).text)[1]
    assert "cursor is not known" in guarded.call("list_messages", BOB, **arguments, cursor=cursor).text
    assert "message" in guarded.call("list_messages", ANN, **arguments, cursor=cursor).text


def test_a_key_of_one_person_is_no_key_of_another(site):
    both = SETTINGS.replace('accounts = ["one"]', 'scopes = ["read", "write"]')
    with site(both) as server:
        imported(server, "one", "begin")
        send = {"conversation": "one:room", "text": "mine", "idempotency_key": "k1"}
        first = server.call("send_message", ANN, **send).text
        assert server.call("send_message", ANN, **send).text == first
        assert server.call("send_message", BOB, **send).text != first


def test_the_command_makes_a_token_that_opens(site, dragoman_command):
    made = dragoman_command("token", "my-laptop").stdout.decode()
    token, settings = made.split("\n\n")
    assert token not in settings
    with site(settings) as server:
        assert server.ask("tools/list", token=token).status == 200
        assert server.ask("tools/list").status == 401


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[http]\nlistn = 1\n", "dragoman.toml:2: http.listn: is not a setting; did you mean listen?"),
        ('[http]\nlisten = "here:99999"\n', "2: http.listen: must be HOST:PORT, such as 127.0.0.1:8765."),
        ('[http]\npublic_url = "http://a.example/mcp"\n', "2: http.public_url: must be https; plain http is for"),
        ("[auth]\n", "1: auth: lets nobody in; it needs [auth.tokens.NAME] or [auth.oauth]."),
        ('[auth.tokens.a]\nhash = "secret"\n', "2: auth.tokens.a.hash: must be what `dragoman token NAME` prints"),
        (
            f'[auth.tokens.a]\nhash = "{hash_token("x")}"\naccounts = ["b"]\n',
            "3: auth.tokens.a.accounts: must name accounts",
        ),
        ('[auth.tokens.A]\nhash = ""\n', "1: auth.tokens.A: a token's name has small letters"),
        ('[auth.oauth]\nissuer = "http://a.example"\n', "2: auth.oauth.issuer: must be https"),
        ('[auth.oauth]\nissuer = "https://a.example"\n', "1: auth.oauth: needs public_url in [http]"),
        ('[auth.oauth]\nissuer = "https://a.example"\nalgorithms = ["HS256"]\n', "3: auth.oauth.algorithms: must be"),
        ("auth = 3\n", "1: auth: must be a table."),
        ("[auth.thing]\n", "1: auth.thing: is not a setting"),
    ],
)
def test_mistakes_in_the_settings_are_told_with_their_lines(settings, said, tmp_path):
    from dragoman_server.config.diagnostics import ConfigError
    from dragoman_server.config.load import load

    file = tmp_path / "dragoman.toml"
    file.write_text(settings, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
