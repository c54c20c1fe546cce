"""People of a workspace are found by id and by name with few calls, and nobody is mistaken for another."""

from dataclasses import dataclass

import pytest

from dragoman import InvalidArgument, NotFound, Unavailable
from dragoman.providers.kit import Directory

pytestmark = pytest.mark.anyio


@dataclass
class Somebody:
    id: str
    name: str
    is_gone: bool = False

    @property
    def names(self):
        return (self.id, self.name, self.name.lower().replace(" ", "."), "")


class Workspace:
    def __init__(self, *people, part=100):
        self.people, self.part, self.asked, self.failure = list(people), part, [], None
        self.directory = Directory[Somebody](self.fetch, self.parts)

    async def fetch(self, id_):
        self.asked.append(id_)
        return next((one for one in self.people if one.id == id_), None)

    async def parts(self):
        for at in range(0, len(self.people), self.part):
            self.asked.append("list")
            if self.failure is not None:
                raise self.failure
            yield self.people[at : at + self.part], at + self.part < len(self.people)


def crowd(count):
    return [Somebody(f"U{number}", f"Person {number}") for number in range(count)]


async def test_a_few_people_are_looked_up_alone_and_many_of_a_small_workspace_in_one_list():
    small = Workspace(*crowd(20))
    assert set(await small.directory.get_all(["U1", "U2", "U1", ""])) == {"U1", "U2"}
    assert small.asked == ["U1", "U2"]
    await small.directory.get_all([f"U{number}" for number in range(12)])
    assert small.asked == ["U1", "U2", "list"]


async def test_the_list_of_a_large_workspace_is_not_begun_again_and_again():
    large = Workspace(*crowd(40), part=10)
    await large.directory.get_all([f"U{number}" for number in range(30, 36)])
    await large.directory.get_all([f"U{number}" for number in range(20, 26)])
    assert large.asked.count("list") == 1
    assert len(large.asked) == 1 + 12


async def test_people_whom_nobody_knows_are_asked_for_once():
    small = Workspace(*crowd(3))
    gone = [f"U9{number}" for number in range(6)]
    assert await small.directory.get_all(gone) == {}
    asked = list(small.asked)
    assert await small.directory.get_all(gone) == {}
    assert small.asked == asked


async def test_a_list_that_fails_costs_no_names():
    small = Workspace(*crowd(6))
    small.failure = Unavailable("Away.")
    assert len(await small.directory.get_all([f"U{number}" for number in range(6)])) == 6


async def test_a_name_means_the_only_person_who_is_called_so_and_is_still_there():
    ann, other = Somebody("U1", "Ann Lee"), Somebody("U2", "Ann Lee", is_gone=True)
    workspace = Workspace(ann, other, Somebody("U3", "Bo"), Somebody("U4", "bo"))
    for called in ("@Ann Lee", "ann.lee", "U1", " @U1"):
        assert await workspace.directory.find(called) == ann
    with pytest.raises(NotFound, match="Nobody here"):
        await workspace.directory.find("Carl")
    with pytest.raises(InvalidArgument, match="U3"):
        await workspace.directory.find("BO")
    assert await workspace.directory.matching("ann") == await workspace.directory.matching(" @Ann") == [ann]
    assert await workspace.directory.only("@ann") == ann
    assert await workspace.directory.only("nobody") is None
    assert workspace.asked.count("list") == 1
