from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.store.coverage import BEGINNING, INSTANT, OPEN, Coverage, Span
from dragoman.store.sync_state import ConversationCoverage

START = datetime(2026, 3, 10, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


spans = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda two: Span(at(two[0]), at(two[0] + two[1])))


def seconds(coverage: Coverage) -> set[int]:
    return {second for second in range(45) if coverage.covers(Span(at(second), at(second + 1)))}


def seconds_of(*some: Span) -> set[int]:
    return {second for span in some for second in range(45) if span.since <= at(second) < span.until}


@given(st.lists(spans))
def test_a_coverage_covers_what_its_spans_cover_and_nothing_else(some):
    assert seconds(Coverage.of(some)) == seconds_of(*some)


@given(st.lists(spans))
def test_spans_of_a_coverage_are_in_order_and_do_not_touch(some):
    found = Coverage.of(some).spans
    assert all(one.until < other.since for one, other in pairwise(found))


@given(st.lists(spans), spans)
def test_adding_a_span_covers_it_and_loses_nothing(some, span):
    assert seconds(Coverage.of(some).add(span)) == seconds_of(*some) | seconds_of(span)


@given(st.lists(spans), spans)
def test_what_is_subtracted_is_not_covered_and_everything_else_stays(some, span):
    left = Coverage.of(some).subtract(span)
    assert seconds(left) == seconds_of(*some) - seconds_of(span)
    assert left == Coverage.of(left.spans)


@given(st.lists(spans), spans)
def test_the_gaps_of_a_span_are_what_is_missing_of_it(some, span):
    coverage = Coverage.of(some)
    gaps = coverage.gaps(span)
    assert seconds_of(*gaps) == seconds_of(span) - seconds(coverage)
    assert coverage.covers(span) == (gaps == ())


@given(st.lists(spans), st.randoms())
def test_the_order_in_which_spans_come_does_not_matter(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    assert Coverage.of(shuffled) == Coverage.of(some)


def test_a_span_is_never_empty():
    with pytest.raises(ValueError, match="after it begins"):
        Span(START, START)


def test_two_spans_with_an_instant_between_them_are_two():
    coverage = Coverage.of([Span(at(0), at(5)), Span(at(5) + INSTANT, at(9))])
    assert not coverage.covers(Span(at(0), at(9)))
    assert coverage.gaps(Span(at(0), at(9))) == (Span(at(5), at(5) + INSTANT),)


def test_how_far_back_it_reaches_is_told_only_of_the_present():
    assert Coverage.of([Span(at(0), at(5))]).reach is None
    assert Coverage.of([Span(at(0), at(5)), Span(at(7), OPEN)]).reach == at(7)
    assert Coverage.of([Span(BEGINNING, OPEN)]).reach == BEGINNING


@pytest.mark.parametrize(
    ("since", "until", "covered"),
    [
        (at(10), None, True),
        (at(9), None, False),
        (None, None, False),
        (at(10), at(50), True),
        (at(10), at(500), True),
        (at(2), at(5), True),
        (at(2), at(7), False),
        (at(5), at(10), False),
        (at(7), at(7), True),
    ],
)
def test_a_question_is_covered_when_all_of_its_time_is(since, until, covered):
    coverage = Coverage.of([Span(at(0), at(5)), Span(at(10), OPEN)])
    assert ConversationCoverage(coverage=coverage, fresh_at=at(100)).covers(since, until) is covered


def test_the_present_is_not_covered_while_nobody_knows_how_fresh_it_is():
    coverage = ConversationCoverage(coverage=Coverage.of([Span(at(0), OPEN)]))
    assert not coverage.covers(at(1))
