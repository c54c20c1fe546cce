import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman_server.setup.files import jsonc

PATH = ("servers", "ours")
VALUE = {"command": "here", "args": ["serve"]}
BY_HAND = [
    '{\n  "servers": {\n    "x": {"command": "y"} // note\n  }\n}\n',
    '{\n\t"a": 1,\n\t"servers": {\n\t\t"x": {"command": "y"}, // note\n\t},\n}\n',
    '// top\n{\n    /* why */ "servers": {\n        "x": [1, 2,], /* a */ // b\n        // last\n    }, "z": "//no"\n}',
    '{\r\n  "servers": {\r\n    "x": "\\u0041 \\" }"\r\n  }\r\n}\r\n',
    '\ufeff{"servers": {"x": null}}',
    '{"a": {"servers": {"ours": 1}}, "servers": {}}\n',
]


@pytest.mark.parametrize("text", BY_HAND)
def test_what_is_put_in_and_taken_out_leaves_every_byte_as_it_was(text):
    changed = jsonc.set_key(text, PATH, VALUE)
    assert jsonc.get(jsonc.parse(changed), PATH) == VALUE
    assert jsonc.remove_key(changed, PATH) == text


@pytest.mark.parametrize("text", BY_HAND)
def test_everything_around_what_is_put_in_stays_in_its_order(text):
    rest = iter(jsonc.set_key(text, PATH, VALUE))
    assert all(character in rest for character in text)


@pytest.mark.parametrize("text", ["", "  \n", "{}", "{ // empty\n}", '{"servers": {}}'])
def test_objects_on_the_way_are_made(text):
    assert jsonc.parse(jsonc.set_key(text, PATH, VALUE)) == {"servers": {"ours": VALUE}}


def test_a_value_that_is_there_is_replaced_and_its_neighbours_stay():
    text = '{\n  "servers": {\n    "ours": {"old": true}, // ours\n    "x": 1\n  }\n}'
    changed = jsonc.set_key(text, PATH, VALUE)
    assert jsonc.parse(changed) == {"servers": {"ours": VALUE, "x": 1}}
    assert "// ours" in changed


def test_the_first_of_several_is_taken_out_with_its_line():
    text = '{\n  "servers": {\n    "ours": {"old": true},\n    "x": 1\n  }\n}'
    assert jsonc.remove_key(text, PATH) == '{\n  "servers": {\n    "x": 1\n  }\n}'


@pytest.mark.parametrize("text", ["{}", '{"servers": {"x": 1}}', ""])
def test_taking_out_what_is_not_there_changes_nothing(text):
    assert jsonc.remove_key(text, PATH) == text


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '"x"', "{,}", '{"a" 1}', '{"a": 1 "b": 2}', '{"a": NaN}', "{a: 1}", '{"a": 1}}', "{'a': 1}",
     '{"servers": 1}', '{"servers": {}, "servers": {}}', '{"a": "\n"}', "/* {}", '{"a": [1 2]}', "[" * 5000],
)  # fmt: skip
def test_what_is_no_such_text_is_refused_with_a_sentence(text):
    with pytest.raises(InvalidArgument):
        jsonc.set_key(text, PATH, VALUE)


scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=10
)


@given(st.dictionaries(st.text(), values, max_size=4), st.sampled_from([None, 1, 4, "\t"]), st.booleans())
def test_any_object_keeps_all_its_other_members(data, indent, plain):
    data.pop("servers", None)
    text = json.dumps(data, indent=indent, ensure_ascii=plain)
    changed = jsonc.set_key(text, PATH, VALUE)
    assert json.loads(changed) == data | {"servers": {"ours": VALUE}}
    assert json.loads(jsonc.remove_key(changed, PATH)) == data | {"servers": {}}


@given(st.text(alphabet='{}[],:"/*\\\n a1', max_size=30))
def test_a_text_is_understood_or_refused_and_nothing_else(text):
    try:
        changed = jsonc.set_key(text, PATH, VALUE)
    except InvalidArgument:
        return
    assert jsonc.get(jsonc.parse(changed), PATH) == VALUE
