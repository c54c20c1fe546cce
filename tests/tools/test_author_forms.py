"""An author is found however he is named: as people write him, as clients mention him, as answers refer to him."""

import json

import pytest
from click.testing import CliRunner

from dragoman.testing import connect
from dragoman_server.cli.main import cli


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Calls a tool on a store with three people."""
    folder = tmp_path_factory.mktemp("authors")
    (folder / "settings.toml").write_text('timezone = "UTC"\n[accounts.local]\nprovider = "local"\n')
    people = [("Ann Lee", "U01ANN"), ("Anna Leer", "U01ANNA"), ("山田 太郎", "U02")]
    rows = [
        {
            "conversation": "room",
            "author": {"name": name, "id": id_, "email": f"{id_}@example.com".lower()},
            "sent_at": "2026-03-10T09:00:00Z",
            "text": f"budget of {id_}",
        }
        for name, id_ in people
    ]

    def run(*words, stdin=None):
        env = {"DRAGOMAN_DATA": str(folder / "data"), "DRAGOMAN_CONFIG": str(folder / "settings.toml")}
        done = CliRunner().invoke(cli, list(words), input=stdin, env=env)
        assert done.exit_code == 0, done.output
        return done.stdout

    rows.append({"conversation": "room", "title": "Budget room", "participants": ["Lee, Ann", "Otto"]})
    run("import", "-", stdin="\n".join(map(json.dumps, rows)))
    return lambda tool, **given: run("call", tool, "--json", json.dumps({"format": "json", **given}))


@pytest.mark.parametrize(
    "author",
    [
        "<@U01ANN>", "<@U01ANN|ann>", "@U01ANN", "local:@U01ANN", "local:U01ANN", "LOCAL:@U01ANN",
        "mailto:u01ann@example.com", "MAILTO:U01ANN@Example.com", "local:to:u01ann@example.com",
        "Ann Lee <u01ann@example.com>", "<u01ann@example.com>",
    ],
)  # fmt: skip
def test_exactly_the_person_who_is_named_is_found(call, author):
    for answer in (
        call("list_messages", conversation="local:room", author=author),
        call("search_messages", query="budget", author=author),
        call("search_messages", query=f'budget from:"{author}"'),
    ):
        assert [one["text"] for one in json.loads(answer)["messages"]] == ["budget of U01ANN"]


@pytest.mark.parametrize("author", ["<@U99>", "mailto:nobody@example.com", "slack:@U01ANN"])
def test_a_person_who_did_not_write_here_is_told(call, author):
    found = json.loads(call("search_messages", query="budget", author=author))
    assert not found.get("messages")
    assert any("wrote here" in note for note in found["notes"])


@pytest.mark.parametrize("wrap", ["`{}`", "<{}>", '"{}"', " {} "])
def test_a_message_is_found_with_marks_around_its_number_or_reference(call, wrap):
    (first, *_) = json.loads(call("list_messages", conversation="local:room"))["messages"]
    for named in (str(first["number"]), json.loads(call("get_message", message=first["number"]))["ref"]):
        assert json.loads(call("get_message", message=wrap.format(named)))["number"] == first["number"]


@pytest.mark.parametrize("account", ["LOCAL", " Local ", ["local"]])
def test_an_account_is_found_in_any_case(call, account):
    assert json.loads(call("search_messages", query="budget", account=account))["messages"]


@pytest.mark.parametrize("query", ["lee room ann", "ANN  lee", "  room "])
def test_a_conversation_is_found_by_words_of_its_title_and_people_in_any_order(call, query):
    (found,) = json.loads(call("list_conversations", query=query))["conversations"]
    assert found["ref"] == "local:room"


def test_a_conversation_that_lacks_one_of_the_words_is_not_found(call):
    assert not json.loads(call("list_conversations", query="lee zebra")).get("conversations")


@pytest.mark.anyio
async def test_that_nobody_has_a_name_is_told_once_for_all_accounts_with_the_nearest_names(tmp_path):
    accounts = {name: {"provider": "local", "path": str(tmp_path / f"{name}.db")} for name in ("one", "two")}
    message = {"text": "The fuel pump", "author": "Haruka Ono", "sent_at": "2026-03-10T09:00:00Z"}
    async with connect({"accounts": accounts}, data=tmp_path) as client:
        await client.call("import_message", conversation="one:room", **message)
        answer = await client.call("search_messages", query="fuel", author="Harukka")
    assert answer.count('Nobody called "Harukka" wrote here.') == 1
    assert "Nearest names: 'Haruka Ono'." in answer
