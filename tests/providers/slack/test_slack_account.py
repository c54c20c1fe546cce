"""Opening an account, its tokens, what it tells of itself, and the links that it recognises."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import ValidationError
from slack_service import Slack, opened

from dragoman.core.queries import MessageQuery
from dragoman.providers.slack import SlackProvider, SlackSettings
from dragoman.providers.slack.api import Api, client_of
from dragoman.providers.slack.settings import APP

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PERMALINK = "https://acme.slack.com/archives/C02RELAY01/p1773143520000300"


def test_an_account_has_one_kind_of_credential():
    oauth = {"provider": "slack", "client_id": "1.2", "client_secret": "s", "refresh_token": "xoxe-1-r"}
    assert SlackSettings(oauth=oauth).oauth_client.client_id == "1.2"
    for wrong in ({}, {"token": "xoxb-1", "oauth": oauth}):
        with pytest.raises(ValidationError, match="set token, or"):
            SlackSettings(**wrong)


async def test_opening_asks_nothing_and_the_first_call_asks_no_more_than_it_needs():
    service = Slack()
    service.talk("C02RELAY01", 3)
    async with opened(service) as account:
        assert service.journal == []
        await account.list_messages("C02RELAY01", MessageQuery())
        first = [method for method, _ in service.journal]
        await account.list_messages("C02RELAY01", MessageQuery())
    assert sorted(first) == ["conversations.history", "users.info"]
    assert [method for method, _ in service.journal][len(first) :] == ["conversations.history"]


async def test_checking_says_who_and_where_and_what_is_missing():
    service = Slack(is_bot=False, scopes="channels:read,channels:history,chat:write")
    async with opened(service) as account:
        said = await account.check()
    assert "Acme" in said
    assert "appears as this person" in said
    assert "names (users:read)" in said
    assert "im:history" in said


async def test_who_the_account_is_can_be_asked_for():
    async with opened(Slack()) as account:
        own = await account.own_author()
    assert (own.name, own.id, own.kind, own.own) == ("Dragoman", "U0DRAGOMN", "bot", True)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (PERMALINK, ("C02RELAY01", "1773143520.000300")),
        (f"{PERMALINK}?thread_ts=1773133080.000100&cid=C02RELAY01", ("C02RELAY01", "1773143520.000300")),
        ("https://acme.slack.com/archives/D01MARIA01", ("D01MARIA01", None)),
        ("https://app.slack.com/client/T01ACME9/C02RELAY01", ("C02RELAY01", None)),
        (
            "https://app.slack.com/client/T01ACME9/C02RELAY01/thread/C02RELAY01-1773133080.000100",
            ("C02RELAY01", "1773133080.000100"),
        ),
        ("slack://channel?team=T01ACME9&id=C02RELAY01&message=1773133080.000100", ("C02RELAY01", "1773133080.000100")),
        ("slack://channel?team=T77OTHERS&id=C02RELAY01", None),
        ("https://app.slack.com/client/T77OTHERS/C02RELAY01", None),
        ("https://other.slack.com/archives/C02RELAY01", None),
        ("https://acme.slack.com.evil.example/archives/C02RELAY01", None),
        ("http://acme.slack.com/archives/C02RELAY01", None),
        ("https://acme.slack.com/files/U1/F1/a.pdf", None),
        ("https://acme.slack.com/team/U01MARIAK", None),
        ("https://acme.slack.com/docs/T01/F06", None),
        ("https://acme.slack.com/archives/C02RELAY01/p17731435", None),
    ],
)
async def test_links_lead_to_conversations_and_messages_of_the_own_workspace(link, found):
    async with opened(Slack()) as account:
        await account.check()
        assert account.parse_link(link) == found
        assert SlackProvider(account.settings).parse_link(link) == found, "also before the account is opened"


async def test_a_token_that_has_ended_is_renewed_and_the_call_made_again(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    issued = iter(range(1, 9))

    async def post_form(_client, _url, form, **_):
        number = next(issued)
        assert form == {"grant_type": "refresh_token", "refresh_token": f"xoxe-1-{number}"}
        pair = {"access_token": f"xoxe.xoxb-{number}", "refresh_token": f"xoxe-1-{number + 1}"}
        return pair | {"token_type": "bot", "expires_in": 43_200}

    monkeypatch.setattr("dragoman.transport.oauth.session.post_form", post_form)
    tokens = []

    def handle(request):
        tokens.append(request.headers["authorization"])
        ended = len(tokens) == 2
        return httpx.Response(
            200, json={"ok": False, "error": "token_expired"} if ended else {"ok": True, "user_id": "U1"}
        )

    oauth = {"provider": "slack", "client_id": "1.2", "refresh_token": "xoxe-1-1"}
    settings = SlackSettings(oauth=oauth)
    async with client_of(settings, transport=httpx.MockTransport(handle)) as client:
        api = Api(client, settings)
        await api.read("auth.test")
        await api.read("auth.test")
    assert tokens == ["Bearer xoxe.xoxb-1", "Bearer xoxe.xoxb-1", "Bearer xoxe.xoxb-2"]


def manifest_behind(said):
    address = urlsplit(said.rpartition(" ")[2])
    assert address.hostname == "api.slack.com"
    return json.loads(dict(parse_qsl(address.query))["manifest_json"])


async def test_who_adds_an_account_gets_the_manifest_of_the_app_and_the_page_that_makes_it():
    advice = await SlackProvider.advise({})
    links = [said for said in advice.sentences if "new_app=1" in said]
    reading, writing = (manifest_behind(said)["oauth_config"]["scopes"] for said in links)
    assert not {"chat:write", "im:write"} & {*reading["bot"], *reading["user"]}
    assert {*writing["bot"], *writing["user"]} - {*reading["bot"], *reading["user"]} == {"chat:write", "im:write"}
    assert any(json.dumps(manifest_behind(links[1]), separators=(",", ":")) in said for said in advice.sentences)
    gov = await SlackProvider.advise({"base_url": "https://slack-gov.com/api"})
    assert all("api.slack-gov.com" in said for said in gov.sentences if "new_app=1" in said)
    for is_bot, granted in ((True, writing["bot"]), (False, writing["user"])):
        async with opened(Slack(is_bot=is_bot, scopes=",".join(granted))) as account:
            assert "lacks" not in await account.check()


def test_the_page_about_slack_shows_the_same_scopes():
    page = (Path(__file__).parents[3] / "docs" / "providers" / "slack.md").read_text("utf-8")
    listed = re.findall(r"(bot|user): \[(.*?)\]", page, re.DOTALL)
    shown = {kind: set(re.findall(r"[a-z]+:[a-z.:]+", named)) for kind, named in listed}
    scopes = json.loads(APP.manifest("write"))["oauth_config"]["scopes"]
    assert shown == {kind: set(names) for kind, names in scopes.items()}


@pytest.mark.parametrize("is_bot", [True, False])
async def test_who_is_asked_sees_that_a_user_token_writes_as_the_person(is_bot):
    service = Slack(is_bot=is_bot)
    service.open("C02RELAY01")
    async with opened(service) as account:
        there = await account.audience("C02RELAY01")
        person = await account.audience("@maria")
    assert (there.sender, person.sender) == (("", "") if is_bot else ("Dragoman", "Dragoman"))
