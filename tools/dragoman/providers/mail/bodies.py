"""The texts of mails. Small ones are read whole; of large ones only the parts that are text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from dragoman.core.mail import Mail, Part, make_part, read_whole_mail
from dragoman.providers.mail.imap_arguments import PuzzlingAnswerError

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.pipelining import Fetched

SMALL: Final = 48 << 10
"""Bytes of a mail that is read whole: asking for its parts would take longer."""

SMALL_MAIL: Final = (f"BODY.PEEK[]<0.{SMALL}>",)
"""What is asked for of a small mail."""

_TEXT: Final = 512 << 10  # bytes on the wire of one text; base64 makes three to four
_MOST: Final = 1 << 20
_PARTS: Final = 100
_LARGE_AT_ONCE: Final = 8  # mails, each with up to twelve texts of half a megabyte
_TEXTS: Final = 12
_DEEPEST: Final = 20
_INNER: Final = ("message/rfc822", "text/rfc822-headers")
_REPORTS: Final = ("message/delivery-status", "message/disposition-notification")
_SHORT: Final = 64 << 10


@dataclass(slots=True)
class _Node:
    """A part of a mail as the server describes it, before anything of it was read."""

    number: str
    media_type: str
    octets: int = 0
    is_file: bool = False
    parts: tuple[_Node, ...] = ()


def fetch_mails(session: ImapSession, sizes: Mapping[int, int]) -> dict[int, Mail]:
    """Mails of the open folder by UID; those that are gone are missing.

    Args:
        session: The connection.
        sizes: Bytes of each mail, by its UID.
    """
    small = [uid for uid, size in sizes.items() if size <= SMALL]
    large = [uid for uid, size in sizes.items() if size > SMALL]
    found = read_small(session.fetch(small, SMALL_MAIL))
    return found | _fetch_large(session, large) if large else found


def read_small(answers: Fetched) -> dict[int, Mail]:
    """Small mails by UID, of which some were read as they came.

    Raises:
        PuzzlingAnswerError: The server gave nothing of a mail.
    """
    found: dict[int, Mail] = {}
    for uid, answer in answers.items():
        content = answer.get(b"BODY[]", answer.get(b"BODY[]<0>"))
        if content is not None:
            found[uid] = content if isinstance(content, Mail) else read_text(content)
    return found


def read_text(content: object, head: Mail | None = None) -> Mail:
    """A small mail, taken apart here, in the thread of the connection: the event loop would wait for it.

    Args:
        content: The mail.
        head: Its head, where that was read before.

    Raises:
        PuzzlingAnswerError: The server gave nothing.
    """
    if not isinstance(content, bytes) or not content:
        raise PuzzlingAnswerError("a mail without anything")
    mail = read_whole_mail(content, head)
    mail.take_apart()
    return mail


def _fetch_large(session: ImapSession, uids: Sequence[int]) -> dict[int, Mail]:
    """Mails of which only some parts are read; those whose parts have the same numbers are asked for together."""
    wanted: dict[tuple[str, ...], dict[int, _Node]] = defaultdict(dict)
    found: dict[int, Mail] = {}
    for uid, structure in _structures(session, uids).items():
        root = _root(structure)
        if root is not None:
            wanted[_items(root)][uid] = root
        elif (mail := _fetch_beginning(session, uid)) is not None:
            found[uid] = mail
    for items, roots in wanted.items():
        for some in _portions(list(roots)):
            for uid, answer in session.fetch(some, items).items():
                found[uid] = Mail(_part(roots[uid], answer, ""))
                found[uid].take_apart()
    return found


def _structures(session: ImapSession, uids: Sequence[int]) -> dict[int, object]:
    """What the server says of the parts of mails; ``None`` where that is nonsense, as it is of some odd mails."""
    try:
        answers = session.fetch(uids, ("BODYSTRUCTURE",))
    except PuzzlingAnswerError:
        if len(uids) == 1:
            return {uids[0]: None}
        return {uid: one for uid in uids for one in _structures(session, [uid]).values()}
    return {uid: answers[uid].get(b"BODYSTRUCTURE") for uid in uids if uid in answers}


def _root(structure: object) -> _Node | None:
    try:
        root = _node(structure, "", 0)
    except (TypeError, ValueError, IndexError, AttributeError):
        return None  # servers describe odd mails wrongly
    return root if next(_leaves(root), None) is not None else None


def _items(root: _Node) -> tuple[str, ...]:
    """What is asked for of a mail: the heads of its parts, and those that are text."""
    leaves = list(_leaves(root))[:_PARTS]
    texts = [leaf for leaf in leaves if _is_wanted(leaf)][:_TEXTS]
    heads = [_head_item(leaf) for leaf in leaves if leaf is not root]
    bodies = [f"BODY.PEEK[{_body_section(leaf)}]<0.{_TEXT if leaf.octets > _SHORT else _SHORT}>" for leaf in texts]
    return ("BODY.PEEK[HEADER]", *heads, *bodies)


def _portions(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), _LARGE_AT_ONCE):
        yield uids[start : start + _LARGE_AT_ONCE]


def _fetch_beginning(session: ImapSession, uid: int) -> Mail | None:
    """As much of a mail as is bearable, where its parts are not known."""
    content = _section(session.fetch([uid], (f"BODY.PEEK[]<0.{_MOST}>",)).get(uid, {}), b"BODY[]")
    if content is None:
        return None
    mail = read_whole_mail(content)
    mail.root.cut = len(content) >= _MOST
    mail.take_apart()
    return mail


def _node(structure: object, number: str, depth: int) -> _Node:
    """The description of a part, as IMAPClient gives it."""
    fields = cast("Sequence[Any]", structure)
    if isinstance(fields[0], list):
        inner = cast("list[object]", fields[0])[:_PARTS] if depth < _DEEPEST else []
        parts = tuple(
            _node(one, f"{number}.{place}".removeprefix("."), depth + 1) for place, one in enumerate(inner, 1)
        )
        return _Node(number, f"multipart/{_word(fields[1])}", parts=parts)
    media_type = f"{_word(fields[0])}/{_word(fields[1])}"
    is_file = any(_disposition(field) == "attachment" for field in fields[7:])
    return _Node(number, media_type, int(fields[6]), is_file=is_file)


def _disposition(field: object) -> str:
    if isinstance(field, tuple) and field and isinstance(field[0], bytes):  # pyright: ignore[reportUnknownArgumentType]
        return _word(field[0])
    return ""


def _leaves(node: _Node) -> Iterator[_Node]:
    if not node.parts:
        yield node
    for one in node.parts:
        yield from _leaves(one)


def _is_wanted(node: _Node) -> bool:
    if node.media_type in _INNER or node.media_type in _REPORTS:
        return True
    return not node.is_file and node.media_type.startswith("text/")


def _head_item(node: _Node) -> str:
    return f"BODY.PEEK[{node.number}.MIME]<0.{_SHORT}>"


def _body_section(node: _Node) -> str:
    return node.number or "TEXT"


def _part(node: _Node, answer: Mapping[bytes, Any], around: str) -> Part:
    """The part, of what was read of it."""
    head_name = f"{node.number}.MIME" if node.number else "HEADER"
    head = _section(answer, f"BODY[{head_name}]".encode()) or b""
    if node.parts and node.number:
        head = f"Content-Type: {node.media_type}\r\n".encode()  # of a multipart nothing else counts
    body = None if node.parts else _section(answer, f"BODY[{_body_section(node)}]".encode())
    part = make_part(node.number, head, body, around=around, octets=node.octets)
    part.parts = [_part(one, answer, node.media_type) for one in node.parts]
    return part


def _section(answer: Mapping[bytes, Any], name: bytes) -> bytes | None:
    for key, value in answer.items():
        if key == name or key.startswith(name + b"<"):
            return value if isinstance(value, bytes) else b""
    return None


def _word(value: object) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else str(value).lower()
