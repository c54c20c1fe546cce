"""Calls to many people at once in a text, in the forms of every service that is known."""

from __future__ import annotations

import re
from typing import Final

from dragoman.toolset.policy.text_readings import readings

_MANY: Final = (
    r"(channel|here|everyone|everybody|all|room|team|group|online|participants|\u0432\u0441\u0435"
    r"|\u6240\u6709\u4eba|\u5168\u4f53\u6210\u5458|\u5168\u54e1)"
    r"(?![0-9A-Za-z\u00c0-\u024f\u0400-\u04ff])"
)
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"@(?:[*_~`|\[({{\"']|<[^<>\n]{{0,40}}>){{0,8}}{_MANY}",  # @channel, also after other letters or mark-up
        r"@_?\*{1,2}([^*\n]{1,80})\*",  # Zulip: @**all**, and @*group* for a user group
        r"<!([a-z]+)\b[^<>\n]{0,80}>",  # Slack: <!here>, <!subteam^S01>
        r"<(@&\d{1,30})>",  # Discord: a role
        rf"<@!?{_MANY}",  # Webex, WeCom
        r"<users/(all)>",  # Google Chat
        r"\[(toall)\]",  # Chatwork
        r"\[USER=(all)\]",  # Bitrix24
        r"twist-mention://(EVERYONE)",  # Twist
        r"<spark-mention\b[^<>\n]{0,120}\bgroup(Mention)",  # Webex
        rf"<at\b[^<>\n]{{0,80}}>\s{{0,8}}{_MANY}",  # Teams
        rf"<at\b[^<>\n]{{0,80}}[\"'=\s]{_MANY}",  # Lark: the receiver is an attribute
    )
)
_NO_CALL: Final = frozenset({"date", "doctype"})
_IN_ADDRESS: Final = re.compile(r"(?<=[0-9A-Za-z._%+\-])@[a-z]{1,20}\.([a-z]{2,24})\b", re.IGNORECASE)


def mass_mentions(text: str) -> list[str]:
    """The calls to many people in a text, such as ``@channel``, without repetition."""
    if text.isascii() and not any(sign in text for sign in "@&<[:"):
        return []
    found = [name for reading in readings(text) for name in _calls(reading)]
    return list(dict.fromkeys(found))


def _calls(reading: str) -> list[str]:
    addresses = {match.start() for match in _IN_ADDRESS.finditer(reading) if _is_domain_end(match[1])}
    found = [match for form in _FORMS for match in form.finditer(reading) if match.start() not in addresses]
    names = [match[1].lower() for match in found]
    return [name if name.startswith("@") else f"@{name}" for name in names if name not in _NO_CALL]


def _is_domain_end(label: str) -> bool:
    from dragoman.toolset.policy.links import is_top_level  # noqa: PLC0415  # a long list, only where it is needed

    return is_top_level(label.lower())
