import re

import pytest

from dragoman.core import errors
from dragoman.core.errors import DragomanError, NotFound, OutcomeUnknown, RateLimited

FAMILY = sorted(
    (kind for kind in DragomanError.__subclasses__() if kind.__module__ == errors.__name__),
    key=lambda kind: kind.__name__,
)


def test_the_tree_in_the_documentation_is_the_family():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)
    assert sorted(drawn) == [kind.__name__ for kind in FAMILY]


def test_the_family_is_the_one_of_the_design():
    assert {kind.__name__ for kind in FAMILY} == {
        "BadResponse",
        "Conflict",
        "DeadlineExceeded",
        "InvalidArgument",
        "NotFound",
        "OutcomeUnknown",
        "PermissionDenied",
        "RateLimited",
        "Unauthenticated",
        "Unavailable",
        "UnsupportedOperation",
    }


def test_every_kind_has_a_code_of_its_own():
    codes = [kind.code for kind in (DragomanError, *FAMILY)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFound("There is no message 7."), "There is no message 7."),
        (
            NotFound("There is no message 7.", hint="List the messages to find it."),
            "There is no message 7. List the messages to find it.",
        ),
        (NotFound("There is no room.", hint="Look again.", account="work"), "work: There is no room. Look again."),
    ],
)
def test_an_error_reads_as_sentences_with_the_account_in_front(error, said):
    assert str(error) == said


def test_details_are_kept_for_logs_and_not_shown():
    error = RateLimited("Too many calls.", operation="list_messages", request_id="req-81", retry_after=2.5)
    assert (error.operation, error.request_id, error.retry_after) == ("list_messages", "req-81", 2.5)
    assert str(error) == "Too many calls."


@pytest.mark.parametrize("kind", FAMILY)
def test_only_an_unknown_outcome_leaves_open_whether_a_message_went_out(kind):
    assert kind("It went wrong.").sent is (None if kind is OutcomeUnknown else False)


def test_an_unknown_outcome_may_still_be_said_to_be_known():
    assert OutcomeUnknown("It went wrong.", sent=False).sent is False


@pytest.mark.parametrize("kind", FAMILY)
def test_one_clause_catches_the_whole_family(kind):
    with pytest.raises(DragomanError):
        raise kind("It went wrong.")
