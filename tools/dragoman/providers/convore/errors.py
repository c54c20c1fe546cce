"""Convore's failures as advice to the person who has to do something.

Nothing is published about its errors; the usual shapes of JSON bodies are read by the transport.
"""

from __future__ import annotations

from typing import Final

from dragoman.providers.kit.errors import error_table

SEND: Final = "send_message"
IMPORT: Final = "import_message"
UPDATE: Final = "update_message"

PROFILE: Final = error_table(
    "Convore",
    {
        401: "Check `token` of this account: the secret API key is missing, wrong or disabled.",
        403: "Check that the API key of `token` may use this channel or conversation.",
        404: "Find it with list_conversations or list_messages.",
        "unresolvable": "Check `base_url` of this account.",
    },
    look={
        SEND: "Look with list_messages whether it is in the conversation before sending it again.",
        IMPORT: "Look with list_messages whether it is there: a second import would make a second message.",
        UPDATE: "Look with get_message whether it was changed.",
    },
    retry_on=frozenset({408, 429, 500, 502, 503, 504}),
)
