"""What is found out for somebody who adds a mailbox: known hosts, and settings that domains publish."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import NotFound, Unavailable
from dragoman.providers.mail import MailProvider
from dragoman.providers.mail.advice import advise
from dragoman.providers.mail.autoconfig import find_servers, parse_servers

pytestmark = pytest.mark.anyio
ADDRESS = "ann@example.org"


def document(imap="", smtp="", *, before=""):
    imap = imap or server("imap", "imap.example.org", 993, "SSL")
    smtp = smtp or server("smtp", "smtp.example.org", 465, "SSL")
    return f'{before}<clientConfig version="1.1"><emailProvider id="x">{imap}{smtp}</emailProvider></clientConfig>'


def server(kind, host, port, tls, user="%EMAILADDRESS%"):
    name = "incomingServer" if kind in ("imap", "pop3") else "outgoingServer"
    return (
        f'<{name} type="{kind}"><hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType>'
        f"<username>{user}</username></{name}>"
    )


class Web:
    """Pages by the beginning of their address."""

    def __init__(self, **pages):
        self.pages, self.asked = pages, []

    async def __call__(self, url, query):
        self.asked.append((url, query))
        for start, page in self.pages.items():
            if url.startswith(f"https://{start.replace('_', '.')}"):
                return page
        raise NotFound("There is nothing here.")


@pytest.mark.parametrize(
    ("address", "words", "credential", "oauth"),
    [
        ("ann@gmail.com", ["app password", "https://myaccount.google.com/apppasswords"], "password", "google"),
        ("ann@outlook.com", ["oauth", "https://entra.microsoft.com"], "oauth", "microsoft"),
        ("ann@hotmail.com", ["oauth"], "oauth", "microsoft"),
        ("ann@icloud.com", ["app-specific password", "https://account.apple.com"], "password", ""),
        ("ann@yahoo.com", ["app password", "https://login.yahoo.com"], "password", ""),
        ("ann@fastmail.com", ["app password"], "password", ""),
    ],
)
async def test_large_hosts_are_known_and_say_in_two_sentences_what_login_they_want(address, words, credential, oauth):
    web = Web()
    found = await advise(address, web)
    (said,) = found.sentences
    assert all(word in said for word in words)
    assert len(re.findall(r"\.(?=\s|$)", said)) == 2
    assert (found.credential, found.oauth) == (credential, oauth)
    assert web.asked == []


async def test_other_domains_are_asked_and_what_they_say_is_to_be_confirmed():
    web = Web(autoconfig_example_org=document())
    found = await advise(ADDRESS, web)
    assert found.found == {"imap": "imap.example.org:993", "smtp": "smtp.example.org:465"}
    assert "autoconfig.example.org" in found.sentences[0]
    assert web.asked == [("https://autoconfig.example.org/mail/config-v1.1.xml", {"emailaddress": ADDRESS})]


async def test_the_database_of_others_learns_the_domain_and_not_the_address():
    web = Web(autoconfig_thunderbird_net=document())
    assert (await advise(ADDRESS, web)).found["imap"] == "imap.example.org:993"
    assert [url for url, _ in web.asked] == [
        "https://autoconfig.example.org/mail/config-v1.1.xml",
        "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
        "https://autoconfig.thunderbird.net/v1.1/example.org",
    ]
    assert web.asked[2][1] == {}


async def test_a_domain_at_a_large_host_is_told_what_that_host_wants():
    web = Web(
        autoconfig_example_org=document(
            server("imap", "imap.gmail.com", 993, "SSL"), server("smtp", "smtp.gmail.com", 465, "SSL")
        )
    )
    found = await advise(ADDRESS, web)
    assert "app password" in found.sentences[1]
    assert found.oauth == "google"


async def test_nothing_that_is_found_leaves_the_servers_to_be_asked_for():
    found = await advise(ADDRESS, Web())
    assert found.open == ("imap", "smtp")
    assert "example.org" in found.sentences[0]


async def test_a_domain_that_does_not_answer_is_passed_over():
    async def fetch(url, query):
        raise Unavailable("down")

    assert await find_servers(ADDRESS, fetch) is None


@pytest.mark.parametrize(
    ("imap", "smtp", "found"),
    [
        (("imap", "h.example", 143, "STARTTLS"), ("smtp", "h.example", 587, "STARTTLS"), {}),
        (("imap", "h.example", 9993, "SSL"), ("smtp", "h.example", 465, "SSL"), {}),
        (("imap", "h.example", 993, "STARTTLS"), ("smtp", "h.example", 465, "STARTTLS"), {"tls": "starttls"}),
    ],
)
async def test_the_way_of_encryption_is_named_where_the_ports_do_not_tell(imap, smtp, found):
    told = (await advise(ADDRESS, Web(autoconfig=document(server(*imap), server(*smtp))))).found
    assert {key: value for key, value in told.items() if key == "tls"} == found


async def test_a_name_to_sign_in_with_is_taken_where_it_is_not_the_address():
    page = document(server("imap", "h.example", 993, "SSL", "%EMAILLOCALPART%"))
    assert (await advise(ADDRESS, Web(autoconfig=page))).found["user"] == "ann"


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "page",
    [
        "", "<html>Not found</html>", "\0", "<a>" * 100_000, "{}", document(before=LAUGHS), document(before=EXTERNAL),
        document(server("imap", "h.example", 143, "plain")), document(server("pop3", "h.example", 995, "SSL")),
        document(server("imap", "h.example", 0, "SSL")), document(server("imap", "h.example", 99999, "SSL")),
        document(server("imap", "h.example", "²", "SSL")), document(server("imap", "h\r\nevil", 993, "SSL")),
        document(server("imap", "-h.example", 993, "SSL")), document(server("imap", "h..example", 993, "SSL")),
        document(server("imap", "a b", 993, "SSL")), document(server("imap", "", 993, "SSL")),
        document(server("imap", "x" * 5000, 993, "SSL")), "<?xml version='1.0' encoding='utf-16'?><a/>",
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_trusted_tells_nothing(page):
    assert parse_servers(page, ADDRESS) is None


@given(st.text(max_size=200))
def test_any_document_is_read_or_passed_over(text):
    parse_servers(text, ADDRESS)
    parse_servers(document(server("imap", text, 993, "SSL", text)), ADDRESS)


@pytest.mark.parametrize("address", ["", "ann", "ann@", "ann@exa mple.org", "ann@example.org/evil", "ann@[::1]"])
async def test_what_is_no_address_is_asked_of_nobody(address):
    web = Web()
    assert await find_servers(address, web) is None
    assert web.asked == []


async def test_servers_that_somebody_named_are_not_looked_for():
    assert (await MailProvider.advise({"address": ADDRESS, "imap": "h.example:993"})).found == {}
