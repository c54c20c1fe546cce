"""What cannot be read is called by its name, with what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dragoman.core.errors import DragomanError
from dragoman_server.commands.import_files import ImportRequest, load
from dragoman_server.config.load import Config, from_mapping
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio


def config(folder: Path) -> Config:
    accounts = {"local": {"provider": "local", "path": str(folder / "store.db")}}
    return from_mapping({"timezone": "UTC", "accounts": accounts}, data=folder)


async def test_a_format_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "kakao.txt").write_text("Maria 님과 카카오톡 대화\n저장한 날짜 : 2026년 3월 10일 오후 3:00\n")
    async with tool_context.open_services(config(tmp_path)) as shared:
        with pytest.raises(DragomanError, match="is a KakaoTalk export, which cannot be read yet"):
            await load(shared, ImportRequest(paths=(tmp_path / "kakao.txt",)))


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.pst", b"!BDN\x00\x00", "Outlook data file (PST)"),
        ("a.crypt15", b"\x0a\xff\x00", "encrypted backup of WhatsApp"),
        ("a.html", b'<html><body class="_5vb_"><div class="_3-95 _a6-g">', "Facebook or Instagram export in HTML"),
        ("a.html", b'<html><div class="hChatLog hfeed">', "Google Voice export in HTML"),
        ("C1.json", b'{"channel_id": "C1", "name": "x", "messages": [{"ts": "1.0", "text": ""}]}', "file of slackdump"),
        ("C1.json", b'{"t": 0, "ts": 1, "id": "C1", "m": [{"ts": "1.0"}]}\n', "file of slackdump"),
        ("x.json", b'{"msg": "hi", "username": "bo", "ts": "2026-03-10T09:00:00Z"}\n', "Rocket.Chat export"),
        ("x.csv", b"Chat Session,Message Date,Delivered Date\nBo,2026-03-10 09:00:00,\n", "export of iMazing"),
        ("x.txt", b"[LINE] Chat history with Bo\nSaved on: 2026/03/10 09:00\n", "LINE chat history"),
        ("x.xml", b"<?xml version='1.0'?><smses count=\"1\"><sms ", "backup of SMS Backup & Restore"),
    ],
)
async def test_what_cannot_be_read_yet_is_called_by_its_name(name, content, title, tmp_path):
    (tmp_path / name).write_bytes(content)
    async with tool_context.open_services(config(tmp_path)) as shared:
        with pytest.raises(DragomanError, match=f"is an? {re.escape(title)}, which cannot be read yet") as caught:
            await load(shared, ImportRequest(paths=(tmp_path / name,)))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (b"!BDN\x00\x00", "Outlook data file"),
        (b'{"userId": "8:x", "exportDate": "x", "conversations": []}', "Skype export"),
        (b'{"zerver_realm": []}', "Zulip export"),
        (b'<html><div class="page_header"></div></html>', "Telegram export in HTML"),
        (b"Rar!\x1a\x07\x00", "RAR archive"),
    ],
)
async def test_what_cannot_be_read_is_named_with_what_to_do(content, title, tmp_path):
    (tmp_path / "x").write_bytes(content)
    async with tool_context.open_services(config(tmp_path)) as shared:
        try:
            report = await load(shared, ImportRequest(paths=(tmp_path / "x",)))
        except DragomanError as error:
            assert title in str(error)
            assert error.hint
        else:
            assert report.archives, "a reader has taken its place"
