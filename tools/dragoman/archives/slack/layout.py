"""Which files a Slack export has, by which it is recognised."""

from __future__ import annotations

from itertools import islice
from typing import Final

from dragoman.archives.sources import Folder
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import ConversationKind

LISTS: Final = {
    "channels.json": ConversationKind.CHANNEL,
    "groups.json": ConversationKind.CHANNEL,
    "mpims.json": ConversationKind.GROUP,
    "dms.json": ConversationKind.DIRECT,
}
"""The lists of conversations at the root of an export."""

DAY: Final = lazy_pattern(r"\d{4}-\d\d-\d\d\.json")
"""The name of the file that holds a day."""

# A workspace may have thousands of folders, and one with a day is enough.
_LOOKED_AT: Final = 50


def is_export(folder: Folder) -> bool:
    """Whether a folder has the lists, and folders with days."""
    lists = folder.names & LISTS.keys()
    if not lists and "users.json" not in folder.names:
        return False
    days = any(DAY.fullmatch(name) for inner in islice(folder.folders(), _LOOKED_AT) for name in inner.names)
    return days or (bool(lists) and "users.json" in folder.names)
