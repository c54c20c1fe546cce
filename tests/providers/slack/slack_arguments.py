"""What the methods of Slack take, and forms that its answers have."""

import re

BOT, USER = "xoxb-token-of-the-tests", "xoxp-token-of-the-tests"
URL = "https://slack.com/api"
SCOPES = "channels:read,groups:read,im:read,mpim:read,channels:history,groups:history,im:history,mpim:history,"
SCOPES += "users:read,users:read.email,usergroups:read,chat:write,im:write,search:read"
KINDS_OF_SEARCH = {"public_channel": "public", "private_channel": "private", "mpim": "mpim", "im": "im"}
BEGINNING = 1_773_133_000
ARGUMENTS = {
    "auth.test": set(),
    "users.conversations": {"types", "exclude_archived", "limit", "cursor", "team_id"},
    "conversations.list": {"types", "exclude_archived", "limit", "cursor", "team_id"},
    "conversations.info": {"channel", "include_num_members"},
    "conversations.members": {"channel", "limit", "cursor"},
    "conversations.open": {"users", "prevent_creation"},
    "conversations.history": {"channel", "limit", "cursor", "oldest", "latest", "inclusive", "include_all_metadata"},
    "conversations.replies": {
        "channel", "ts", "limit", "cursor", "oldest", "latest", "inclusive", "include_all_metadata",
    },
    "users.info": {"user"},
    "files.info": {"file"},
    "users.list": {"limit", "cursor", "team_id"},
    "usergroups.list": {"team_id"},
    "bots.info": {"bot", "team_id"},
    "search.messages": {"query", "count", "page", "sort", "highlight", "team_id"},
    "assistant.search.context": {
        "query", "channel_types", "content_types", "limit", "include_message_blocks", "after", "before", "cursor",
    },
    "chat.postMessage": {"channel", "markdown_text", "thread_ts", "unfurl_links", "unfurl_media", "metadata"},
    "chat.update": {"channel", "ts", "markdown_text"},
}  # fmt: skip
WRITES = {"chat.postMessage", "chat.update"}


def user(id_, name, handle, **members):
    profile = {"real_name": name, "display_name": handle, "email": f"{handle}@acme.example"}
    return {"id": id_, "team_id": "T01ACME9", "name": handle, "real_name": name, "profile": profile, **members}


def failed(error, **members):
    return {"ok": False, "error": error, **members}


def encoded(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _inside(ts, bounds):
    if not ({"oldest", "latest"} & bounds.keys()):
        return True
    inclusive = bounds.get("inclusive") == "true"
    oldest, latest = bounds.get("oldest", ""), bounds.get("latest", "9")
    return oldest < ts < latest or (inclusive and ts in {oldest, latest})


def _stored(markdown):
    """What Slack makes of Markdown: blocks and a text for notifications."""
    parts = re.split(r"<@([A-Z0-9]+)>", markdown)
    elements = [
        {"type": "user", "user_id": part} if at % 2 else {"type": "text", "text": part.replace("&lt;", "<")}
        for at, part in enumerate(parts)
    ]
    text = "".join(f"<@{it['user_id']}>" if "user_id" in it else encoded(it["text"]) for it in elements)
    section = {"type": "rich_text_section", "elements": elements}
    return {"text": text, "blocks": [{"type": "rich_text", "block_id": "b", "elements": [section]}]}
