"""Pages of messages as an assistant reads them."""

import re

from dragoman.testing.scripted_server import ScriptedServer

CURSOR = re.compile(r"(?:older|newer|more): cursor ([a-z0-9]{1,8})")
CHANNEL = "local:c-kiosk-firmware"


def cursor_of(text: str) -> str | None:
    found = CURSOR.search(text.partition("\n")[0])
    return found[1] if found else None


def walk(server: ScriptedServer, **arguments: object) -> list[str]:
    pages = [server.call("list_messages", **arguments)]
    while cursor := cursor_of(pages[-1]):
        pages.append(server.call("list_messages", **arguments, cursor=cursor))
        assert len(pages) < 200
    return pages
