"""What a Slack export holds: its conversations, and the days of each."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.archives.fields import object_of
from dragoman.archives.format import Item
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.slack.layout import DAY
from dragoman.archives.slack.messages import SlackMessages, ts_of
from dragoman.archives.slack.people import Workspace
from dragoman.archives.sources import File, Folder, Source


def read_all(source: Source) -> Iterator[Item]:
    """Everything in the exports, and in days that stand alone."""
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
        days = (file for file in folder.files() if DAY.fullmatch(file.name))
        conversation = workspace.conversation_in(folder.name)
        for number, file in enumerate(days):
            # A folder without days, such as one of files, is no conversation.
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
