"""A workspace in memory whose messages and replies are listed apart, and a provider of it that is made of the kit."""

from dataclasses import dataclass, field, replace

from dragoman import AccountSettings, Author, Conversation, Limits, Message, NotFound, Unavailable
from dragoman.providers.kit import (
    AskedOnce,
    Directory,
    Identity,
    Lookup,
    Member,
    NameBook,
    Parts,
    Post,
    Recent,
    Room,
    ThreadedProvider,
    Written,
    from_us,
)

START = 1_773_133_000_000_000
MINUTE = 60_000_000


def us(**members):
    return Identity(id="me", name="me", organisations=frozenset({"acme"}), **({"is_bot": True} | members))


@dataclass
class Mentioned:
    """What the messages of this workspace mention: nothing but what they tell themselves."""

    users: list = field(default_factory=list)
    bots: list = field(default_factory=list)
    channels: list = field(default_factory=list)
    groups: list = field(default_factory=list)
    profiles: dict = field(default_factory=dict)


@dataclass
class Part:
    entries: list
    more: bool = False


def member(id_, name, **members):
    return Member(id=id_, name=name, handle=id_, **({"organisations": frozenset({"acme"})} | members))


@dataclass
class Workspace:
    """All that the kit asks a service for. A message is its id, its root, its text and the key that it carries."""

    us: Identity = field(default_factory=us)
    people: dict = field(default_factory=dict)
    rooms: dict = field(default_factory=dict)
    open_rooms: list = field(default_factory=list)
    inside: dict = field(default_factory=dict)
    newest: dict = field(default_factory=dict)
    times: dict = field(default_factory=dict)
    posts: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    failing: set = field(default_factory=set)

    def __post_init__(self):
        for one in (member("me", "Dragoman"), member("ann", "Ann Lee"), member("bob", "Bob Ray", is_guest=True)):
            self.people[one.id] = one
        self.people["zoe"] = member("zoe", "Zoe Far", organisations=frozenset({"other"}))

    def add_room(self, room, people=("me", "ann"), *, joined=True):
        self.rooms[room.conversation.id] = room
        self.inside[room.conversation.id] = list(people)
        self.open_rooms += [] if joined else [room.conversation.id]

    def add(self, said="Hi", root=None, key=None, minute=None):
        id_ = str(START + (len(self.posts) if minute is None else minute) * MINUTE)
        self.posts.append((id_, root, said, key))
        return id_

    # rooms

    async def identity(self):
        return self.us

    async def joined(self):
        self.asked.append("joined")
        return [one for id_, one in self.rooms.items() if id_ not in self.open_rooms]

    async def public(self):
        self.asked.append("public")
        return [self.rooms[id_] for id_ in self.open_rooms]

    async def room(self, conversation):
        if conversation not in self.rooms:
            raise NotFound("There is no such conversation.")
        self.asked.append(f"room {conversation}")
        room = self.rooms[conversation]
        unread = 3 if room.conversation.kind == "direct" else None
        return room._replace(conversation=replace(room.conversation, unread=unread))

    async def members(self, conversation, most):
        self.asked.append(f"members {conversation}")
        if "members" in self.failing:
            raise Unavailable("Not now.")
        return self.inside.get(conversation, [])

    async def open_direct(self, person, *, create):
        found = next((id_ for id_, one in self.rooms.items() if list(one.people) == [person]), None)
        if found is None and create:
            found = f"d-{person}"
            self.add_room(Room(Conversation(id=found, kind="direct"), [person]), ("me", person))
        if found is None:
            raise NotFound("There is no such conversation.")
        return found

    async def recent(self, since):
        return Recent(self.times, {}) if self.times and since is None else None

    # messages

    async def history(self, conversation, span):
        self.asked.append(f"history {conversation}")
        if conversation in self.newest:
            return Part([(str(self.newest[conversation]), None, "Hi", None)])
        found = [one for one in self.posts if one[1] is None and (span.at is None or int(one[0]) < span.at)]
        return Part(found)

    async def replies(self, conversation, root, since=None):
        return [one for one in self.posts if root in one[:2] and (since is None or int(one[0]) > since)]

    async def to_messages(self, conversation, raw, part=None):
        author = Author(name="Dragoman", id="me", own=True)
        return [
            Message(
                id=id_, conversation=conversation, author=author, sent_at=from_us(int(id_)), text=said, reply_to=root
            )
            for id_, root, said, _ in raw
        ]

    def post_of(self, raw):
        below = [one for one in self.posts if one[1] == raw[0]]
        return Post(raw[0], raw[1], replies=len(below), newest_reply=max((int(one[0]) for one in below), default=0))

    def time_of(self, identifier):
        return int(identifier)

    def is_listed(self, message):
        return False

    async def raw(self, conversation, message):
        found = [one for one in self.posts if one[0] == message]
        if not found:
            raise NotFound("There is no such message.")
        return found[0]

    async def message(self, conversation, message):
        return (await self.to_messages(conversation, [await self.raw(conversation, message)]))[0]


class Target:
    """Writes to the workspace; is_whole: answers to writes have the whole message."""

    is_whole = True

    def __init__(self, workspace):
        self.workspace = workspace

    async def post(self, conversation, text, root, key):
        id_ = self.workspace.add(text, root, key)
        self.workspace.asked.append(f"post {conversation}")
        return await self._written(conversation, id_)

    async def edit(self, conversation, message, text):
        self.workspace.posts = [(*one[:2], text, one[3]) if one[0] == message else one for one in self.workspace.posts]
        return await self._written(conversation, message)

    async def _written(self, conversation, message):
        raw = await self.workspace.raw(conversation, message)
        return Written(conversation, raw if self.is_whole else (raw[0], None, "?", None), self.is_whole)

    async def sent_since(self, conversation, at, root):
        return [one for one in self.workspace.posts if int(one[0]) >= at and one[1] == root]

    def key_of(self, raw):
        return raw[3]

    def mention(self, member):
        return f"<{member.id}>"

    async def to_wire(self, text, members):
        return text


class Source:
    """The workspace as a source of threads, whose ``post`` tells where a message stands."""

    def __init__(self, workspace):
        names = ("history", "replies", "to_messages", "time_of", "is_listed", "raw")
        self.__dict__.update({name: getattr(workspace, name) for name in names})
        self.post = workspace.post_of


def provider_of(workspace, target=Target):
    async def fetch(id_):
        return workspace.people.get(id_)

    async def parts():
        yield list(workspace.people.values()), False

    async def nothing(_):
        return None

    empty = Lookup.one_by_one(nothing)
    titles = Lookup.one_by_one(nothing)
    names = NameBook(
        Directory(fetch, parts), bots=empty, titles=titles, groups=empty, mentioned=lambda messages: Mentioned()
    )
    whole = Parts.of(
        "Acme",
        us=AskedOnce(workspace.identity),
        names=names,
        rooms=workspace,
        source=Source(workspace),
        target=target(workspace),
        limits=Limits(text_length=100, page_size=50),
        recent=workspace.recent,
    )
    return ThreadedProvider(AccountSettings(provider="acme"), whole)
