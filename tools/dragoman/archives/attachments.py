"""Media types of files that an export only names."""

from __future__ import annotations

from mimetypes import guess_type


def media_type_of(name: str) -> str | None:
    """The media type that the ending of a name stands for; ``None`` when it stands for none."""
    return guess_type(name, strict=False)[0]
