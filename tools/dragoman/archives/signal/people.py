"""Who is who in a Signal export, and which chats there are. Their numbers count in one file only."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from dragoman.archives.fields import JsonObject, record_of, records_of, text_of
from dragoman.archives.text import clean
from dragoman.core.fast_model import new_author
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind

SELF: Final = "self"
"""Stands for the id of the user, whom the file does not name."""

_UNKNOWN: Final = new_author(name="Unknown")
_UUID: Final = 16
_LISTS: Final = ("distributionList", "callLink")


class Directory:
    """Learns recipients and chats as they come."""

    def __init__(self) -> None:
        self._authors: dict[str, Author] = {}
        self._names: dict[str, str] = {}
        self._groups: dict[str, JsonObject] = {}
        self._chats: dict[str, str] = {}
        self._kinds: dict[str, ConversationKind] = {}
        self._own_name = "me"

    def learn(self, frame: JsonObject) -> None:
        """Take what a frame tells of the account, a recipient or a chat."""
        account, recipient, chat = (record_of(frame, name) for name in ("account", "recipient", "chat"))
        if account:
            self._own_name = _joined(account, "givenName", "familyName") or text_of(account, "username") or "me"
        if recipient and text_of(recipient, "id"):
            self._learn_recipient(text_of(recipient, "id"), recipient)
        if chat and text_of(chat, "id"):
            self._chats[text_of(chat, "id")] = text_of(chat, "recipientId")

    def author(self, recipient: str) -> Author:
        """The person of a recipient's number."""
        return self._authors.get(recipient, _UNKNOWN)

    def name_of(self, aci: str) -> str:
        """The name of the person with this id in base64; whoever is in a group and no contact is the user."""
        id_ = uuid_of(aci)
        known = self._names.get(id_)
        if known is None and id_ and any(id_ in _members(group) for group in self._groups.values()):
            return self._own_name
        return known or "Unknown"

    def conversation_id(self, chat: str) -> str | None:
        """The id of a chat's conversation; ``None`` when the file does not have the chat."""
        recipient = self._chats.get(chat)
        author = self._authors.get(recipient) if recipient is not None else None
        return f"signal.{author.id}" if author is not None else None

    def conversation(self, chat: str) -> Conversation | None:
        """A chat as far as it is known by now."""
        id_, recipient = self.conversation_id(chat), self._chats.get(chat, "")
        if id_ is None:
            return None
        group = self._groups.get(recipient)
        author = self._authors[recipient]
        if group is None:
            return Conversation(
                id=id_,
                title="Note to Self" if author.own else author.name,
                kind=self._kinds.get(recipient, ConversationKind.DIRECT),
                participants=(author.name,),
            )
        snapshot = record_of(group, "snapshot")
        names = tuple(dict.fromkeys(self._names.get(id_, self._own_name) for id_ in _members(group)))
        return Conversation(
            id=id_,
            title=author.name,
            kind=ConversationKind.GROUP,
            topic=clean(text_of(record_of(snapshot, "description"), "descriptionText")),
            participants=names,
            members=len(names) or None,
        )

    def _learn_recipient(self, number: str, recipient: JsonObject) -> None:
        contact, group = record_of(recipient, "contact"), record_of(recipient, "group")
        if contact:
            author = _contact(contact)
            self._authors[number] = author
            self._names[author.id] = author.name
        elif group:
            snapshot = record_of(group, "snapshot")
            title = clean(text_of(record_of(snapshot, "title"), "title"))
            # The key of a group is the same in every export; numbers count in one file only.
            key = text_of(group, "masterKey").replace("+", "-").replace("/", "_").rstrip("=")
            self._groups[number] = group
            self._authors[number] = new_author(
                name=title or "Group", id=f"group.{key or number}", kind=AuthorKind.SYSTEM
            )
        elif "self" in recipient:
            self._authors[number] = new_author(name=self._own_name, id=SELF, own=True)
        elif "releaseNotes" in recipient:
            self._authors[number] = new_author(name="Signal", id="release-notes", kind=AuthorKind.BOT)
            self._kinds[number] = ConversationKind.CHANNEL
        else:
            self._learn_list(number, recipient)

    def _learn_list(self, number: str, recipient: JsonObject) -> None:
        """A list of people for stories, or a link to a call."""
        for member in _LISTS:
            entry = record_of(recipient, member)
            name = text_of(record_of(entry, "distributionList"), "name") or text_of(entry, "name")
            key = uuid_of(text_of(entry, "distributionId")) or text_of(entry, "rootKey")
            if key:
                self._authors[number] = new_author(name=clean(name) or "Signal", id=f"{member}.{key}")
                self._kinds[number] = ConversationKind.GROUP


def uuid_of(text: str) -> str:
    """A service id, which is written in base64 or with dashes; empty when it is none."""
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
        if len(raw) in (_UUID, _UUID + 1):  # a first byte tells a phone number's id from a person's
            return str(UUID(bytes=raw[-_UUID:]))
        return str(UUID(text))
    except (ValueError, binascii.Error):
        return ""


def _contact(contact: JsonObject) -> Author:
    number = text_of(contact, "e164")
    number = f"+{number.removeprefix('+')}" if number else ""
    nickname = record_of(contact, "nickname")
    names = (
        _joined(contact, "systemGivenName", "systemFamilyName"),
        clean(text_of(contact, "systemNickname")),
        _joined(nickname, "given", "family"),
        _joined(contact, "profileGivenName", "profileFamilyName"),
        number,
        clean(text_of(contact, "username")),
    )
    # The id of the account stays when somebody takes another number.
    id_ = uuid_of(text_of(contact, "aci")) or uuid_of(text_of(contact, "pni")) or number or text_of(contact, "username")
    return new_author(name=next(filter(None, names), id_ or "Unknown"), id=id_ or "unknown")


def _joined(record: JsonObject, *names: str) -> str:
    return " ".join(part for name in names if (part := clean(text_of(record, name))))


def _members(group: JsonObject) -> Iterator[str]:
    for member in records_of(record_of(group, "snapshot"), "members"):
        id_ = uuid_of(text_of(member, "userId"))
        if id_:
            yield id_
