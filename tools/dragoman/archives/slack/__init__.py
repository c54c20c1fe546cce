"""Slack exports: a folder with lists of people and conversations, and a folder of days for each conversation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from dragoman.archives.fields import object_of
from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.slack.messages import SlackMessages, ts_of
from dragoman.archives.slack.people import LISTS, Workspace
from dragoman.archives.sources import File, Folder, Source

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\.json")
_LOOKED_AT: Final = 50


class SlackFormat(ArchiveFormat):
    """Exports of a workspace, also of an organisation, and single days of them."""

    name = "slack"
    title = "Slack export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether a folder has the lists and days, or a file is a day."""
        if not head.name:
            return CERTAIN if _is_export(names) else 0
        return LIKELY if {"[].ts", "[].type"} <= head.members and _DAY.fullmatch(head.name) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the exports."""
        del options
        for root in source.folders():
            yield from _read_export([root], source)
            for workspace in root.folder("teams").folders():
                yield from _read_export([root, workspace], source)
        alone = Workspace((), source.notes)
        for file in source.files():
            yield alone.conversation_in(file.folder.name)
            yield from _read_day(file, alone.conversation_in(file.folder.name).id, SlackMessages(alone), source)


def _read_export(roots: list[Folder], source: Source) -> Iterator[Item]:
    """A workspace, whose days are in the last of the folders."""
    workspace = Workspace(roots, source.notes)
    messages = SlackMessages(workspace)
    yield from workspace.conversations
    for folder in roots[-1].folders():
        days = (file for file in folder.files() if _DAY.fullmatch(file.name))
        conversation = workspace.conversation_in(folder.name)
        for number, file in enumerate(days):
            if number == 0:
                yield conversation
            yield from _read_day(file, conversation.id, messages, source)


def _read_day(file: File, conversation: str, messages: SlackMessages, source: Source) -> Iterator[Item]:
    folder = file.folder
    with file.open() as content:
        reader = JsonReader(content, source.notes, file.label)
        for _, value in reader.items("[]"):
            message = messages.read(object_of(value), conversation, folder)
            if message is not None:
                yield message
            else:
                reason = "no ts" if not ts_of(object_of(value)) else "no message"
                source.notes.skip(reason, file.label, reader.line)


def _is_export(folder: Folder) -> bool:
    lists = folder.names & LISTS.keys()
    if not lists and "users.json" not in folder.names:
        return False
    days = any(_DAY.fullmatch(name) for inner in islice(folder.folders(), _LOOKED_AT) for name in inner.names)
    return days or (bool(lists) and "users.json" in folder.names)
