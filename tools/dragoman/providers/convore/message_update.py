"""Members of a message that Convore lets be changed: more than the tools offer, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dragoman.core.errors import InvalidArgument
from dragoman.core.html_text import to_html
from dragoman.core.model import Author
from dragoman.providers.base.provider import Change
from dragoman.providers.convore import mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvoreChange(Change):
    """A change of any member of Convore's UpdateMessageRequest; ``None`` leaves one as it is.

    The author and the recipients need e-mail addresses. ``outbound``: the team sent it. ``snippet``: what lists show.
    """

    sent_at: datetime | None = None
    author: Author | None = None
    recipients: tuple[Author, ...] | None = None
    outbound: bool | None = None
    snippet: str | None = None


def body_of(change: Change) -> dict[str, object]:
    """The request, with only what changes."""
    if change.labels is not None:
        raise InvalidArgument(
            "Messages of Convore have no labels, only conversations do.", hint="Change text or subject only."
        )
    given: dict[str, object | None] = {
        "subject": change.subject,
        "body": None if change.text is None else to_html(change.text),
    }
    if isinstance(change, ConvoreChange):
        given |= _more(change)
    # null would clear a member, and nothing was said about it.
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise InvalidArgument("Nothing is to be changed.", hint="Give text or subject.")
    return body


def _more(change: ConvoreChange) -> dict[str, object | None]:
    sent_at, outbound = change.sent_at, change.outbound
    return {
        "date": sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z") if sent_at else None,
        "direction": None if outbound is None else "outbound" if outbound else "inbound",
        "sender": None if change.author is None else _participant(change.author, "from"),
        "recipients": None if change.recipients is None else [_participant(one, "to") for one in change.recipients],
        "snippet": change.snippet,
    }


def _participant(author: Author, role: str) -> dict[str, object]:
    writer = mapping.writer_of(author)
    if writer is None:
        raise InvalidArgument("Convore needs the e-mail address of everybody.", hint="Give each an email.")
    return mapping.in_role(writer, role)
