"""People and messages of tests that write to Convore."""

from datetime import UTC, datetime

from convore_service import OWN

from dragoman.core.model import Author, Message

SEND, IMPORT = "POST /v1/messages", "POST /v1/messages/import"
AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
BOB = {"handle": {"type": "email", "value": "bob@example.net"}, "name": "Bob Ray"}
SUPPORT = {"handle": OWN, "name": "Acme Support"}


def letter(name="Ann Lee", email=None, text="old", **members):
    author = Author(name=name, email=email, id=email or "")
    return Message(**({"id": "", "conversation": "room", "author": author, "sent_at": AT, "text": text} | members))


def role(participant, role):
    return participant | {"role": role}
