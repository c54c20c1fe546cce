"""The media type of a request's body counts whatever its case; another one is refused in a sentence."""

import json

import pytest

TYPES = ["APPLICATION/JSON", "Application/Json; charset=UTF-8", "application/json;charset=utf-8", " application/json "]
OTHERS = [
    "text/plain",
    "application/json-rpc",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
]


@pytest.fixture
def server(site):
    with site() as running:
        yield running


def test_json_is_taken_in_any_case(server):
    for media_type in TYPES:
        assert server.ask("tools/list", Content_Type=media_type).status == 200, media_type
        assert server.ask_modern("tools/list", Content_Type=media_type).status == 200, media_type


def test_another_type_is_refused_with_the_one_that_is_taken(server):
    for media_type in OTHERS:
        answer = server.ask("tools/list", Content_Type=media_type)
        assert answer.status == 415, media_type
        assert json.loads(answer.body)["error"]["message"] == "The body has to come as application/json."
