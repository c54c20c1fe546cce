"""Answers with the mail that they answer below, for those who want that."""

from __future__ import annotations

import pytest
from mail_sender import mail_of, opened

from dragoman.core.queries import Draft

pytestmark = pytest.mark.anyio
THREAD = "t.root@example.com"
LINE = "On 2026-03-02 10:00 +0000, Maria Koch <maria@example.com> wrote:"


async def test_an_answer_quotes_what_it_answers_where_that_is_wanted(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, quote="top", signature="Alice") as account:
        draft = Draft(text=account.text_to_send("Fine by me"))
        sent = await account.send_message(THREAD, draft)
        await account.send_message(sent.conversation, Draft(text="And thanks", reply_to=sent.id))
    first, second = map(mail_of, smtp_server.mails)
    assert first.text == f"Fine by me\n\n-- \nAlice\n\n{LINE}\n\n> Hello"
    assert first.new_text[0] == "Fine by me"
    assert second.text.endswith(f"> --\n> Alice\n>\n> {LINE}\n>\n>> Hello")


async def test_the_quote_in_an_answer_with_markdown_is_no_markdown(imap_server, smtp_server, folders):
    folders["INBOX"].mails[1].data = folders["INBOX"].mails[1].data.replace(b"Hello", b"<b>**x**</b>")
    async with opened(imap_server, smtp_server, quote="top") as account:
        await account.send_message(THREAD, Draft(text="**Fine**"))
    html = next(part for part in mail_of(smtp_server.mails[0]).root.walk() if part.media_type == "text/html")
    assert b"<strong>Fine</strong>" in html.content
    assert b'<blockquote type="cite">\n&lt;b&gt;**x**&lt;/b&gt;\n</blockquote>' in html.content.replace(b"\r\n", b"\n")


async def test_without_the_setting_and_in_new_mails_nothing_is_quoted(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        await account.send_message(THREAD, Draft(text="Fine"))
    async with opened(imap_server, smtp_server, quote="top") as account:
        await account.send_message("to:ann@example.com", Draft(text="Fine", subject="New"))
    assert [mail_of(one).text for one in smtp_server.mails] == ["Fine", "Fine"]


async def test_a_very_long_mail_is_quoted_in_part(imap_server, smtp_server, folders):
    folders["INBOX"].mails[1].data = folders["INBOX"].mails[1].data.replace(b"Hello", b"long words\r\n" * 3_000)
    async with opened(imap_server, smtp_server, quote="top") as account:
        await account.send_message(THREAD, Draft(text="Fine"))
    text = mail_of(smtp_server.mails[0]).text
    assert len(text) < 25_000
    assert text.endswith("> long words\n> [...]")
