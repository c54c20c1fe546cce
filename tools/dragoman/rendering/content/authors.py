"""Names of authors that could be taken for somebody else's."""

from __future__ import annotations

from dragoman.core.model import Author


def hidden_address(author: Author) -> str:
    """The author's address where the name looks like another one; empty where it does not."""
    email = author.email or ""
    if "@" not in author.name or "@" not in email or email.casefold() in author.name.casefold():
        return ""
    return email
