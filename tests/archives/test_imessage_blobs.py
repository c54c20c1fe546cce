"""Texts and times as Messages keeps them in its database."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from imessage_database import START, typed

from dragoman.archives.imessage.blobs import apple_time, attributed_text


@given(st.text(max_size=400) | st.text(alphabet="aé船", min_size=60, max_size=70_000))
def test_the_text_of_an_attributed_string_is_whole_whatever_its_length(text):
    text = text.encode("utf-8", "replace").decode()
    assert attributed_text(typed(text)) == text


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda end: typed("x" * 300)[:40] + end))
def test_no_blob_breaks_the_reading(blob):
    attributed_text(blob)
    attributed_text(b"bplist00" + blob)


def test_a_text_in_a_keyed_archive_is_read():
    uid = plistlib.UID
    archive = {
        "$archiver": "NSKeyedArchiver",
        "$top": {"root": uid(1)},
        "$objects": ["$null", {"NSString": uid(2)}, {"NS.string": "Hello"}],
    }
    assert attributed_text(plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)) == "Hello"


def test_times_are_seconds_on_older_systems_and_nanoseconds_on_newer_ones():
    wanted = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)
    assert apple_time(START) == apple_time(START * 10**9) == wanted
    assert apple_time(START * 10**9 + 123_456_789) == wanted.replace(microsecond=123_456)
    assert apple_time(0) is None
    assert apple_time(2**63 - 1) is not None
    assert apple_time(10**30) is None
