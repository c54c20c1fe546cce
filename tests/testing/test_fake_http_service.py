"""A provider over HTTP made of the kit, on the fake service, keeps the promises of every provider."""

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

import pytest

from dragoman import (
    Author,
    Conversation,
    Draft,
    Message,
    Provider,
    UnsupportedOperation,
)
from dragoman.core.context.clock import hurry
from dragoman.providers.kit import (
    Batch,
    Entries,
    HttpAccount,
    Lookup,
    Pager,
    Text,
    WireModel,
    error_table,
    format_time,
    key_of,
    parse_time,
    require_subtree,
    segment,
    tokens,
)
from dragoman.testing import FakeHttpService, ProviderContract, Reply, Seeded, Service, Trait

PROFILE = error_table("Acme", {401: "Check `token` of this account."}, look={"send": "Look whether it is there."})


class Letter(WireModel):
    id: Text = None
    at: Text = None
    by: Text = None
    text: Text = None


class Letters(WireModel):
    data: Entries[Letter]
    next: Text = None


class People(WireModel):
    names: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it


class AcmeProvider(Provider):
    """Newest first, along tokens that shift; names are asked for by id."""

    name = "acme"
    Settings = HttpAccount

    def __init__(self, settings, client=None):
        super().__init__(settings)
        self._client = client
        self._pager = Pager("Acme", lambda one: key_of(one.sent_at, one.id))
        self._names = Lookup(self._fetch_names)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        async with settings.client(PROFILE) as client:
            yield cls(settings, client)

    async def list_messages(self, conversation, query):
        async def fetch(_, token):
            path = f"/rooms/{segment(conversation)}/letters"
            answer = await self._client.get(path, model=Letters, query={"after": token}, operation="list")
            return Batch([self._mapped(one, conversation) for one in answer.value.data], answer.value.next)

        select = None if query.thread is None else lambda messages: require_subtree(messages, query.thread)
        page = await self._pager.page(tokens(fetch, None), query, name=conversation, select=select)
        return replace(page, items=await self._named(page.items))

    async def get_message(self, conversation, message):
        path = f"/rooms/{segment(conversation)}/letters/{segment(message)}"
        answer = await self._client.get(path, model=Letter, operation="get")
        return (await self._named([self._mapped(answer.value, conversation)]))[0]

    async def send_message(self, conversation, draft):
        if draft.reply_to or draft.subject:
            raise UnsupportedOperation("Acme has no replies and no subjects.", hint="Send the text alone.")
        path = f"/rooms/{segment(conversation)}/letters"
        answer = await self._client.request(
            "POST", path, kind="write", json={"text": draft.text}, model=Letter, operation="send"
        )
        self._pager.forget(conversation)
        return (await self._named([self._mapped(answer.value, conversation)]))[0]

    def _mapped(self, letter, conversation):
        author = Author(id=letter.by or "", name=letter.by or "user")
        at = parse_time(letter.at)
        return Message(id=letter.id or "", conversation=conversation, author=author, sent_at=at, text=letter.text or "")

    async def _named(self, messages):
        names = await self._names.get_all(one.author.id for one in messages)
        return [
            replace(one, author=replace(one.author, name=names.get(one.author.id, one.author.name))) for one in messages
        ]

    async def _fetch_names(self, ids):
        answer = await self._client.get("/people", model=People, query={"ids": ",".join(ids)}, operation="names")
        return answer.value.names


class Acme(FakeHttpService):
    def __init__(self):
        super().__init__()
        self.rooms, self.names = {}, {"me": "Me"}

    def answer(self, request):
        match request.route:
            case ("GET", "people"):
                return Reply({"names": {one: self.names[one] for one in request.query["ids"].split(",")}})
            case (method, "rooms", room, "letters") if room in self.rooms:
                return self._list(room, request.query) if method == "GET" else Reply(self._add(room, request.body))
            case ("GET", "rooms", room, "letters", letter) if room in self.rooms:
                found = [one for one in self.rooms[room] if one["id"] == letter]
                return Reply(found[0]) if found else Reply({"message": "no such letter"}, 404)
            case _:
                return Reply({"message": "no such room"}, 404)

    def _list(self, room, query):
        begin = int(query["after"]) if query.get("after", "").isdigit() else 0
        found = sorted(self.rooms[room], key=lambda one: one["at"], reverse=True)[begin:]
        return Reply({"data": found[:4], "next": str(begin + 4) if len(found) > 4 else None})

    def _add(self, room, body):
        at = f"2026-04-01T09:00:{len(self.rooms[room]):02}Z"
        self.rooms[room].append({"id": f"new{len(self.rooms[room])}", "at": at, "by": "me", "text": body["text"]})
        return self.rooms[room][-1]


class AcmeService(Service):
    def __init__(self, acme, address):
        self.acme, self.address = acme, address

    @property
    def settings(self):
        return HttpAccount(provider="acme", base_url=self.address, token=self.acme.token)

    async def seed(self, conversation, messages):
        room = self.acme.rooms.setdefault(conversation.id, [])
        for one in messages:
            self.acme.names[one.author.id] = one.author.name
            room.append({"id": one.id, "at": format_time(one.sent_at), "by": one.author.id, "text": one.text})
        kept = (
            replace(
                one,
                conversation=conversation.id,
                author=Author(id=one.author.id, name=one.author.name),
                **dict.fromkeys(("reply_to", "subject")),
                **dict.fromkeys(("labels", "reactions", "attachments"), ()),
            )
            for one in messages
        )
        return Seeded(Conversation(id=conversation.id), tuple(kept))

    def broken(self, error):
        return self.acme.broken(error)


class TestAcme(ProviderContract):
    provider = AcmeProvider
    exempt: ClassVar = {Trait.REPLIES: "Letters of Acme cannot answer one another."}

    @pytest.fixture
    def service(self):
        acme = Acme()
        with hurry(), acme.serve() as address:
            yield AcmeService(acme, address)


@pytest.mark.anyio
async def test_requests_are_recorded_and_need_the_token():
    acme = Acme()
    acme.rooms["a b"] = []
    with acme.serve() as address:
        settings = HttpAccount(provider="acme", base_url=address, token=acme.token)
        async with AcmeProvider.open(settings) as account:
            await account.send_message("a b", Draft(text="Hi"))
        assert [(one.route, one.body) for one in acme.requests][:1] == [
            (("POST", "rooms", "a b", "letters"), {"text": "Hi"})
        ]
        stranger = HttpAccount(provider="acme", base_url=address, token="another")  # noqa: S106 - of no service
        async with AcmeProvider.open(stranger) as account:
            with pytest.raises(Exception, match="Check `token` of this account"):
                await account.get_message("a b", "new0")
    assert len(acme.requests) == 2


def test_a_service_that_answers_nothing_is_none():
    with pytest.raises(NotImplementedError):
        FakeHttpService().answer(None)
