from dragoman.core.model import (
    Attachment,
    Author,
    Citation,
    Conversation,
    Edit,
    Hit,
    Message,
    Page,
    Reaction,
)
from dragoman.core.text_size import memory_size

MANY = 100_000


def message(**rest):
    return Message(id="1", conversation="c", author=Author(name="Ann"), sent_at=None, **{"text": "Hi"} | rest)


def test_whatever_a_message_holds_has_its_weight():
    for heavy in (
        {"text": "x" * MANY},
        {"subject": "x" * MANY},
        {"history": (Edit(text="x" * MANY),)},
        {"citations": (Citation(title="t", text="x" * MANY),)},
        {"attachments": (Attachment(name="x" * MANY),)},
        {"reactions": (Reaction(emoji="+", count=1, by=("x" * MANY,)),)},
        {"labels": ("x" * MANY,)},
        {"extra": {"more": "x" * MANY}},
    ):
        assert memory_size(message(**heavy)) > MANY
        assert memory_size(Page(items=[Hit(message=message(**heavy))])) > MANY
    assert memory_size(message()) < 1000


def test_people_of_conversations_have_their_weight():
    crowd = Conversation(id="c", participants=("Ann Smith",) * 10_000)
    assert memory_size(Page(items=[crowd])) > 90_000
