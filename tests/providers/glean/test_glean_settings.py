import pytest
from glean_account import opened
from glean_account import settings as account_settings
from glean_service import Fault, GleanServer
from glean_tenants import tenant
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman.accounts.provider_registry import provider_class
from dragoman.core.context.impersonation import acting_for
from dragoman.core.errors import (
    NotFound,
    Unauthenticated,
)
from dragoman.providers.base.provider import Capability, Draft, MessageQuery, SearchQuery
from dragoman.providers.glean import GleanProvider, GleanSettings
from dragoman.providers.glean.conversation_id import Address, IdKind, channel_id, document_id

pytestmark = pytest.mark.anyio
ACCOUNT = account_settings()


def test_the_provider_is_found_by_its_name_and_cannot_change_or_import():
    assert provider_class("glean") is GleanProvider
    missing = set(Capability) - GleanProvider.capabilities()
    assert missing == {Capability.UPDATE_MESSAGE, Capability.IMPORT_MESSAGE}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"act_as": "nobody"}, "act_as"),
        ({"act_as": "a@b.example\r\nx: y"}, "act_as"),
        ({"auth_type": "saml"}, "auth_type"),
        ({"datasource": "IRC"}, "datasource"),
        ({"instance": ""}, "instance"),
        ({"base_url": "http://glean.example"}, "base_url"),
        ({"scope": "x"}, "scope"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_their_key(given, key):
    with pytest.raises(ValidationError) as caught:
        account_settings(**given)
    assert [one["loc"][0] for one in caught.value.errors()] == [key]


def test_settings_in_the_usual_spellings_are_understood():
    found = GleanSettings.model_validate(
        {
            "provider": "glean",
            "base_url": "acme-be.glean.com/",
            "token": {"env": "GLEAN_API_TOKEN"},
            "datasource": "gchat",
        }
    )
    assert (found.base_url, found.datasource, found.connector) == ("https://acme-be.glean.com", "GCHAT", "gchat")
    assert "GLEAN_API_TOKEN" not in repr(found)


async def test_both_headers_of_other_kinds_of_tokens_are_sent():
    required = {"x-glean-actas": "ann@acme.example", "x-glean-auth-type": "OAUTH"}
    server = GleanServer(tenant(), headers=required)
    async with opened(server, act_as="ann@acme.example", auth_type="oauth") as account:
        await account.list_messages("slack.channel.C02QF8N7J", MessageQuery())


async def test_a_global_token_without_a_user_says_which_setting_is_missing():
    server = GleanServer(tenant())
    server.always = Fault(400, "Required header missing: X-Glean-ActAs")
    async with opened(server) as account:
        with pytest.raises(Unauthenticated, match="`act_as`"):
            await account.check()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Invalid identity: x", "`act_as`"),
        ("Token has expired\nNot allowed", "expired"),
        ("Invalid Secret\nNot allowed", "`token`"),
    ],
)
async def test_a_refused_identity_says_which_setting_is_wrong(text, words):
    server = GleanServer(tenant(), headers={"x-glean-actas": "ann@acme.example"})
    server.always = Fault(401, text)
    async with opened(server, act_as="ann@acme.example") as account:
        with pytest.raises(Unauthenticated, match=words):
            await account.check()


async def test_an_account_for_who_is_signed_in_acts_for_them_and_for_nobody_else():
    server = GleanServer(tenant(), headers={"x-glean-actas": "bo@acme.example"})
    async with opened(server, act_as="principal") as account:
        with pytest.raises(Unauthenticated, match="signed in"):
            await account.list_messages("slack.channel.C02QF8N7J", MessageQuery())
        assert server.journal == []
        signed_in = acting_for.set("bo@acme.example")
        try:
            assert len((await account.list_messages("slack.channel.C02QF8N7J", MessageQuery())).items) == 4
        finally:
            acting_for.reset(signed_in)


async def test_what_was_learned_for_one_person_is_not_told_to_another():
    server = GleanServer(tenant())
    server._problem = lambda *_: None
    async with opened(server, act_as="principal") as account:
        for person in ("ann@acme.example", "bo@acme.example"):
            signed_in = acting_for.set(person)
            try:
                await account.get_conversation("slack.channel.C02QF8N7J")
            finally:
                acting_for.reset(signed_in)
    assert len(server.sent("messages")) == 2


async def test_checking_names_the_user_and_a_datasource_that_is_not_there():
    server = GleanServer(tenant())
    async with opened(server) as account:
        assert await account.check() == "Glean answers and knows channels of slack."
        server.tenant.channels.clear()
        assert "check `datasource`" in await account.check()
    assert server.sent("search")[0]["requestOptions"]["facetBucketSize"] == 1


