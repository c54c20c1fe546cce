"""What the settings of a mailbox may say, and which servers come of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dragoman.core.errors import InvalidArgument
from dragoman.providers.mail import MailSettings
from dragoman.providers.mail.hosts import Server, servers_of


def settings_of(**more):
    return MailSettings(**{"address": "ann@example.org", "password": "open sesame", **more})


@pytest.mark.parametrize("address", ["ann", "ann@", "@example.org", "ann@example.org\r\nA1 LOGOUT", "a b@c", "<a@b>"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValidationError, match="this is no mail address"):
        settings_of(address=address)


@pytest.mark.parametrize("server", ["mail.example.org", "mail.example.org:0", "mail:65536", "a b:993", "mail:993\r\nx"])
def test_what_is_no_server_is_refused(server):
    with pytest.raises(ValidationError, match="written as host:port"):
        settings_of(imap=server)


@pytest.mark.parametrize("key", ["name", "user", "import_to"])
def test_a_line_break_is_refused_in_names(key):
    with pytest.raises(ValidationError, match="several lines or control characters"):
        settings_of(**{key: "a\r\nA1 DELETE INBOX"})


def test_exactly_one_credential_is_wanted():
    with pytest.raises(ValidationError, match="exactly one"):
        settings_of(token="x")  # noqa: S106 - of no service
    with pytest.raises(ValidationError, match="exactly one"):
        settings_of(password=None)


def test_encryption_can_be_off_only_on_this_machine():
    assert servers_of(settings_of(imap="127.0.0.1:1143", tls="off")).imap == Server("127.0.0.1", 1143, "off")
    for servers in ({"imap": "mail.example.org:143"}, {}, {"imap": "localhost:143", "smtp": "mail.example.org:25"}):
        with pytest.raises(ValidationError, match="on this machine"):
            settings_of(**servers, tls="off")


@pytest.mark.parametrize(
    ("address", "imap", "smtp", "keeps"),
    [
        ("ann@gmail.com", Server("imap.gmail.com", 993, "tls"), Server("smtp.gmail.com", 465, "tls"), True),
        (
            "ann@Outlook.com",
            Server("outlook.office365.com", 993, "tls"),
            Server("smtp-mail.outlook.com", 587, "starttls"),
            True,
        ),
        ("ann@aol.com", Server("imap.aol.com", 993, "tls"), Server("smtp.aol.com", 465, "tls"), True),
        ("ann@fastmail.com", Server("imap.fastmail.com", 993, "tls"), Server("smtp.fastmail.com", 465, "tls"), False),
    ],
)
def test_the_servers_of_large_hosts_are_known(address, imap, smtp, keeps):
    found = servers_of(settings_of(address=address))
    assert (found.imap, found.smtp, found.sent_by_server) == (imap, smtp, keeps)


def test_ports_for_starttls_are_known():
    found = servers_of(settings_of(imap="[::1]:143", smtp="mail.example.org:465"))
    assert (found.imap, found.smtp) == (Server("::1", 143, "starttls"), Server("mail.example.org", 465, "tls"))


def test_an_unknown_domain_needs_its_servers_named():
    with pytest.raises(InvalidArgument, match=r"No mail server is known for example\.org.*Add `imap`"):
        servers_of(settings_of())
