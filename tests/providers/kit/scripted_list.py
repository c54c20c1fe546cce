"""A service that lists the same items in every way there is, while they come and go."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Order
from dragoman.providers.kit.listings import Batch, Key, anchored, numbered, streamed, tokens, whole

NEWEST, OLDEST = frozenset({Order.LATEST}), frozenset({Order.OLDEST})
BOTH, UNKNOWN = frozenset(Order), None


@dataclass(frozen=True)
class Item:
    id: str
    at: int


def key(item):
    return Key(item.at, item.id)


class ScriptedList:
    """Items in a fixed order of the service's own, in which those of one time stand anyhow."""

    def __init__(self, rng: Random, count: int, times: int) -> None:
        self.rng = rng
        self.batch = rng.randint(1, 7)
        self.calls = 0
        self.era = 0
        self.numbers = iter(range(10_000))
        self.places = {}
        self.items = []
        for _ in range(count):
            self.add(rng.randint(0, times))

    def add(self, at):
        number = next(self.numbers)
        item = Item(f"{self.rng.randint(0, 9)}-{number:04}", at)
        self.places[item.id] = (at, self.rng.random())
        self.items.append(item)

    def misplace(self, item):
        """Let an item stand where its time does not belong."""
        self.places[item.id] = (self.rng.choice(self.items).at, 2.0)

    def remove(self, item):
        self.items.remove(item)  # its place stays known, as a service's cursor does

    def listed(self, order, *, scrambled=False):
        def place(item):
            at, tie = self.places[item.id]
            return (at, self.rng.random() if scrambled and tie < 1 else tie, item.id)

        return sorted(self.items, key=place, reverse=order is Order.LATEST)

    def forget_tokens(self):
        self.era += 1

    def token(self, text):
        return f"{self.era} {text}"

    def read(self, token):
        """Count a call, and read a token of this era."""
        self.calls += 1
        if token is None:
            return None
        era, _, text = token.partition(" ")
        if era != str(self.era):
            raise InvalidArgument("No such cursor.")
        return text

    async def by_token(self, order, token):
        """Tokens that stay where they are, also when the item that they were made of has gone."""
        token = self.read(token)
        found = self.listed(order)
        if token is not None:
            latest, place = order is Order.LATEST, (*self.places[token], token)
            found = [
                one
                for one in found
                if ((*self.places[one.id], one.id) < place if latest else (*self.places[one.id], one.id) > place)
            ]
        return self.cut(found)

    def cut(self, found):
        page = found[: self.batch]
        return Batch(page, self.token(page[-1].id) if len(found) > len(page) else None)

    async def by_offset(self, order, token):
        begin = int(self.read(token) or 0)
        found = self.listed(order)[begin:]
        return Batch(found[: self.batch], self.token(begin + self.batch) if len(found) > self.batch else None)

    async def by_number(self, order, number):
        self.read(None)
        found = self.listed(order)[(number - 1) * self.batch :]
        return found[: self.batch], len(found) > self.batch

    async def by_id(self, order, anchor):
        """As Discord: exactly what stands beyond an id; the batch itself is newest first in any case."""
        self.read(None)
        latest = order is Order.LATEST
        found = sorted((key(one) for one in self.items), reverse=latest)
        if anchor is not None:
            found = [
                one
                for one in found
                if (one < anchor if latest else one > anchor) or (one.at == anchor.at > 0 and not anchor.id)
            ]
        page = found[: self.batch]
        return [Item(one.id, one.at) for one in sorted(page, reverse=True)], len(found) > len(page)

    async def by_time(self, order, anchor):
        """As Slack: what stands at or beyond a time, ties in another order with every call."""
        self.read(None)
        latest = order is Order.LATEST
        found = self.listed(order, scrambled=True)
        if anchor is not None:
            found = [one for one in found if (one.at <= anchor.at if latest else one.at >= anchor.at)]
        size = max(self.batch, 1 + max((sum(one.at == other.at for other in found) for one in found), default=0))
        return found[:size], len(found) > size

    @asynccontextmanager
    async def stream(self, order):
        self.read(None)

        async def each():
            for one in self.listed(order, scrambled=True):
                yield one

        yield each()

    async def everything(self):
        self.read(None)
        return self.rng.sample(self.items, len(self.items))


def shuffled_by_token(service):
    """An order that has nothing to do with time."""
    for one in service.items:
        service.places[one.id] = (0, service.rng.random())
    return tokens(service.by_token, UNKNOWN)


WAYS = {
    "anchored by id": lambda s: anchored(s.by_id, key),
    "anchored by time": lambda s: anchored(s.by_time, key),
    "tokens both ways": lambda s: tokens(s.by_token, BOTH, stable=True),
    "tokens newest first": lambda s: tokens(s.by_token, NEWEST, stable=True),
    "tokens oldest first": lambda s: tokens(s.by_token, OLDEST, stable=True),
    "tokens that may shift": lambda s: tokens(s.by_token, BOTH),
    "tokens of unknown order, newest first": lambda s: tokens(lambda _, t: s.by_token(Order.LATEST, t), UNKNOWN),
    "tokens of unknown order, oldest first": lambda s: tokens(lambda _, t: s.by_token(Order.OLDEST, t), UNKNOWN),
    "tokens without an order": shuffled_by_token,
    "offsets newest first": lambda s: tokens(s.by_offset, NEWEST),
    "offsets both ways": lambda s: tokens(s.by_offset, BOTH),
    "offsets of unknown order": lambda s: tokens(lambda _, t: s.by_offset(Order.LATEST, t), UNKNOWN),
    "numbered newest first": lambda s: numbered(s.by_number, NEWEST),
    "numbered both ways": lambda s: numbered(s.by_number, BOTH),
    "streamed newest first": lambda s: streamed(lambda: s.stream(Order.LATEST), Order.LATEST),
    "streamed oldest first": lambda s: streamed(lambda: s.stream(Order.OLDEST), Order.OLDEST),
    "whole": lambda s: whole(s.everything),
}
