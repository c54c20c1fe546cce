"""Links of chat systems, taken apart."""

import pytest

from dragoman.core.permalinks import read_link


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://acme.slack.com/archives/C1/p1773143520000300", ("acme.slack.com", "C1", "1773143520.000300", "")),
        (
            "https://acme.slack-gov.com/archives/C1/p1773143520000300?thread_ts=1773133080.000100&cid=C1",
            ("acme.slack-gov.com", "C1", "1773143520.000300", "1773133080.000100"),
        ),
        ("https://app.slack.com/client/T1/C1", ("T1", "C1", "", "")),
        ("https://app.slack.com/client/T1/C1/thread/C1-1773133080.000100", ("T1", "C1", "1773133080.000100", "")),
        ("slack://channel?id=C1&team=T1&message=1773133080.000100", ("T1", "C1", "1773133080.000100", "")),
        ("https://teams.microsoft.com/l/message/19%3Aa@thread.v2/17?x=1", ("", "19:a@thread.v2", "17", "")),
    ],
)
def test_a_link_names_its_workspace_channel_message_and_thread(link, found):
    read = read_link(link)
    assert (read.workspace, read.channel, read.message, read.thread) == found


@pytest.mark.parametrize(
    "link",
    [
        "slack://user?id=U1",
        "slack://channel?team=T1",
        "https://app.slack.com/client/T1/C1/thread/C2-1773133080.000100",
        "https://acme.slack.com/files/U1/F1/a.pdf",
        "https://acme.slack.com.evil.example/archives/C1",
        "https://[",
        "ftp://acme.slack.com/archives/C1",
        None,
    ],
)
def test_any_other_link_is_none(link):
    assert read_link(link) is None
