"""The URIs of conversations and messages."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from dragoman.core.errors import InvalidArgument
from dragoman.core.references import Reference, decode

SCHEME: Final = "dragoman://"
CONVERSATION: Final = f"{SCHEME}{{account}}/{{conversation}}"
MESSAGE: Final = f"{CONVERSATION}/{{message}}"


def uri_of(reference: Reference) -> str:
    """The URI of a conversation or message: every part percent-encoded (RFC 3986), so that it holds no more ``/``."""
    parts = [reference.account, reference.conversation, *([reference.message] if reference.message else [])]
    return SCHEME + "/".join(quote(part.encode("utf-8", "surrogatepass"), safe=":@") for part in parts)


def reference_of(uri: str) -> Reference:
    """Parse the URI of a resource.

    Raises:
        InvalidArgument: It is no URI of ours.
    """
    parts = uri.removeprefix(SCHEME).split("/")
    if not uri.startswith(SCHEME) or len(parts) not in (2, 3) or not all(parts):
        raise InvalidArgument("This is no address of a conversation or message.", hint=f"It is written {MESSAGE}.")
    return Reference(parts[0], *(decode(part) for part in parts[1:]))
