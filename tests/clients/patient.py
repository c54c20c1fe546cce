"""A provider whose conversations try a client's patience."""

import os
from datetime import UTC, datetime
from pathlib import Path

import anyio

from dragoman.core.context import progress
from dragoman.core.model import Author, Conversation, Message, Page
from dragoman.providers.base.provider import Provider

LARGE = 100
WORDS = "many words "


class Patient(Provider):
    """Its conversations are ``short``, ``large``, ``slow`` and ``endless``."""

    name = "patient"

    async def list_conversations(self, query):
        return Page(items=[Conversation(id=name, title=name.title()) for name in ("short", "large", "slow", "endless")])

    async def get_conversation(self, conversation):
        return Conversation(id=conversation, title=conversation.title())

    async def list_messages(self, conversation, query):
        if conversation == "slow":
            await self._wait_to_be_heard()
        if conversation == "endless":
            await self._end_never()
        texts = [f"{number}: {WORDS * 180}" for number in range(LARGE)] if conversation == "large" else ["Hello"]
        return Page(
            items=[
                Message(
                    id=str(number),
                    conversation=conversation,
                    author=Author(name="Ann"),
                    sent_at=datetime(2026, 1, 2, 3, number // 60, number % 60, tzinfo=UTC),
                    text=text,
                )
                for number, text in enumerate(texts)
            ]
        )

    async def _wait_to_be_heard(self):
        """Go on when the client has heard of it, because one that hears and is answered at once may forget to tell."""
        await progress.report(1, "Step 1")
        while not (_notes() / "heard").exists():  # noqa: ASYNC110  # another process makes it
            await anyio.sleep(0.01)
        await progress.report(2, "Step 2")

    async def _end_never(self):
        notes = _notes()
        await progress.report(1, "Begun")
        (notes / "started").touch()
        try:
            await anyio.sleep_forever()
        finally:
            (notes / "stopped").touch()


def _notes():
    return Path(os.environ["PATIENT_NOTES"])
