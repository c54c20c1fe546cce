"""Mails of one thread that come in several imports are one conversation, and none is stored twice."""

from __future__ import annotations

import re
import tempfile
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_lines import mail, mbox

from dragoman.toolset import ToolServices
from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.commands.import_files.loader import target_of
from dragoman_server.config.load import Config, from_mapping
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio

ROOT = mail("a", Date="Mon, 9 Mar 2026 09:00:00 +0000")
CHILD = mail("b", In_Reply_To="<a@x>", References="<a@x>")
GRANDCHILD = mail("c", In_Reply_To="<b@x>", References="<a@x> <b@x>")
SIBLING = mail("d", In_Reply_To="<lost@x>", References="<a@x> <lost@x>")
OTHER = mail("z")


def config(folder: Path) -> Config:
    accounts = {"local": {"provider": "local", "path": str(folder / "store.db")}}
    return from_mapping({"timezone": "UTC", "accounts": accounts}, data=folder)


async def stored(shared: ToolServices, folder: Path, *files: str) -> dict[str, list[str]]:
    """The ids of all mails by conversation, after each file was imported."""
    for number, text in enumerate(files):
        (folder / f"{number}.mbox").write_text(text)
        await load(shared, ImportRequest(paths=(folder / f"{number}.mbox",)))
    provider = await target_of(shared, None).provider()
    found: dict[str, list[str]] = {}
    for _, message, conversation, _ in await provider.list_stored_ids("mail."):
        found.setdefault(conversation, []).append(message)
    return {conversation: sorted(ids) for conversation, ids in found.items()}


@pytest.mark.parametrize(
    "order",
    list(permutations([ROOT, CHILD, GRANDCHILD])),
    ids=lambda order: "-".join(re.findall("<([a-c])@x>\\nSub", "".join(order))),
)
async def test_a_mail_joins_its_thread_in_whatever_order_they_are_imported(order, tmp_path):
    first, second, third = order
    if {first, second} == {ROOT, GRANDCHILD}:
        second = mbox(second, OTHER)
    async with tool_context.open_services(config(tmp_path)) as shared:
        found = await stored(shared, tmp_path, mbox(first), second if OTHER in second else mbox(second), mbox(third))
    assert ["a@x", "b@x", "c@x"] in found.values()


async def test_mails_that_name_the_same_missing_mail_are_one_thread(tmp_path):
    async with tool_context.open_services(config(tmp_path)) as shared:
        found = await stored(shared, tmp_path, mbox(GRANDCHILD, OTHER), mbox(SIBLING), mbox(ROOT))
    assert sorted(found.values()) == [["a@x", "c@x", "d@x"], ["z@x"]]


async def test_a_mail_that_is_stored_stays_where_it_is_when_a_later_one_joins_two_threads(tmp_path):
    one, other = mail("one"), mail("other")
    both = mail("both", References="<one@x> <other@x>")
    async with tool_context.open_services(config(tmp_path)) as shared:
        found = await stored(shared, tmp_path, mbox(one, other), mbox(one, other, both))
    assert sorted(found.values()) == [["both@x", "one@x"], ["other@x"]]


async def test_a_thread_keeps_its_title_when_a_later_mail_has_another_subject(tmp_path):
    answer = mail("b", References="<a@x>", Subject="Re: Something else", From="Bo <bo@x.example>")
    async with tool_context.open_services(config(tmp_path)) as shared:
        await stored(shared, tmp_path, mbox(mail("a", Subject="Plan")), mbox(answer))
        provider = await target_of(shared, None).provider()
        conversation = await provider.get_conversation("mail.a@x")
    assert (conversation.title, conversation.participants) == ("Plan", ("Ann", "Bo"))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("gmail_first", [True, False])
async def test_a_mail_of_gmail_that_another_program_saved_as_well_is_stored_once(together, gmail_first, tmp_path):
    thread = {"X_GM_THRID": "1790000000000000001", "X_Gmail_Labels": "Inbox"}
    plain, gmail = mbox(mail("a"), OTHER), mbox(mail("a", **thread), mail("b", **thread))
    files = (gmail, plain) if gmail_first else (plain, gmail)
    async with tool_context.open_services(config(tmp_path)) as shared:
        found = await stored(shared, tmp_path, *(["".join(files)] if together else files))
    ids = [id_ for mails in found.values() for id_ in mails]
    assert sorted(ids) == ["a@x", "b@x", "z@x"]
    if together or gmail_first:
        assert found["mail.gm.1790000000000000001"] == ["a@x", "b@x"]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[str], list[list[int]]]:
    """A thread in which each mail names some of those before it, and overlapping exports that hold all of it."""
    size = draw(st.integers(2, 6))
    mails = []
    for number in range(size):
        named = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        references = " ".join(f"<m{one}@x>" for one in sorted({*named, 0} if number else ()))
        mails.append(mail(f"m{number}", References=references, Date=f"Tue, 10 Mar 2026 09:00:{number:02} +0000"))
    parts = draw(st.lists(st.lists(st.integers(0, size - 1), min_size=1, unique=True), min_size=1, max_size=3))
    return mails, [*parts, draw(st.permutations(range(size)))]


@given(histories())
@settings(max_examples=15, deadline=None)
async def test_overlapping_exports_of_a_thread_make_one_conversation(history):
    mails, parts = history
    with tempfile.TemporaryDirectory() as name:
        async with tool_context.open_services(config(Path(name))) as shared:
            files = [mbox(*(mails[number] for number in part)) for part in parts]
            found = await stored(shared, Path(name), *files)
    assert list(found.values()) == [sorted(f"m{number}@x" for number in range(len(mails)))]
