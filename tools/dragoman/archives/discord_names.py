"""Words that both of Discord's archives share: kinds of channels, and custom emoji."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import ConversationKind

# As in `<:name:id>`, or `<a:name:id>` for one that moves.
CUSTOM_EMOJI: Final = lazy_pattern(r"<a?(:\w{1,64}:)\d{1,20}>")
KINDS: Final[Mapping[str, ConversationKind]] = {
    "DirectTextChat": ConversationKind.DIRECT,
    "DirectGroupTextChat": ConversationKind.GROUP,
    "1": ConversationKind.DIRECT,
    "DM": ConversationKind.DIRECT,
    "3": ConversationKind.GROUP,
    "GROUP_DM": ConversationKind.GROUP,
    **dict.fromkeys(("10", "11", "12"), ConversationKind.THREAD),
}
