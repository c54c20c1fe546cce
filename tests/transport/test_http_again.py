import gc
import json
from weakref import ref

import anyio.to_thread
import pytest
from pydantic import BaseModel, ConfigDict
from raw_service import http, serving

from dragoman.core.errors import BadResponse
from dragoman.transport.http import DerivedCache, HttpClient, ServiceProfile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PROFILE = ServiceProfile(
    service="Pigeon Post", request_id_headers=("x-request-id",), request_id_members=("request_id",)
)


class Letter(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str


class Thing:
    def __init__(self, about):
        self.about = about


class Card(Letter):
    pass


def letter(id_, **headers):
    return http(200, json.dumps({"id": id_, "request_id": f"in-{id_}"}), headers=headers)


async def test_the_same_answer_gives_the_same_value_with_its_own_request_id():
    third = letter("a", **{"x-request-id": "third"})
    async with serving(letter("a"), letter("b"), third) as service, HttpClient(service.url, profile=PROFILE) as client:
        first, other, again = [await client.get("/x", model=Letter, shared=True) for _ in range(3)]
    assert (first.value.id, other.value.id) == ("a", "b")
    assert again.value is first.value
    assert [one.request_id for one in (first, other, again)] == ["in-a", "in-b", "third"]
    assert len(service.requests) == 3


async def test_another_form_of_the_same_answer_is_another_value():
    async with serving(letter("a")) as service, HttpClient(service.url, profile=PROFILE) as client:
        values = [(await client.get("/x", model=model, shared=True)).value for model in (Letter, Card, None, Letter)]
    assert [type(value) for value in values] == [Letter, Card, dict, Letter]


async def test_a_value_that_may_be_changed_is_nobody_elses():
    async with serving(letter("a")) as service, HttpClient(service.url, profile=PROFILE) as client:
        first, again = [(await client.get("/x")).value for _ in range(2)]
    first["id"] = "changed"
    assert again["id"] == "a"


async def test_an_answer_that_made_no_sense_is_looked_at_again():
    cut = http(200, '{"id": ')
    async with serving(cut, cut, letter("a")) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(BadResponse):
            await client.get("/x", model=Letter, shared=True)
        assert (await client.get("/x", model=Letter, shared=True)).value.id == "a"


async def test_only_a_few_answers_of_moderate_size_are_kept():
    large = letter("x" * 300_000)
    few = [letter(f"{number}") for number in range(9)]
    async with serving(large, large, *few, few[0]) as service, HttpClient(service.url, profile=PROFILE) as client:
        values = [(await client.get("/x", model=Letter, shared=True)).value for _ in range(12)]
    assert values[0] == values[1]
    assert values[0] is not values[1]
    assert values[2] == values[-1]
    assert values[2] is not values[-1]


def test_what_was_made_of_a_value_is_found_for_that_value_only():
    made = DerivedCache[int]()
    counted = iter(range(100))
    one, other = Letter(id="a"), Letter(id="a")
    assert made.get(one, "x", counted.__next__) == made.get(one, "x", counted.__next__) == 0
    assert made.get(other, "x", counted.__next__) == 1
    assert made.get(one, "y", counted.__next__) == 2
    assert made.get(Letter(id="b"), "x", counted.__next__) == 3
    assert made.get(one, "x", counted.__next__) == 0


def test_a_value_in_the_place_of_one_that_is_gone_is_another():
    made = DerivedCache[str]()
    for number in range(50):
        value = Letter(id=str(number))
        assert made.get(value, None, lambda value=value: value.id) == str(number)
        del value
        gc.collect(0)
    assert len(made) == 0


def test_of_one_value_a_bounded_number_of_things_is_kept():
    made, value = DerivedCache[Thing](), Letter(id="a")
    first = ref(made.get(value, 0, lambda: Thing(0)))
    for about in range(1, 50):
        assert made.get(value, about, lambda about=about: Thing(about)).about == about
    gc.collect(0)
    assert first() is None
    assert made.get(value, 0, lambda: Thing(7)).about == 7


async def test_nothing_made_of_a_large_answer_outlives_the_call():
    made = DerivedCache[int]()
    small, large = letter("a"), letter("x" * 300_000)
    async with serving(small, large) as service, HttpClient(service.url, profile=PROFILE) as client:
        for kept in (1, 1):
            made.get((await client.get("/x", model=Letter, shared=True)).value, None, lambda: 1)
            await anyio.to_thread.run_sync(bool)  # a worker thread lets its last result go when it gets new work
            gc.collect()
            assert len(made) == kept
