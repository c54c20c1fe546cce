"""Lines of a chat as an export has them."""

import json


def line(**members: object) -> str:
    return json.dumps({"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "room", **members}) + "\n"
