"""What a server tells of one folder: in its list of folders, and where the folder is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class FolderEntry(NamedTuple):
    """A folder of the account, with flags such as those for sent mail, in small letters."""

    name: str
    flags: frozenset[str]
    separator: str


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as it was opened.

    Attributes:
        validity: UIDVALIDITY; UIDs of another one mean other messages.
        next_uid: No message has this UID or a higher one; 0 where the server does not tell.
        count: How many messages it has.
        mod_seq: Rises with every change; 0 where the server does not tell.
    """

    name: str
    validity: int
    next_uid: int
    count: int
    mod_seq: int
