"""Glean in memory, strict about everything that it is sent, with a journal of it."""

import json
from dataclasses import dataclass

import httpx
from glean_store import Tenant

TOKEN = "glean_test_token"  # noqa: S105 - of no service
BASE = "http://127.0.0.1:9"
PREFIX = "/rest/api/v1/"
TRANSPORT_HEADERS = {"host", "user-agent", "accept-encoding", "connection", "content-length"}

MESSAGES = {
    "idType": {"CHANNEL_NAME", "THREAD_ID", "CONVERSATION_ID"},
    "id": str,
    "datasource": {"SLACK", "SLACKENTGRID", "MICROSOFTTEAMS", "GCHAT", "FACEBOOKWORKPLACE"},
    "workspaceId": str,
    "direction": {"OLDER", "NEWER"},
    "timestampMillis": int,
    "includeRootMessage": bool,
    "datasourceInstanceDisplayName": str,
}
OPTIONS = {
    "facetBucketSize": int,
    "datasourcesFilter": list,
    "facetFilters": list,
    "responseHints": list,
    "disableSpellcheck": bool,
    "disableQueryAutocorrect": bool,
    "facetBucketFilter": {"facet": str, "prefix": str},
}
SEARCH = {
    "query": str,
    "pageSize": int,
    "maxSnippetSize": int,
    "cursor": str,
    "trackingToken": str,
    "requestOptions": OPTIONS,
}
CHAT = {"messages": list, "chatId": str, "saveChat": bool, "stream": bool, "timeoutMillis": int}
BODIES = {
    "messages": (MESSAGES, {"idType", "id", "datasource"}),
    "search": (SEARCH, {"query"}),
    "getdocuments": ({"documentSpecs": list, "includeFields": list}, {"documentSpecs"}),
    "people": ({"fallbackToAuthenticatedIdentity": bool, "obfuscatedIds": list, "emailIds": list}, set()),
    "getchat": ({"id": str}, {"id"}),
    "chat": (CHAT, {"messages"}),
}


@dataclass(frozen=True)
class Seen:
    endpoint: str
    headers: dict
    body: object


class Fault:
    """What a request gets instead of an answer. ``error`` is raised as the transport would."""

    def __init__(self, status=200, body="", headers=None, *, error=None, cut=False):
        self.status, self.body, self.headers, self.error, self.cut = status, body, headers or {}, error, cut

    def response(self):
        if self.error is not None:
            raise self.error
        content = self.body if isinstance(self.body, str) else json.dumps(self.body)
        kind = {"content-type": "text/plain; charset=utf-8"} if isinstance(self.body, str) else {}
        headers = {**kind, "content-type": "application/json", **kind, **self.headers}
        if self.cut:
            return httpx.Response(self.status, headers=headers, content=_breaking(content.encode()))
        return httpx.Response(self.status, headers=headers, content=content.encode())


