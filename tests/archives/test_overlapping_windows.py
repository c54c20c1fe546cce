"""Exports that overlap give the same ids to the same messages, in the formats that have none of their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

START = 1773133080
"""Seconds since 1970: 2026-03-10 08:58 UTC."""

Said = tuple[int, str]
"""Minute and text of a message."""


def time_of(minute: int) -> datetime:
    return datetime.fromtimestamp(START + 60 * minute, UTC)


def whatsapp(history: Sequence[Said]) -> str:
    return "".join(f"{time_of(minute):%d.%m.%y, %H:%M} - Ann: {text}\n" for minute, text in history)


def irc(history: Sequence[Said]) -> str:
    return "".join(f"{time_of(minute):%Y-%m-%d %H:%M:%S}\tann\t{text}\n" for minute, text in history)


def json_lines(history: Sequence[Said]) -> str:
    lines = [
        {"conversation": "r", "author": "Ann", "sent_at": time_of(at).isoformat(), "text": text} for at, text in history
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def chat(history: Sequence[Said]) -> str:
    messages = [{"author": "a", "at": time_of(minute).isoformat(), "text": text} for minute, text in history]
    people = [{"id": "a", "name": "Ann"}]
    return json.dumps({"people": people, "conversations": [{"id": "c", "messages": messages}]})


def messenger(history: Sequence[Said]) -> str:
    entries = [
        {"sender_name": "Ann", "timestamp_ms": (START + 60 * minute) * 1000, "content": text}
        for minute, text in reversed(history)
    ]
    people = [{"name": "Ann"}, {"name": "Bo"}]
    return json.dumps({"participants": people, "title": "Bo", "thread_path": "inbox/bo_7", "messages": entries})


def mattermost(history: Sequence[Said]) -> str:
    posts = [
        {"team": "t", "channel": "c", "user": "ann", "message": text, "create_at": (START + 60 * minute) * 1000}
        for minute, text in history
    ]
    lines = [{"type": "version", "version": 1}, *({"type": "post", "post": post} for post in posts)]
    return "".join(json.dumps(line) + "\n" for line in lines)


@st.composite
def exports(draw: st.DrawFn) -> tuple[list[Said], list[tuple[int, int]]]:
    """A history with many equal texts, and the first and last minutes of exports of it."""
    said = st.tuples(st.integers(0, 4), st.sampled_from(["ok", "hi", "OK"]))
    history = sorted(draw(st.lists(said, min_size=1, max_size=12)), key=lambda one: one[0])
    minutes = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted).map(tuple)
    return history, draw(st.lists(minutes, min_size=1, max_size=3))


@pytest.mark.parametrize(
    "write", [whatsapp, irc, json_lines, chat, messenger, mattermost], ids=lambda one: one.__name__
)
@given(exports())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_message_has_the_same_id_in_every_export(read_archive, write: Callable[[Sequence[Said]], str], given_exports):
    history, windows = given_exports
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "#export")

        def read(part: Sequence[Said]) -> list[tuple[str, int, str]]:
            path.write_text(write(part))
            found = [(m.id, round((m.sent_at.timestamp() - START) / 60), m.text) for m in read_archive(path).messages]
            return sorted(found, key=lambda one: one[1])

        whole = read(history)
        assert len({id_ for id_, *_ in whole}) == len(history)
        for first, last in windows:
            part = [one for one in history if first <= one[0] <= last]
            if part:
                assert read(part) == [one for one in whole if first <= one[1] <= last]
