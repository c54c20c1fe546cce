import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.sanitize import clean_line
from dragoman.toolset import TOOLS
from dragoman.toolset.dispatch import check_arguments

BY_NAME = {tool.name: tool for tool in TOOLS}
LIST = BY_NAME["list_messages"]
UPDATE = BY_NAME["update_message"]


def refused(tool: str, **arguments: object) -> str:
    with pytest.raises(InvalidArgument) as refusal:
        check_arguments(BY_NAME[tool], arguments)
    return str(refusal.value)


def test_numbers_may_come_as_strings_and_whole_fractions() -> None:
    assert check_arguments(LIST, {"conversation": "x", "limit": "20"})["limit"] == 20
    assert check_arguments(LIST, {"conversation": "x", "limit": 20.0})["limit"] == 20
    assert check_arguments(LIST, {"conversation": "x", "limit": "20.0"})["limit"] == 20


def test_a_message_may_come_as_a_number() -> None:
    assert check_arguments(BY_NAME["get_message"], {"message": 412}) == {"message": "412"}


def test_lists_may_come_as_json_or_as_one_word() -> None:
    assert check_arguments(UPDATE, {"message": "1", "labels": '["a", "b"]'})["labels"] == ("a", "b")
    assert check_arguments(UPDATE, {"message": "1", "labels": "a"})["labels"] == ("a",)
    assert check_arguments(UPDATE, {"message": "1", "labels": []})["labels"] == ()
    assert check_arguments(UPDATE, {"message": "1", "labels": [2026, "a"]})["labels"] == ("2026", "a")


def test_a_single_value_may_come_in_a_list() -> None:
    given = {"conversation": ["x"], "limit": [20], "order": ["oldest"]}
    assert check_arguments(LIST, given) == {"conversation": "x", "limit": 20, "order": "oldest"}
    assert "author must be a text" in refused("list_messages", conversation="x", author=["Ann", "Bo"])


def test_null_and_empty_count_as_left_out_but_an_empty_text_is_kept() -> None:
    assert check_arguments(LIST, {"conversation": "x", "author": None, "since": ""}) == {"conversation": "x"}
    assert check_arguments(UPDATE, {"message": "1", "text": ""})["text"] == ""


def test_choices_may_come_in_any_case() -> None:
    assert check_arguments(LIST, {"conversation": "x", "order": "Oldest", "format": "JSON"})["order"] == "oldest"


@pytest.mark.parametrize(
    ("tool", "name", "said", "meant"),
    [
        ("list_messages", "order", "newest", "latest"),
        ("list_messages", "order", "descending", "latest"),
        ("list_messages", "order", "asc", "oldest"),
        ("list_conversations", "kind", "channels", "channel"),
        ("list_conversations", "kind", "DM", "direct"),
        ("list_conversations", "kind", "direct message", "direct"),
        ("list_conversations", "kind", "emails", "mail"),
        ("get_updates", "only", "mention", "mentions"),
    ],
)
def test_a_choice_may_be_said_in_another_word(tool: str, name: str, said: str, meant: str) -> None:
    given = {name: said, **({"conversation": "x"} if tool == "list_messages" else {})}
    assert check_arguments(BY_NAME[tool], given)[name] == meant


def test_a_misspelt_argument_is_named_with_the_one_that_was_meant() -> None:
    said = refused("list_messages", conversation="x", limmit=3)
    assert "limmit" in said
    assert "did you mean limit" in said


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = refused("list_messages", limit=0, order="random", nonsense=1)
    assert "conversation is missing" in said
    assert "limit must be a number from 1 to 200" in said
    assert "order must be one of latest, oldest" in said
    assert "nonsense" in said


@pytest.mark.parametrize("limit", [0, 201, -1, True, "many", 1.5, [], "9" * 40])
def test_a_limit_out_of_range_names_the_range(limit: object) -> None:
    assert "from 1 to 200" in refused("list_messages", conversation="x", limit=limit)


def test_a_budget_below_200_is_refused() -> None:
    assert "max_tokens must be a number from 200" in refused("list_messages", conversation="x", max_tokens=199)


def test_a_text_of_seventeen_million_characters_is_refused() -> None:
    assert "at most" in refused("send_message", conversation="x", text="x" * 17_000_000)


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], [], True])
def test_a_text_that_is_something_else_is_refused(value: object) -> None:
    assert "conversation must be a text" in refused("list_messages", conversation=value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@given(data=st.data())
def test_any_arguments_are_taken_or_refused_in_words(tool: object, data: st.DataObject) -> None:
    names = st.sampled_from([*tool.parameters, "other"]) | st.text(max_size=5)
    arguments = data.draw(st.dictionaries(names, JSON, max_size=4))
    try:
        good = check_arguments(tool, arguments)
    except InvalidArgument as refusal:
        assert str(refusal) == clean_line(str(refusal), 3000)
        return
    assert good.keys() <= tool.parameters.keys()
