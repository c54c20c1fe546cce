"""Recorded answers, given again with the faults that they ended in."""

import json

import httpx


def content_of(recorded):
    """The bytes of a recorded answer.

    Raises:
        httpx.TransportError: No answer was recorded, but how its connection failed.
    """
    fault = recorded.get("fault", "")
    if fault.startswith("connection reset"):
        raise httpx.ReadError(fault)
    if fault.startswith("first byte delayed"):
        raise httpx.ReadTimeout(fault)
    body = recorded["body"]
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body, ensure_ascii=False)
    return text.encode()
