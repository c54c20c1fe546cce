"""The conversations that replays begin with have the form of the services, as far as exchanges with those show it."""

import json
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict
from pydantic import BaseModel

from dragoman.providers.convore import mapping as convore_mapping
from dragoman.providers.convore import wire as convore_wire
from dragoman.providers.datagrid import mapping as datagrid_mapping
from dragoman.providers.datagrid import wire as datagrid_wire
from dragoman.providers.glean.mapping import mapping as glean_mapping
from dragoman.providers.glean.mapping import wire as glean_wire
from dragoman.providers.replay import recording
from dragoman.providers.yandex import mapping as yandex_mapping
from dragoman.providers.yandex._proto import threads_pb2 as pb

WIRE = Path(__file__).parent.parent / "wire"
OWN = {"prompt", "steps", "tools", "answer", "part"}  # how a recording says which answer belongs to which question


def held(provider):
    return recording(f"dragoman.providers.{provider}")


def answered(provider, is_wanted):
    """Each object of a kind that a recorded service answers with, also among the parts of its answers."""
    content = held(provider)
    waiting, found = [*content["parts"].values(), *(one["answer"] for one in content["exchanges"])], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
            found += [one] if isinstance(one, dict) and is_wanted(one) else []
    assert found
    return found


def members(value, parent=None):
    """Each member of each object below, with the name of what holds the object."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield parent, name
            yield from members(inside, name)
    elif isinstance(value, list):
        for one in value:
            yield from members(one, parent)


@pytest.mark.parametrize(
    "provider", ["convore", "datagrid", "glean", "slack"]
)  # protobuf refuses unknown members itself
def test_no_recorded_object_has_a_member_that_the_service_was_not_seen_to_send(provider):
    exchanges = [json.loads(file.read_text()) for file in sorted((WIRE / provider).glob("*.json"))]
    seen = {pair for exchange in exchanges for pair in members(exchange)}
    parents, names = {parent for parent, _ in seen}, {name for _, name in seen}
    given = {name: value for name, value in held(provider).items() if name != "steps"}  # those are calls of tools
    given = (
        {"parts": [*given["parts"].values()], "exchanges": [one["answer"] for one in given["exchanges"]]}
        if "parts" in given
        else given
    )
    for parent, name in members(given):
        if parent is None or parent in OWN or name in OWN:
            continue
        assert name in names, f"{parent}.{name}"
        assert parent in given or parent not in parents or (parent, name) in seen, f"{parent}.{name}"


def test_convores_recording_becomes_messages_with_all_their_members():
    for one in answered("convore", lambda one: "text_body" in one):
        sound(convore_mapping.to_message(kept(convore_wire.Message, one), one["conversation_id"]), one["text_body"])


def test_datagrids_recording_becomes_messages_with_all_their_members():
    known = datagrid_mapping.Known(agents={}, files={})
    for one in answered(
        "datagrid", lambda one: one.get("object") == "conversation.message" and "tool_calls" not in one
    ):
        message = kept(datagrid_wire.Message, one)
        sound(datagrid_mapping.to_message(message, one["conversation_id"], known), one["content"][0]["text"])


def test_gleans_recording_becomes_messages_with_all_their_members():
    for one in held("glean")["results"]:
        sound(glean_mapping.to_message(kept(glean_wire.Result, one), "slack.channel.C1"), one["fullTextList"][0])


def test_yandexs_recording_becomes_messages_with_all_their_members():
    given = held("yandex")
    for one in given["messages"]:
        text = "\n".join(part["text"]["content"] for part in one["content"]["content"])
        sound(yandex_mapping.message_of(ParseDict(one, pb.Message()), one["thread_id"]), text)
    assert all(ParseDict(one, pb.Thread()).name for one in given["threads"])


def kept(model: type[BaseModel], value):
    """The wire model, which has lost nothing that it knows."""
    found = model.model_validate(value)
    for name, field in model.model_fields.items():
        given = value.get(field.alias or name)
        assert given in (None, []) or getattr(found, name) not in (None, ()), name
    return found


def sound(message, text):
    assert message is not None
    assert message.text.split() == text.split()
    assert message.sent_at is not None
    assert message.author.name
