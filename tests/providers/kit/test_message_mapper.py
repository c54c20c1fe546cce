"""Messages are mapped with their names, a part of a list that comes again only once."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from dragoman import Author, Message
from dragoman.providers.kit import Directory, Identity, Lookup, Member, MessageMapper, NameBook

pytestmark = pytest.mark.anyio
RAW = [{"id": "m1", "by": "ann", "called": "Ann"}, {"id": "", "by": "bob"}, {"id": "m2", "by": "bob"}]
US = Identity(id="bob")


@dataclass
class Mentioned:
    users: list
    profiles: dict
    bots: list = field(default_factory=list)
    channels: list = field(default_factory=list)
    groups: list = field(default_factory=list)


class Part(list):
    """What a service answers, told apart by identity."""


class Service:
    """Counts what is done."""

    def __init__(self):
        self.done, self.people = Counter(), {"bob": Member(id="bob", name="Bob Ray")}
        nothing = Lookup.one_by_one(self.no_name)
        directory = Directory(self.person, self.parts)
        self.names = NameBook(directory, titles=nothing, bots=nothing, groups=nothing, mentioned=self.mentioned)
        self.mapper = MessageMapper(self.names, self.us, self.to_message)

    async def no_name(self, _):
        return None

    async def person(self, id_):
        return self.people.get(id_)

    async def parts(self):
        yield list(self.people.values()), False

    async def us(self, raw):
        return US

    def mentioned(self, messages):
        self.done["mentioned"] += 1
        messages = list(messages)
        profiles = {one["by"]: one["called"] for one in messages if "called" in one}
        return Mentioned([one["by"] for one in messages], profiles)

    def to_message(self, raw, conversation, names, us):
        self.done["mapped"] += 1
        author = Author(name=names.name_of(raw["by"]), id=raw["by"], own=raw["by"] == us.id)
        message = Message(id=raw["id"], conversation=conversation, author=author, sent_at=None, text="")
        return message if raw["id"] else None


async def test_messages_have_the_names_of_the_directory_or_else_those_that_they_tell():
    found = await Service().mapper.messages("c1", RAW)
    assert [(one.id, one.conversation, one.author.name, one.author.own) for one in found] == [
        ("m1", "c1", "Ann", False),
        ("m2", "c1", "Bob Ray", True),
    ]


async def test_a_part_that_comes_again_is_mapped_again_only_when_a_name_has_changed():
    service, part = Service(), Part(RAW)
    for _ in range(3):
        await service.mapper.messages("c1", RAW, part)
    assert service.done == {"mentioned": 1, "mapped": 3}
    service.names.directory._known.put("bob", Member(id="bob", name="Robert"))
    assert (await service.mapper.messages("c1", RAW, part))[1].author.name == "Robert"
    assert service.done == {"mentioned": 1, "mapped": 6}
