"""What the forms cost in tokens and in time, and how near the estimate of tokens is."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Literal

from rs_bpe.bpe import openai
from tests.benchmarks.figures import show

from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Edit, Message, Reaction
from dragoman.rendering import MessagesView, estimate, lay_out

RUNS = 120
PAGE = 100
PAGES = 60
MEASURED = ("c-kiosk-firmware", "c-rider-support")
SAMPLES = Path(__file__).parents[1] / "data" / "token_samples.json"
_count = openai.o200k_base().count


def main() -> int:
    """Print every figure; 1 when a bound is missed."""
    chat = dict(_conversations())
    holds = [*_costs(chat), *_costs_of_mail_and_topics(chat), *_estimates(chat), *_speed(chat)]
    return int(not all(holds))


def _costs(chat: dict[str, list[Message]]) -> Iterator[bool]:
    for name in MEASURED:
        last = chat[name][-50:]
        bare = _count(_bare(last))
        yield show(f"{name}: 50 messages as text, over bare lines", _count(_laid_out(last, "text")) / bare, 1.25)
        yield show(f"{name}: 50 messages as JSON, over bare lines", _count(_laid_out(last, "json")) / bare, 2.1)


def _costs_of_mail_and_topics(chat: dict[str, list[Message]]) -> Iterator[bool]:
    """Pages as mailing lists and topics have them: a subject on every message, replies to what is off the page."""
    every = [message for messages in chat.values() for message in messages if message.text]
    for kind, make in (("mail", _mail_like), ("topics", _topic_like)):
        ratios: list[float] = []
        for seed in range(PAGES):
            page = make(every, random.Random(seed))
            ratios.append(_count(_laid_out(page, "text")) / _count(_bare(page)))
        parts = statistics.quantiles(ratios, n=20)
        yield show(f"{kind}: pages as text, over bare lines, median", parts[9], 1.20)
        yield show(f"{kind}: pages as text, over bare lines, 95th percentile", parts[18], 1.45)


def _mail_like(every: list[Message], chance: random.Random) -> list[Message]:
    """Mails of a few threads: several paragraphs each, answers with ``Re:``, most answering what came before."""
    threads = [(f"{' '.join(one.text.split()[:6])}", f"mail-{at}") for at, one in enumerate(chance.sample(every, 3))]
    page: list[Message] = []
    for at in range(chance.randint(15, 40)):
        subject, root = chance.choice(threads)
        text = "\n\n".join(one.text for one in chance.sample(every, chance.randint(1, 4)))
        before = [one for one in page if one.subject and one.subject.endswith(subject)]
        parent = chance.choice(before).id if before and chance.random() < 0.7 else root
        page.append(_rewritten(chance.choice(every), at, text, f"Re: {subject}", parent))
    return page


def _topic_like(every: list[Message], chance: random.Random) -> list[Message]:
    """Posts of interleaved topics, some answering what is on an earlier page."""
    topics = [" ".join(one.text.split()[:4]) for one in chance.sample(every, 4)]
    page: list[Message] = []
    topic = chance.choice(topics)
    for at in range(50):
        topic = topic if chance.random() < 0.8 else chance.choice(topics)
        parent = f"earlier-{chance.randint(1, 3)}" if chance.random() < 0.2 else None
        text = "\n".join(one.text for one in chance.sample(every, chance.randint(1, 3)))
        page.append(_rewritten(chance.choice(every), at, text, topic, parent))
    return page


def _rewritten(like: Message, at: int, text: str, subject: str, parent: str | None) -> Message:
    return Message(
        id=f"m{at}",
        conversation="list",
        account="local",
        number=9000 + at,
        author=like.author,
        sent_at=datetime(2026, 3, 10, 8, tzinfo=UTC) + timedelta(minutes=17 * at),
        text=text,
        subject=subject,
        reply_to=parent,
        reply_to_number=None if parent is None else 8000 + sum(map(ord, parent)) % 900,
    )


def _estimates(chat: dict[str, list[Message]]) -> Iterator[bool]:
    texts = [(name, _bare(messages)) for name, messages in chat.items()]
    for kind, samples in json.loads(SAMPLES.read_text("utf-8")).items():
        texts += [(f"{kind} ({known})", text) for known, text in samples.items()]
    ratios = {name: estimate(text) / _count(text) for name, text in texts}
    lowest, highest = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    yield show(f"estimate over count, lowest: {lowest}", ratios[lowest], 0.95, at_least=True)
    yield show(f"estimate over count, highest: {highest}", ratios[highest], 1.15)


def _speed(chat: dict[str, list[Message]]) -> Iterator[bool]:
    """With garbage collection, and numbers never seen before; what other programs do meanwhile should not count."""
    spent: dict[str, list[float]] = {"text": [], "json": [], "plain": []}
    every = [message for messages in chat.values() for message in messages]
    for run in range(RUNS):
        first = run * 7 % (len(every) - PAGE)
        page = [replace(message, number=10_000 + run * PAGE + at) for at, message in enumerate(every[first:][:PAGE])]
        data = json.loads(_laid_out(page, "json"))
        page = [replace(message, number=100_000 + message.number) for message in page]
        spent["plain"].append(_milliseconds(json.dumps, data))
        spent["text"].append(_milliseconds(_laid_out, page, "text"))
        spent["json"].append(_milliseconds(_laid_out, page, "json"))
    took = {name: statistics.quantiles(times[RUNS // 4 :], n=4)[0] for name, times in spent.items()}
    yield show("100 messages as text", took["text"], 3, unit="ms")
    yield show("100 messages as text, over bare json.dumps", took["text"] / took["plain"], 12)
    yield show("100 messages as JSON", took["json"], 8, unit="ms")
    yield show("100 messages as JSON, over bare json.dumps", took["json"] / took["plain"], 22)


def _milliseconds(do: Callable[..., object], *given: object, **named: object) -> float:
    started = time.process_time()
    do(*given, **named)
    return (time.process_time() - started) * 1000


def _laid_out(messages: list[Message], form: Literal["text", "json"]) -> str:
    conversation = Conversation(
        id=messages[0].conversation, title="kiosk", kind=ConversationKind.CHANNEL, account="local"
    )
    view = MessagesView(conversation=conversation, messages=messages, total=200, more=True)
    return lay_out(view, form=form, max_tokens=20_000, zone=UTC).answer("k3").text


def _bare(messages: Iterable[Message]) -> str:
    return "\n".join(f"{message.author.name}: {message.text}" for message in messages)


def _conversations() -> Iterator[tuple[str, list[Message]]]:
    """The chat of the package, mentions as names, numbered from 100 on."""
    chat = json.loads(files("dragoman").joinpath("archives/samples/team_chat.json").read_text("utf-8"))
    people = {person["id"]: person for person in chat["people"]}
    number = 100
    for one in chat["conversations"]:
        numbers = {given["id"]: number + place for place, given in enumerate(one["messages"])}
        number += len(numbers)
        yield (
            one["id"],
            [_message(given, one["id"], people, numbers) for given in one["messages"] if "deleted_at" not in given],
        )


def _message(given, conversation, people, numbers) -> Message:
    text = given["text"]
    for key, person in people.items():
        text = text.replace(f"<@{key}>", f"@{person['name']}")
    author = people[given["author"]]
    edited_at = given.get("edited_at")
    return Message(
        id=given["id"],
        conversation=conversation,
        account="local",
        number=numbers[given["id"]],
        author=Author(id=author["id"], name=author["name"], kind=AuthorKind(author["kind"])),
        sent_at=datetime.fromisoformat(given["at"]),
        text=text,
        reply_to=given.get("thread"),
        reply_to_number=numbers.get(given.get("thread")),
        edited_at=None if edited_at is None else datetime.fromisoformat(edited_at),
        labels=("pinned",) if given.get("pinned") else (),
        reactions=tuple(Reaction(emoji=one["emoji"], count=len(one["by"])) for one in given.get("reactions", ())),
        attachments=tuple(
            Attachment(name=one["name"], media_type=one["mime"], size=one["size"])
            for one in given.get("attachments", ())
        ),
        history=tuple(Edit(text=one["text"]) for one in given.get("edits", ())),
    )


if __name__ == "__main__":
    sys.exit(main())
