"""Slack exports: a folder with lists of people and conversations, and a folder of days for each conversation."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.slack.layout import DAY, is_export
from dragoman.archives.sources import Folder, Source


class SlackFormat(ArchiveFormat):
    """Exports of a workspace, also of an organisation, and single days of them."""

    name = "slack"
    title = "Slack export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether a folder has the lists and days, or a file is a day."""
        if not head.name:
            return CERTAIN if is_export(names) else 0
        return LIKELY if {"[].ts", "[].type"} <= head.members and DAY.fullmatch(head.name) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the exports."""
        from dragoman.archives.slack.days import read_all  # noqa: PLC0415 - most imports have no Slack export in them

        del options
        return read_all(source)
