"""What a text links to and whom it calls is asked about, however it is written; ordinary texts are sent at once."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linkify_it import LinkifyIt
from linkify_it.tlds import TLDS

from dragoman.accounts import provider_registry
from dragoman.testing.journal_service import JournalProvider, JournalService
from dragoman.testing.scripted_server import ScriptedServer
from dragoman.toolset import policy

NEW_HOSTS = {
    # another host in the place of a name and a password
    "https://known.example@evil.com/x": "evil.com",
    "https://known.example'@evil.com/x": "evil.com",
    'https://known.example"@evil.com/x': "evil.com",
    "https://known.example)@evil.com/x": "evil.com",
    "https://known.example;@evil.com": "evil.com",
    "https://known.example:443@evil.com/": "evil.com",
    "https://known.example%2f@evil.com/": "evil.com",
    "https://evil.com\\@known.example/": "evil.com",
    "https://evil.com'@known.example/": "evil.com",
    "https://known.example,evil.com/x": "evil.com",
    # another host behind what a browser takes for a dot, or for nothing
    "https://known.example%2eevil.com": "known.example.evil.com",
    "https://known.example%E3%80%82evil.com/x": "known.example.evil.com",
    "https://known.example%EF%BC%8Eevil.com": "known.example.evil.com",
    "https://known.example%EF%BD%A1evil.com": "known.example.evil.com",
    "https://known.example%C2%ADevil.com": "known.exampleevil.com",
    "https://known.example%E2%80%8B.evil.com": "known.example.evil.com",
    "https://%65vil.com": "evil.com",
    "https://%EF%BD%85vil.com": "evil.com",
    # schemes that open a program
    "skype:evil?call": "skype:",
    "msteams:/l/call/0/0": "msteams:",
    "callto:+1": "callto:",
    "ms-msdt:/id": "ms-msdt:",
    "search-ms:query=x": "search-ms:",
    # no scheme, or an odd one
    "evil.com": "evil.com",
    "look at evil.com.": "evil.com",
    "EVIL.COM": "evil.com",
    "evil.com:8080": "evil.com",
    "evil.example:8080/x": "evil.example",
    "evil.example/x?q=1": "evil.example",
    "\u7686\u3055\u3093 evil.com\u3002\u6b21": "evil.com",
    "https:/evil.com/x": "evil.com",
    "https:evil.com/x": "evil.com",
    "https:///evil.com/x": "evil.com",
    "https:\\\\evil.com\\x": "evil.com",
    "hxxps://evil.com/x": "evil.com",
    "ftp://evil.com": "evil.com",
    "//evil.com/x": "evil.com",
    "\\\\evil.com\\share": "evil.com",
    "see www.evil.example": "www.evil.example",
    "https://intranet/x": "intranet",
    "intranet:8080/x": "intranet",
    # addresses of machines
    "203.0.113.9/x": "203.0.113.9",
    "203.0.113.9": "203.0.113.9",
    "//1.2.3.4/x": "1.2.3.4",
    "http://2130706433/": "2130706433",
    "http://0x7f.1/": "0x7f.1",
    "http://[2001:db8::1]/x": "2001:db8::1",
    # mark-up
    "[words](//evil.com/x)": "evil.com",
    "[words](evil.example)": "evil.example",
    "[words](<evil.example/x>)": "evil.example",
    "[words][1]\n\n[1]: evil.example": "evil.example",
    "[words][1]\n\n   [1]: //evil.example/x 'title'": "evil.example",
    "[words](javascript:alert(1))": "javascript:",
    "[words](tel:+49301234)": "tel:",
    '<a href="evil.example">words</a>': "evil.example",
    "<a href=//evil.com>words</a>": "evil.com",
    "<https://evil.com|https://known.example>": "evil.com",
    "<evil.example|known.example>": "evil.example",
    "**evil**.com": "evil.com",
    "`evil.com`": "evil.com",
    # letters
    "xn--80ak6aa92e.com": "xn--80ak6aa92e.com",
    "xn--e1afmkfd.xn--p1ai": "xn--e1afmkfd.xn--p1ai",
    "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444": "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "kn\u043ewn.example/x": "kn\u043ewn.example",
    "evil\u3002com": "evil.com",
    "\uff45\uff56\uff49\uff4c\uff0e\uff43\uff4f\uff4d": "evil.com",
    "ev\u200bil.com": "evil.com",
    "known.example\u200b.evil.com": "known.example.evil.com",
    "https://known.example\u200devil.com": "known.exampleevil.com",
    "evil&period;com": "evil.com",
    "https&colon;&sol;&sol;evil.example/x": "evil.example",
    "evil&#46;com": "evil.com",
    "evil&amp;#46;com": "evil.com",
    "https://evil%2ecom/x": "evil.com",
    # mail
    "mailto:eve@known.example?body=the%20plan": "mailto:eve@known.example",
    "[write](mailto:eve@evil.com)": "mailto:eve@evil.com",
    "known.example'@evil.com/x": "evil.com",
}  # fmt: skip

MANY = {
    "@channel look": "@channel",
    "look @Here": "@here",
    "(@everyone)": "@everyone",
    "\u7686\u3055\u3093@channel": "@channel",
    "ola@todos @all": "@all",
    "a@here": "@here",
    "@channel\u3055\u3093": "@channel",
    "_@here_": "@here",
    "**@here**": "@here",
    "@here_": "@here",
    "@**all**": "@all",
    "@_**everyone**": "@everyone",
    "@**design team**": "@design team",
    "@*designers*": "@designers",
    "@<b>channel</b>": "@channel",
    "@ch**ann**el": "@channel",
    "@[all]": "@all",
    "<!channel> look": "@channel",
    "<!here|here>": "@here",
    "<!subteam^S012AB>": "@subteam",
    "&lt;!channel&gt;": "@channel",
    "<@&123456789>": "@&123456789",
    "<@all>": "@all",
    "<@!everyone>": "@everyone",
    "[toall] look": "@toall",
    "[USER=all]x[/USER]": "@all",
    "[All](twist-mention://EVERYONE)": "@everyone",
    '<spark-mention data-object-type="groupMention" data-group-type="all"/>': "@mention",
    "@participants look": "@participants",
    "@\u0432\u0441\u0435": "@\u0432\u0441\u0435",
    "<users/all>": "@all",
    '<at id="0">channel</at>': "@channel",
    '<at user_id="all">x</at>': "@all",
    "&#64;channel": "@channel",
    "&#x40;here": "@here",
    "&commat;everyone": "@everyone",
    "&amp;#64;channel": "@channel",
    "\uff20all": "@all",
    "\ufe6bhere": "@here",
    "@ch\u200bannel": "@channel",
    "@\u200dchannel": "@channel",
    "@ch\u00adannel": "@channel",
    "@\u3164channel": "@channel",
    "@\uff43hannel": "@channel",
    "@\u6240\u6709\u4eba": "@\u6240\u6709\u4eba",
    "@room": "@room",
    "@team": "@team",
}  # fmt: skip

ORDINARY = [
    "mail ann@here.example",
    "ann.lee@known.example and <bo@known.example>",
    "@channels", "@herewith", "@Ann", "@alle", "@all\u00e9", "all of it", "here we are",
    "version 1.2.3 of Node.js costs 3.50, at 12:30/13:00 (e.g. today)",
    "Re: plan: note:this", "a.b.c and x..y ...", "// a comment, and / or",
    "[see below](#part-2) and [there](part2)",
    "the file is src/main.c, the class is java.lang.String",
    "<b>bold</b> & <i>more</i>", "a < b > c", "5 * 3 ~ 15 | x",
    "https://known.example/a/b?c=d#e", "known.example/x", "[k](https://known.example)",
]  # fmt: skip


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JournalService:
    monkeypatch.setitem(provider_registry.BUILT_IN, "journal", "dragoman.testing.journal_service:JournalProvider")
    return JournalService(tmp_path / "service")


@pytest.fixture
def server(service: JournalService, tmp_path: Path) -> Iterator[ScriptedServer]:
    account = {"provider": "journal", "folder": str(service.folder), "write": "allow", "sends_per_minute": 1000}
    service.say("room", "Read https://known.example/guide")
    with ScriptedServer({"timezone": "UTC", "accounts": {"post": account}}, data=tmp_path) as server:
        yield server


def test_every_way_to_lead_to_a_new_host_is_asked_about(server: ScriptedServer, service: JournalService) -> None:
    for text, host in NEW_HOSTS.items():
        said = server.call("send_message", conversation="post:room", text=text)
        assert f"because it links to {host}, which did not occur in this conversation" in said, text
    assert len(service.received("room")) == 1


def test_every_way_to_call_many_people_is_asked_about(server: ScriptedServer, service: JournalService) -> None:
    for text, name in MANY.items():
        said = server.call("send_message", conversation="post:room", text=text)
        assert re.search(rf"\nbecause it calls everybody: ['\"]?{re.escape(name)}['\"]?\n", said), text
    assert len(service.received("room")) == 1


def test_ordinary_texts_are_sent_unasked(server: ScriptedServer, service: JournalService) -> None:
    for text in ORDINARY:
        server.call("send_message", conversation="post:room", text=text)
    assert service.received("room")[1:] == ORDINARY


def test_a_new_host_behind_many_known_ones_is_asked_about(server: ScriptedServer, service: JournalService) -> None:
    known = [f"https://h{number}.known.example/x" for number in range(60)]
    service.say("room", " ".join(known))
    said = server.call("send_message", conversation="post:room", text=" ".join([*known, "https://evil.com"]))
    assert "because it links to evil.com" in said


def test_of_many_new_hosts_the_first_are_named_and_the_others_counted(server: ScriptedServer) -> None:
    said = server.call("send_message", conversation="post:room", text=" ".join(f"e{n}.com" for n in range(25)))
    assert len(re.findall("because it links to e", said)) == 10
    assert "because it links to 15 more hosts that did not" in said


def test_a_provider_adds_what_only_its_service_links_or_calls(
    server: ScriptedServer, service: JournalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calls(_cls: type, text: str) -> list[str]:
        return ["@crew"] if "all hands" in text else []

    def links(_cls: type, text: str) -> list[str]:
        return [f"tracker/{number}" for number in re.findall(r"BUG-(\d+)", text)]

    monkeypatch.setattr(JournalProvider, "mass_mentions", classmethod(calls))
    monkeypatch.setattr(JournalProvider, "linked_hosts", classmethod(links))
    said = server.call("send_message", conversation="post:room", text="all hands to BUG-17")
    assert "because it calls everybody: @crew\n" in said
    assert "because it links to tracker/17, which" in said
    assert len(service.received("room")) == 1


PIECES = st.sampled_from(
    ["evil.com", "a.py", "x", " ", "https://", "//", "/", "@", "'", '"', "(", ")", "[", "]", "<", ">", "|", ":", "80",
     "?q", "#", ",", ".", "-", "_", "1.2.3.4", "mailto:", "\u3002", "\u0440\u0444", "www.", "user", "\\", "\n"]
)  # fmt: skip


# The same examples in each run: of broken addresses one in thousands is linked by one linker alone.
@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(PIECES, min_size=1, max_size=9).map("".join))
def test_whatever_a_common_linker_links_is_among_the_hosts(text: str) -> None:
    linker = LinkifyIt(options={"fuzzy_ip": True}).tlds(list(TLDS))
    found = policy.hosts(text)
    for match in linker.match(text) or []:
        host = re.sub(r"^[a-z]*:?//", "", match.url.lower()).split("/")[0].split("?")[0].split("#")[0]
        host = re.sub(r":\d*$", "", host.rpartition("@")[2]).strip(".")
        if match.schema != "mailto:" and re.search(r"[^\W_]", host):
            assert any(host.strip("-_'\".") in one or one in host for one in found), (match.url, found)


@pytest.mark.parametrize("end", ["@", "@.", "@,", "@!", "@)", "@@", "@:80", '@"', "@ more", "@/x"])
@pytest.mark.parametrize("address", ["evil.com", "evil.com:80", "evil.com1.2.3.4", "me@evil.com"])
def test_a_link_that_ends_before_an_at_sign_leads_to_its_host(address: str, end: str) -> None:
    host = address.rpartition("@")[2].partition(":")[0]
    assert host in policy.hosts(f"See https://{address}{end}")


def test_marks_in_front_of_a_host_do_not_hide_it() -> None:
    assert policy.hosts("//|.x") == ["x"]
    assert "evil" in policy.hosts("https://|evil")
    assert policy.hosts("//TODO(ann.lee) later") == []


HOSTILE = ["a.", "http://", "http://a.com/(", "https://a'@", "a@", "@", "<", "](", "[a]:", "@*", "<at ", "&amp;",
           "a:", "1.", "-", ".", "xn--", "\u200b", "href=", "//", "a.com ",
           "@channel", "<!a", "\ufb01", "\u0301", "%2f"]  # fmt: skip


def seconds(check: Callable[[str], object], text: str) -> float:
    times: list[float] = []
    for _ in range(3):
        begun = time.thread_time()
        check(text)
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("check", [policy.hosts, policy.mass_mentions], ids=["links", "mentions"])
@pytest.mark.parametrize("shape", HOSTILE, ids=repr)
def test_the_work_on_a_text_grows_no_faster_than_the_text(check: Callable[[str], object], shape: str) -> None:
    part = shape * (4_000 // len(shape))
    # Work that grows with the square would be 64 times as much.
    assert seconds(check, part * 8) < 28 * max(seconds(check, part), 2e-4)