@pytest.mark.parametrize(
    ("conversation", "address"),
    [
        ("slack.channel.C1", Address(where=IdKind.CHANNEL, id="C1", datasource="SLACK")),
        ("slack.channel.C1@T2", Address(where=IdKind.CHANNEL, id="C1", datasource="SLACK", workspace="T2")),
        ("slack.channel.C1@~Acme EU", Address(where=IdKind.CHANNEL, id="C1", datasource="SLACK", instance="Acme EU")),
        ("slack.channel.C1@Acme EU", Address(where=IdKind.CHANNEL, id="C1", datasource="SLACK", instance="Acme EU")),
        ("slack.thread.1.2", Address(where=IdKind.THREAD, id="1.2", datasource="SLACK")),
        ("microsoftteams.channel.19:abc@thread.tacv2",
         Address(where=IdKind.CHANNEL, id="19:abc@thread.tacv2", datasource="MICROSOFTTEAMS")),
        ("microsoftteams.channel.19:abc@thread.tacv2@T2",
         Address(where=IdKind.CHANNEL, id="19:abc@thread.tacv2", datasource="MICROSOFTTEAMS", workspace="T2")),
        ("gchat.channel.spaces/AAA", Address(where=IdKind.CHANNEL, id="spaces/AAA", datasource="GCHAT")),
        ("facebookworkplace.thread.t", Address(where=IdKind.THREAD, id="t", datasource="FACEBOOKWORKPLACE")),
        ("doc.MSTEAMS_19:abc@thread.tacv2_17",
         Address(where=IdKind.DOCUMENT, id="MSTEAMS_19:abc@thread.tacv2_17", datasource="SLACK")),
        ("chat.a.b@c", Address(where=IdKind.CHAT, id="a.b@c")),
    ],
)  # fmt: skip
def test_ids_are_taken_apart(conversation, address):
    assert Address.parse(conversation, ACCOUNT) == address


@pytest.mark.parametrize(
    "conversation",
    [
        "",
        "slack",
        "slack.channel",
        "slack.channel.",
        "slack.room.x",
        "irc.channel.x",
        "chat.",
        "doc.",
        "SLACK.channel.x",
        ".",
        "x",
    ],
)
async def test_what_is_no_id_is_not_found_and_not_asked_for(conversation):
    server = GleanServer()
    async with opened(server) as account:
        for call in (
            account.list_messages(conversation, MessageQuery()),
            account.get_message(conversation, "m"),
            account.get_conversation(conversation),
            account.send_message(conversation, Draft(text="x")),
            account.search_messages(SearchQuery(text="x", conversation=conversation)),
        ):
            with pytest.raises(NotFound, match="no conversation of Glean"):
                await call
    assert server.journal == []


@given(
    identifier=st.text(min_size=1).filter(lambda text: text.strip("@")),
    workspace=st.none() | st.from_regex(r"\A[A-Z0-9]{1,5}\Z"),
)
def test_every_id_that_is_made_is_read_back(identifier, workspace):
    address = Address.parse(channel_id("SLACK", identifier, workspace), ACCOUNT)
    assert (address.id, address.workspace) == (identifier, workspace)
    assert Address.parse(document_id(identifier), ACCOUNT).id == identifier


@given(rest=st.text(min_size=1))
def test_whatever_stands_behind_the_kind_is_an_id(rest):
    assert Address.parse(f"slack.channel.{rest}", ACCOUNT).id


SLACK = "https://acme.slack.com/archives/C02QF8N7J/p1717430812004200"
REPLY = f"{SLACK}?thread_ts=1.2&cid=C02QF8N7J"
GRID = SLACK.replace("acme.", "acme.enterprise.")
TEAMS = "https://teams.microsoft.com/l/message/19%3Aabc%40thread.tacv2/1718010001234?tenantId=3f0e"


@pytest.mark.parametrize(
    ("datasource", "link", "found"),
    [
        ("SLACK", SLACK, ("slack.channel.C02QF8N7J", SLACK)),
        ("SLACK", f" {REPLY} ", ("slack.channel.C02QF8N7J", REPLY)),
        ("SLACK", "https://acme.slack.com/archives/C02QF8N7J", ("slack.channel.C02QF8N7J", None)),
        ("SLACKENTGRID", GRID, ("slackentgrid.channel.C02QF8N7J", GRID)),
        ("MICROSOFTTEAMS", TEAMS, ("microsoftteams.channel.19:abc@thread.tacv2", TEAMS)),
        ("SLACK", TEAMS, None),
        ("MICROSOFTTEAMS", SLACK, None),
        ("SLACK", "https://evil.example/archives/C02QF8N7J/p1717430812004200", None),
        ("SLACK", "https://slack.com.evil.example/archives/C1", None),
        ("SLACK", "https://acme.slack.com/files/x", None),
        ("SLACK", "https://[broken", None),
        ("SLACK", "not a link", None),
    ],
)  # fmt: skip
def test_links_of_the_datasource_are_recognised_without_opening(datasource, link, found):
    assert GleanProvider(account_settings(datasource=datasource)).parse_link(link) == found
