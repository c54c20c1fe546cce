"""What services answer, with 100 messages each, in the full form of their documentation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

HUNDRED: Final = 100
WORDS: Final = "Deploy of ingest number {} is done, p99 went from 840ms to 310ms, see the board for the error budget."
_START: Final = datetime(2026, 3, 10, 9, 0, 0, 4000, UTC)
_PEOPLE: Final = ("Maya Okafor", "Jonas Lindqvist", "Aiko Tanaka", "Priya Nair", "Lena Voss")


def _at(number: int) -> str:
    return (_START + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def glean() -> dict[str, Any]:
    """A channel of Slack, as Glean tells it."""
    results = [_glean(number) for number in reversed(range(HUNDRED))]
    return {"POST /rest/api/v1/messages": {"hasMore": True, "searchResponse": {"requestID": "r-1", "results": results}}}


def _glean(number: int) -> dict[str, Any]:
    stamp = f"{1773133200 + 60 * number}.004200"
    link = f"https://acme.slack.com/archives/C02QF8N7J/p{stamp.replace('.', '')}"
    name = _PEOPLE[number % len(_PEOPLE)]
    more = {"type": "FULL_TIME", "email": f"{name.split()[0].lower()}@acme.example", "title": "Staff Engineer"}
    more |= {"department": "Platform", "datasourceProfile": [{"datasource": "slack", "handle": "m", "url": link}]}
    facts = {
        "datasource": "slack", "datasourceInstance": "slack_acme", "objectType": "Message",
        "container": "eng-platform", "containerId": "SLACK_CHANNEL_C02QF8N7J",
        "superContainerId": "SLACK_WORKSPACE_T01ACME9", "mimeType": "text/plain",
        "documentId": f"SLACK_{stamp}", "loggingId": "LG992657465574", "datasourceId": stamp,
        "createTime": _at(number), "updateTime": _at(number), "visibility": "DOMAIN_VISIBLE",
        "author": {"name": name, "obfuscatedId": f"p_{number % len(_PEOPLE)}", "metadata": more},
        "interactions": {"numComments": 4, "numReactions": 6, "reacts": [{"type": "tada", "count": 6}]},
    }  # fmt: skip
    document = {
        "id": f"SLACK_{stamp}", "datasource": "slack", "connectorType": "API_CRAWL", "docType": "Message",
        "title": "#eng-platform", "url": link, "metadata": facts,
    }  # fmt: skip
    return {
        "title": "#eng-platform", "url": link, "nativeAppUrl": "slack://channel?team=T01&id=C02",
        "trackingToken": f"trk-{stamp}", "document": document, "fullTextList": [WORDS.format(number)],
        "clusterType": "THREAD_ROOT",
    }  # fmt: skip


def convore() -> dict[str, Any]:
    """A conversation of mails in Convore."""
    people = [_participant("ann@example.com", "from", "Ann Lee"), _participant("help@acme.example", "to", "Acme")]
    conversation = {
        "id": "conv_1", "channel_id": "chnnl_1", "status": "open", "priority": "no_priority", "labels": [],
        "participants": people, "created_at": _at(0), "subject": "Migration", "last_message_date": _at(HUNDRED),
    }  # fmt: skip
    messages = [_convore(number) for number in reversed(range(HUNDRED))]
    return {
        "GET /v1/conversations": {"data": [conversation], "total_count": 1},
        "GET /v1/conversations/conv_1": conversation,
        "GET /v1/messages": {"data": messages, "total_count": HUNDRED},
        "GET /v1/messages/msg_001": _convore(1),
    }


def _participant(address: str, role: str, name: str) -> dict[str, Any]:
    return {"handle": {"type": "email", "value": address}, "role": role, "name": name}


def _convore(number: int) -> dict[str, Any]:
    words = WORDS.format(number)
    return {
        "id": f"msg_{number:03d}", "channel_id": "chnnl_1", "conversation_id": "conv_1", "subject": "Migration",
        "direction": "inbound", "date": _at(number), "sender": _participant("ann@example.com", "from", "Ann Lee"),
        "recipients": [_participant("help@acme.example", "to", "Acme Support")], "snippet": words[:60],
        "external_message_id": f"<{number}.7@mail.example>", "created_at": _at(number), "format": "full",
        "body": f"<p>{words}</p>", "text_body": words,
        "raw_body": f"<p>{words}</p><blockquote>older</blockquote>", "attachments": [],
    }  # fmt: skip


def datagrid() -> dict[str, Any]:
    """A conversation with an agent of Datagrid."""
    messages = [_datagrid(number) for number in range(HUNDRED)]
    return {
        "GET /v1/conversations/conv_1": {"object": "conversation", "id": "conv_1", "created_at": _at(0)},
        "GET /v1/conversations/conv_1/messages": {"object": "list", "data": messages, "has_more": False},
        "GET /v1/agents": {"object": "list", "data": [{"id": "agent_1", "name": "Site Agent"}], "has_more": False},
        "GET /v1/agents/agent_1": {"id": "agent_1", "name": "Site Agent"},
    }


def _datagrid(number: int) -> dict[str, Any]:
    source = {"type": "pdf_page", "source_name": "Agreement.pdf", "source_id": "f_1", "confirmations": ["retain five"]}
    citations = [{"citation": "capped at 5 %", "sources": [source]}]
    return {
        "object": "conversation.message", "id": f"msg_{number:03d}", "agent_id": "agent_1",
        "role": "agent" if number % 2 else "user", "content": [{"type": "text", "text": WORDS.format(number)}],
        "created_at": _at(number), "conversation_id": "conv_1", "credits": None,
        "citations": citations if number % 2 else None,
    }  # fmt: skip


def slack() -> dict[str, Any]:
    """A channel of Slack."""
    people = [_member(number, name) for number, name in enumerate(_PEOPLE)]
    us = {"ok": True, "url": "https://acme.slack.com/", "team_id": "T01ACME9", "user_id": "U0PERSON0", "user": "maya"}
    channel = {"id": "C02QF8N7J", "name": "eng-platform", "is_channel": True, "num_members": 5}
    messages = [_slack(number) for number in reversed(range(HUNDRED))]
    return {
        "POST /api/auth.test": us,
        "POST /api/conversations.info": {"ok": True, "channel": channel},
        "POST /api/users.list": {"ok": True, "members": people},
        "POST /api/conversations.history": {"ok": True, "messages": messages, "has_more": False},
    }


def _member(number: int, name: str) -> dict[str, Any]:
    profile = {"real_name": name, "display_name": name.split(maxsplit=1)[0].lower(), "email": f"u{number}@acme.example"}
    return {"id": f"U0PERSON{number}", "team_id": "T01ACME9", "name": f"u{number}", "profile": profile, "is_bot": False}


def _slack(number: int) -> dict[str, Any]:
    user, words = f"U0PERSON{number % len(_PEOPLE)}", WORDS.format(number)
    elements = [{"type": "text", "text": words[:-12]}, {"type": "text", "text": words[-12:], "style": {"bold": True}}]
    section = {"type": "rich_text_section", "elements": elements}
    return {
        "type": "message", "ts": f"{1773133200 + 60 * number}.004200", "client_msg_id": f"0b7c5b1e-{number}",
        "user": user, "team": "T01ACME9", "text": f"{words[:-12]}*{words[-12:]}*",
        "blocks": [{"type": "rich_text", "block_id": f"b{number}", "elements": [section]}],
        "reactions": [{"name": "tada", "count": 6, "users": ["U0PERSON1", "U0PERSON2"]}],
    }  # fmt: skip
