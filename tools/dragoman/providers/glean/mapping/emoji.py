"""The emoji behind the names that reactions have in chat systems."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "+1": "👍", "thumbsup": "👍", "like": "👍", "-1": "👎", "thumbsdown": "👎",
    "100": "💯", "angry": "😠", "bulb": "💡", "clap": "👏", "confused": "😕", "cry": "😢", "dart": "🎯",
    "exclamation": "❗", "eyes": "👀", "fire": "🔥", "grin": "😁", "heart": "❤️", "heart_eyes": "😍",
    "heavy_check_mark": "✔️", "joy": "😂", "laugh": "😆", "muscle": "💪",
    "ok_hand": "👌", "open_mouth": "😮", "party": "🥳", "partying_face": "🥳", "point_up": "☝️", "pray": "🙏",
    "question": "❓", "raised_hands": "🙌", "rocket": "🚀", "rotating_light": "🚨", "sad": "😢", "saluting_face": "🫡",
    "scream": "😱", "slightly_smiling_face": "🙂", "smile": "😄", "sob": "😭", "sparkles": "✨", "star": "⭐",
    "sunglasses": "😎", "surprised": "😮", "tada": "🎉", "thinking_face": "🤔", "warning": "⚠️", "wave": "👋",
    "white_check_mark": "✅", "x": "❌", "zap": "⚡",
}  # fmt: skip


def emoji(name: str) -> str:
    """The emoji of a name; names that only one workspace knows stay as ``:name:``, emoji as they are."""
    plain = name.strip().strip(":")
    if not plain.isascii():
        return name.strip()
    return _NAMES.get(plain.lower(), f":{plain}:")