async def _breaking(content):
    yield content[: len(content) // 2]
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class GleanServer:
    def __init__(self, tenant=None, *, headers=None):
        self.tenant = tenant or Tenant()
        self.required = headers or {}
        self.journal = []
        self.wrong = []
        self.faults = []  # used up one after the other
        self.always = None
        self.connector = "slack"
        self.chat_answers = []  # bodies, or Faults, for /chat instead of its own
        self.asked = 0

    @property
    def transport(self):
        return httpx.MockTransport(self.handle)

    def sent(self, endpoint):
        return [seen.body for seen in self.journal if seen.endpoint == endpoint]

    async def handle(self, request):
        content = await request.aread()
        endpoint = request.url.path.removeprefix(PREFIX)
        body = json.loads(content) if content else None
        self.journal.append(Seen(endpoint, dict(request.headers), body))
        problem = self._problem(request, endpoint, body, content)
        if problem:
            self.wrong.append(problem)
            return httpx.Response(400, text=problem)
        fault = self.faults.pop(0) if self.faults else self.always
        if fault is not None and not (callable(fault) and not isinstance(fault, Fault)):
            return fault.response()
        if callable(fault):
            found = fault(endpoint, body)
            if found is not None:
                return found.response()
        found = getattr(self, f"_{endpoint}")(body)
        return found.response() if isinstance(found, Fault) else httpx.Response(200, json=found)

    def _problem(self, request, endpoint, body, content):
        headers = dict(request.headers)
        if request.method != "POST" or not request.url.path.startswith(PREFIX) or request.url.query:
            return f"{request.method} {request.url.raw_path}"
        wanted = {"authorization": f"Bearer {TOKEN}", **self.required}
        wanted["accept"] = "text/plain" if isinstance(body, dict) and body.get("stream") else "application/json"
        if endpoint == "listchats":
            if content:
                return "listchats takes no body"
        elif endpoint not in BODIES:
            return f"unknown endpoint {endpoint}"
        else:
            wanted["content-type"] = "application/json"
        given = {name: value for name, value in headers.items() if name not in TRANSPORT_HEADERS}
        if given != wanted:
            return f"headers {given.keys() ^ wanted.keys()}"
        return None if endpoint == "listchats" else _misfit(body, *BODIES[endpoint], endpoint)

    def _messages(self, body):
        return self.tenant.page(body)

    def _getdocuments(self, body):
        (spec,) = body["documentSpecs"]
        wanted = spec.get("id") or spec.get("url")
        if set(spec) not in ({"id"}, {"url"}) or body.get("includeFields") != ["DOCUMENT_CONTENT"]:
            self.wrong.append(f"documents {body}")
        for m in self.tenant.messages:
            document = self.tenant.document(m)
            if wanted in {m.id, document["url"]}:
                return {"documents": {wanted: document}}
        if wanted.endswith("-403"):
            return Fault(403, "Documents does not exist, or user cannot access documents.")
        return {"documents": {wanted: {"error": "Document not found or user does not have access"}}}

    def _people(self, body):
        known = [self.tenant.people[one] for one in body["obfuscatedIds"] if one in self.tenant.people]
        return {"results": known, "errors": [one for one in body["obfuscatedIds"] if one not in self.tenant.people]}

    def _search(self, body):
        options = body["requestOptions"]
        if "responseHints" in options:
            return self._facets(options)
        words = body["query"].lower().split()
        found = [m for m in self.tenant.messages if all(word in m.text.lower() for word in words)]
        for one in options.get("facetFilters", []):
            found = [m for m in found if _passes(m, one)]
        start = int(body.get("cursor", "0"))
        if start and body.get("trackingToken") != "tok":
            self.wrong.append("the tracking token is missing")
        page = found[start : start + body["pageSize"]]
        more = start + len(page) < len(found)
        answer = {"results": [self.tenant.result(m) for m in page], "hasMoreResults": more, "trackingToken": "tok"}
        return {**answer, "cursor": str(start + len(page))} if more else answer

    def _facets(self, options):
        app = {"value": self.connector, "relationType": "EQUALS"}
        if options["facetFilters"] != [{"fieldName": "app", "values": [app]}]:
            self.wrong.append(f"facets {options}")
        prefix = options.get("facetBucketFilter", {}).get("prefix", "")
        names = [name for name in reversed(self.tenant.channels) if name.lower().startswith(prefix.lower())]
        size = options["facetBucketSize"]
        buckets = [{"count": 1, "value": {"stringValue": name}} for name in names[:size]]
        return {"results": [], "facetResults": [
            {"sourceName": "channel", "hasMoreBuckets": len(names) > size, "buckets": buckets},
            {"sourceName": "from", "buckets": [{"count": 1, "value": {"stringValue": "Ann"}}]},
        ]}  # fmt: skip

    def _listchats(self, _):
        shown = [
            {key: value for key, value in chat.items() if key != "messages"} for chat in self.tenant.chats.values()
        ]
        return {"chatResults": [{"chat": chat, "trackingToken": "t"} for chat in shown], "cursor": "bm93aGVyZQ=="}

    def _getchat(self, body):
        chat = self.tenant.chats.get(body["id"])
        return Fault(404, "chat not found") if chat is None else {"chatResult": {"chat": chat}}

    def _chat(self, body):
        (question,) = body["messages"]
        if question.keys() != {"author", "messageType", "fragments"} or body.get("saveChat") is not True:
            self.wrong.append(f"chat {body}")
        if self.chat_answers:
            given = self.chat_answers.pop(0)
            return given(body) if callable(given) else given
        chat = self.tenant.chats.get(body.get("chatId", ""))
        if "chatId" in body and chat is None:
            return Fault(404, "chat not found")
        self.asked += 1
        if chat is None:
            chat = self.tenant.chats[f"fresh{self.asked}"] = {"id": f"fresh{self.asked}", "name": "New", "messages": []}
        text = question["fragments"][0]["text"]
        reply = {"author": "GLEAN_AI", "messageType": "CONTENT", "messageId": f"a{self.asked}",
                 "fragments": [{"text": f"You said: {text}"}]}  # fmt: skip
        chat["messages"] += [{**question, "messageId": f"q{self.asked}"}, reply]
        answer = {"chatId": chat["id"], "messages": [{"author": "GLEAN_AI", "messageType": "UPDATE"}, reply]}
        return Fault(200, json.dumps(answer)) if body["stream"] else answer


def _passes(m, facet):
    (one,) = facet["values"]
    if facet["fieldName"] == "channel":
        return m.channel == one["value"]
    if facet["fieldName"] == "last_updated_at":
        return one["relationType"] == "GT" and m.at.date().isoformat() > one["value"]
    return facet["fieldName"] == "from" and m.author.get("metadata", {}).get("email") == one["value"]


def _misfit(body, members, required, where):
    if not isinstance(body, dict) or body.keys() - members.keys() or required - body.keys():
        return f"{where}: members {sorted(body) if isinstance(body, dict) else body}"
    for name, value in body.items():
        kind = members[name]
        if isinstance(kind, dict):
            problem = _misfit(value, kind, {"facetBucketSize"} if name == "requestOptions" else set(), name)
            if problem:
                return problem
        elif isinstance(kind, set):
            if value not in kind:
                return f"{where}: {name} is {value!r}"
        elif type(value) is not kind:
            return f"{where}: {name} is {value!r}"
    return None
