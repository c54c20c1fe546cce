"""What a tenant of Glean holds in tests, and how it cuts messages into pages."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Variant:
    """One way to fill what the service leaves open."""

    page_size: int = 4
    order: str = "desc"  # asc, desc, shuffled
    inclusive: bool = False
    whole_ties: bool = False  # a page never ends between equal times
    ignore_timestamp: bool = False
    ignore_direction: bool = False
    seconds: bool = False  # createTime without a fraction
    root: str = "apart"  # apart, within, repeated, first, none
    has_more: str = "true"  # true, always, missing
    whole: int = 0  # messages in a conversation document; 0: messages are results of their own
    ties: str = "id"  # how messages of one moment are ordered: by id, or as they were given
    overlap: int = 0  # how many messages a conversation document shares times with its neighbour


@dataclass
class Stored:
    id: str
    channel: str
    at: datetime
    text: str
    stamp: str
    author: dict = field(default_factory=lambda: {"name": "Ann", "obfuscatedId": "u1"})
    parent: "Stored | None" = None
    metadata: dict = field(default_factory=dict)
    result: dict = field(default_factory=dict)

    @property
    def ms(self):
        return (self.at - EPOCH) // timedelta(milliseconds=1)

    @property
    def root(self):
        return self.parent.root if self.parent else self


class Tenant:
    def __init__(self, variant=Variant()):
        self.variant = variant
        self.messages = []
        self.channels = []
        self.chats = {}
        self.people = {}

    def add(self, channel, identifier, at, text="Hello", parent=None, **more):
        if channel not in self.channels:
            self.channels.append(channel)
        stamp = f"{1_700_000_000 + len(self.messages)}.{len(self.messages):06d}"
        stored = Stored(identifier, channel, at, text, stamp, parent=parent, **more)
        self.messages.append(stored)
        return stored

    def page(self, asked):
        """The answer of /messages."""
        v = self.variant
        chosen, root = self._scope(asked)
        units = self._units(chosen)
        reference, direction = asked.get("timestampMillis"), asked.get("direction", "OLDER")
        direction = "OLDER" if v.ignore_direction else direction
        page, more = _cut(units, None if v.ignore_timestamp else reference, direction, v)
        results = [self._unit(unit) for unit in _arranged(page, v)]
        answer = {"searchResponse": {"results": results, "requestID": "r-1"}}
        if root is not None and asked.get("includeRootMessage") and v.root in {"apart", "repeated", "first"}:
            if v.root != "first" or reference is None:
                answer["rootMessage"] = self.result(root)
            if v.root == "repeated":
                results.append(self.result(root))
        more = True if v.has_more == "always" else more
        if more or v.has_more != "missing":
            answer["hasMore"] = more
        return answer

    def _scope(self, asked):
        if asked["idType"] == "THREAD_ID":
            root = next((m for m in self.messages if m.stamp == asked["id"]), None)
            inside = [m for m in self.messages if m.root is root and root is not None]
            return (inside if self.variant.root == "within" else [m for m in inside if m is not root]), root
        if asked["idType"] == "CONVERSATION_ID":
            return [m for m in self.messages if f"CONV_{m.channel}" == asked["id"]], None
        return [m for m in self.messages if m.channel == asked["id"]], None

    def _units(self, chosen):
        chosen = sorted(chosen, key=lambda m: (m.at, m.id if self.variant.ties == "id" else ""))
        size = self.variant.whole
        if not size:
            return [[m] for m in chosen]
        step = max(1, size)
        parts = [chosen[at : at + step] for at in range(0, len(chosen), step)]
        for number in range(len(parts) - 1) if self.variant.overlap else ():
            here, there = parts[number], parts[number + 1]
            if len(here) > 1 and len(there) > 1:
                here[-1], there[0] = there[0], here[-1]  # the times of neighbours run into one another
        return parts

    def _unit(self, unit):
        if not self.variant.whole:
            return self.result(unit[0])
        first = min(unit, key=lambda m: (m.at, m.id))
        parts = [self.result(m) for m in unit]
        document = {
            "id": f"DOC_{first.id}",
            "docType": "Conversation",
            "metadata": {"createTime": self._time(first.at)},
        }
        return {"url": "https://acme.slack.com/x", "document": document,
                "relatedResults": [{"relation": "CONVERSATION_MESSAGES", "results": parts}]}  # fmt: skip

    def result(self, m):
        document = self.document(m)
        document.pop("content")
        kind = {"clusterType": "THREAD_REPLY"} if m.parent else {}
        return {"url": document["url"], "title": m.channel, "document": document, "fullTextList": [m.text], **kind,
                **m.result}  # fmt: skip

    def document(self, m):
        plain = m.channel.replace("-", "").isalnum() and m.channel.isascii()
        thread = f"?thread_ts={m.root.stamp}&cid={m.channel}" if m.parent else ""
        path = f"/archives/{m.channel}/p{m.stamp.replace('.', '')}{thread}" if plain else f"/odd/{len(m.id)}"
        metadata = {
            "datasource": "slack", "container": m.channel, "containerId": f"SLACK_CHANNEL_{m.channel}",
            "createTime": self._time(m.at), "author": m.author, "datasourceId": m.stamp, **m.metadata,
        }  # fmt: skip
        if m.parent:
            metadata["parentId"] = m.parent.id
        return {"id": m.id, "datasource": metadata["datasource"], "docType": "Message", "url": f"https://acme.slack.com{path}",
                "content": {"fullTextList": [m.text]}, "metadata": metadata}  # fmt: skip

    def _time(self, at):
        return at.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if self.variant.seconds else f".{at.microsecond // 1000:03d}Z")


def _cut(units, reference, direction, v):
    def key(unit):
        return min(m.ms for m in unit)

    units = sorted(units, key=lambda unit: min(m.at for m in unit))
    if reference is not None and direction == "OLDER":
        units = [u for u in units if key(u) < reference or (v.inclusive and key(u) == reference)]
    elif reference is not None:
        units = [u for u in units if key(u) > reference or (v.inclusive and key(u) == reference)]
    newest = direction == "OLDER" or reference is None
    page, rest = (
        (units[-v.page_size :], units[: -v.page_size]) if newest else (units[: v.page_size], units[v.page_size :])
    )
    while v.whole_ties and rest and page and key(rest[-1 if newest else 0]) == key(page[0 if newest else -1]):
        page, rest = ([rest[-1], *page], rest[:-1]) if newest else ([*page, rest[0]], rest[1:])
    return page, bool(rest)


def _arranged(page, v):
    if v.order == "asc":
        return page
    if v.order == "desc":
        return page[::-1]
    return random.Random(len(page)).sample(page, len(page))
