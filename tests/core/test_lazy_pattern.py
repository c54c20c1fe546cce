"""Patterns that are compiled late, or ahead of the first call."""

import re

import pytest

from dragoman.core import lazy_pattern
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime.preload import preload


@pytest.mark.parametrize("text", ["a1b22", "", "none"])
def test_a_late_pattern_does_what_a_compiled_one_does(text):
    late, ready = lazy_pattern.lazy_pattern(r"(?P<n>\d)+", re.IGNORECASE), re.compile(r"(?P<n>\d)+", re.IGNORECASE)
    assert late.sub("-", text) == ready.sub("-", text)
    assert late.split(text) == ready.split(text)
    assert [found.groupdict() for found in late.finditer(text)] == [found.groupdict() for found in ready.finditer(text)]
    assert (late.pattern, late.flags, late.groupindex) == (ready.pattern, ready.flags, ready.groupindex)


def test_a_server_that_waits_compiles_its_patterns_before_a_call_needs_them(monkeypatch):
    late = lazy_pattern.lazy_pattern("x+")
    preload(from_mapping({}))
    monkeypatch.setattr(re, "compile", None)
    assert late.fullmatch("xx")
