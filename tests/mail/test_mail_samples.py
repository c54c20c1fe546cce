"""Mails as they are on the wire, some broken on purpose, with the right reading beside each."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dragoman.core.mail import Mail, read_mail, without_quotes
from dragoman.core.sanitize import clean_line

FOLDER = Path(__file__).parents[1] / "data" / "mail"
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def mail_of(case: str) -> Mail:
    return read_mail((FOLDER / f"{case}.eml").read_bytes().splitlines(keepends=True))


def expected(case: str) -> dict:
    return json.loads((FOLDER / f"{case}.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_who_and_when_and_about_what(case):
    mail, sample = mail_of(case), expected(case)
    want = sample["expect"]
    authors = [want["author"], *want.get("author_may", ())]
    assert {"name": mail.author.name, "email": mail.author.email} in authors
    if want["id"] is not None:
        assert f"<{mail.id}>" == want["id"]
    if "subject" in want:
        assert mail.subject == want["subject"]
    assert all(word in mail.subject for word in want.get("subject_contains", ()))
    assert not any(word in mail.subject for word in want.get("subject_lacks", ()))
    received = datetime.fromisoformat(sample["internal_date"])
    latest = received if case == "date-in-the-future" else NOW
    assert mail.sent_at(latest=latest, received=received) == datetime.fromisoformat(want["sent_at"])
    assert mail.kind == want.get("kind", mail.kind)
    assert mail.mailing_list == want.get("list_id", mail.mailing_list)


@pytest.mark.parametrize("case", CASES)
def test_what_it_answers(case):
    mail, want = mail_of(case), expected(case)["expect"]
    assert (f"<{mail.reply_to}>" if mail.reply_to else None) == want["reply_to"]
    if "thread_root" in want:
        assert f"<{mail.references[0]}>" == want["thread_root"]


@pytest.mark.parametrize("case", CASES)
def test_what_it_says(case):
    mail, want = mail_of(case), expected(case)["expect"]
    text = mail.text
    if "text" in want:
        assert text.strip("\n") == want["text"]
    assert [word for word in want.get("text_contains", ()) if word not in text] == []
    assert [word for word in (*want.get("text_lacks", ()), *want.get("hidden", ())) if word in text] == []
    assert re.search(want.get("text_matches", ""), text)


@pytest.mark.parametrize("case", CASES)
def test_what_is_new_of_it(case):
    mail, want = mail_of(case), expected(case)["expect"]
    new, hidden = without_quotes(mail.text, is_answer=bool(mail.reply_to))
    assert [word for word in want.get("list_contains", ()) if word not in new] == []
    assert [word for word in want.get("list_lacks", ()) if word in new] == []
    assert len(new) + hidden == len(mail.text)


def fits(file, want: dict) -> bool:
    size, name = want.get("size"), clean_line(file.name, 200)
    return (
        name == want.get("name", name)
        and all(word in name for word in want.get("name_contains", ()))
        and not any(word in name for word in want.get("name_lacks", ()))
        and file.media_type == want.get("media_type", file.media_type)
        and (size is None or abs(file.size - size) <= max(0.03 * size, 1))
    )


@pytest.mark.parametrize("case", CASES)
def test_which_files_it_brings(case):
    mail, want = mail_of(case), expected(case)["expect"]
    if want["attachments"] is None:
        return
    rest = list(mail.files)
    for one in want["attachments"]:
        found = next((file for file in rest if fits(file, one)), None)
        assert found is not None, (one, mail.files)
        rest.remove(found)
    assert all(any(fits(file, one) for one in want.get("attachments_may", ())) for file in rest)
