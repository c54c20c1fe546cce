"""Both searches of the Slack in memory, each for the tokens that may use it."""

import re

from slack_arguments import KINDS_OF_SEARCH, failed


class Searches:
    """What a workspace answers to searches."""

    def assistant_search_context(  # the arguments are those of Slack
        self, query, channel_types, content_types, limit, include_message_blocks, after="0", before=None, cursor=None
    ):
        if self.is_bot:
            return failed("not_allowed_token_type")
        granted = {one.removeprefix("search:read.") for one in self.scopes.split(",") if one.startswith("search:read.")}
        kinds = channel_types.split(",")
        needed = [KINDS_OF_SEARCH[one] for one in kinds if KINDS_OF_SEARCH[one] not in granted]
        if needed:
            return failed("missing_scope", needed=f"search:read.{needed[0]}")
        assert (content_types, include_message_blocks) == ("messages", "true")
        assert 1 <= int(limit) <= 20
        assert not re.search(r"<|in:|from:", query), "its query is in words"
        wanted = {one.strip('"*').lower() for one in query.split() if one != "OR"}
        found = [
            self._result(room, one)
            for room, messages in self.messages.items()
            for one in messages
            if self._kind(self.rooms[room]) in kinds
            and wanted & set(one["text"].lower().split())
            and int(after) <= int(one["ts"][:10]) <= int(before or 10**11)
        ]
        start = int((cursor or "at:0").removeprefix("at:"))
        end = start + int(limit)
        onward = f"at:{end}" if end < len(found) else ""
        return {"results": {"messages": found[start:end]}, "response_metadata": {"next_cursor": onward}}

    def _result(self, room, one):
        match = self._match(room, one)
        author = self.users.get(one.get("user"), {})
        return {
            "author_name": author.get("real_name", ""), "author_user_id": author.get("id", ""),
            "channel_id": room, "channel_name": self.rooms[room]["name"], "message_ts": one["ts"],
            "content": one["text"], "is_author_bot": False, "permalink": match["permalink"],
            **({"blocks": one["blocks"]} if "blocks" in one else {}),
            **({"thread_ts": one["thread_ts"]} if "thread_ts" in one else {}),
        }  # fmt: skip

    def search_messages(self, query, count, sort, page="1", **_):
        if self.is_bot:
            return failed("not_allowed_token_type")
        if "search:read" not in self.scopes.split(","):
            return failed("missing_scope", needed="search:read")
        assert sort in {"score", "timestamp"}
        assert 1 <= int(count) <= 100
        assert 1 <= int(page) <= 100
        places = re.findall(r"in:<#(\w+)>", query)
        query = re.sub(r"-?(?:in|from|after|before|has):\S+", " ", query)
        wanted = [one.strip('"*').lower() for one in re.findall(r'"[^"]*"|\S+', query)]
        found = [
            self._match(room, one)
            for room, messages in self.messages.items()
            for one in messages
            if (not places or room in places) and all(word in one["text"].lower() for word in wanted if word)
        ]
        if sort == "timestamp":
            found.sort(key=lambda one: one["ts"], reverse=True)
        start = (int(page) - 1) * int(count)
        paging = {"count": int(count), "page": int(page), "pages": -(-len(found) // int(count)), "total": len(found)}
        return {"messages": {"total": len(found), "paging": paging, "matches": found[start : start + int(count)]}}

    def _match(self, room, one):
        thread = f"?thread_ts={one['thread_ts']}" if "thread_ts" in one else ""
        link = f"https://acme.slack.com/archives/{room}/p{one['ts'].replace('.', '')}{thread}"
        members = {key: value for key, value in one.items() if key not in {"thread_ts", "metadata", "reactions"}}
        return members | {"channel": {"id": room, "name": self.rooms[room]["name"]}, "permalink": link}
