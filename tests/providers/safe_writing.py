"""What has to hold when a message is sent through the tools to a service that fails: looked for, never sent twice."""

import re

from dragoman.testing import ToolError

SAID = "Once and only once"


async def told(client, **arguments):
    """What the assistant reads, be it an answer or an error."""
    try:
        return await client.call("send_message", **arguments)
    except ToolError as error:
        return str(error)


async def never_twice(client, conversation, received, listed, heal):
    """Send into a fault, let it pass, and send again with the same key until it is there.

    Args:
        client: Of a server whose service fails now.
        conversation: Where to.
        received: Gives how often the service has taken the message.
        listed: Gives how often the service was asked for its messages.
        heal: Ends the fault.
    """
    arguments = {"conversation": conversation, "text": SAID, "idempotency_key": "k"}
    first = await told(client, **arguments)
    there = received()
    assert there <= 1
    if "othing was sent" in first:
        assert there == 0
    elif "unknown" not in first:
        assert there == 1
    heal()
    before = listed()
    second = await told(client, **arguments)
    if "unknown" in first:
        assert listed() > before, "it is looked for before anything else"
        assert received() == there, "what is unknown is not sent again by itself"
        assert ("Nothing was sent again" in second) == (there == 1), second
    if there == 0 and "unknown" in first:
        token = re.search(r"confirm=(\w+)", second)
        assert token, second
        await client.call("send_message", **arguments, confirm=token[1])
    third = await client.call("send_message", **arguments)
    assert received() == 1
    assert await client.call("send_message", **arguments) == third
    return first


def break_connection(*_):
    raise ConnectionResetError


def service_faults(refused):
    """What goes wrong with a write to a service over HTTP: before or after it was taken, and the answer."""
    return {
        "a reset before it was taken": ("before", break_connection),
        "a reset after it was taken": ("after", break_connection),
        "500 before it was taken": ("before", lambda *_: refused(500, "no")),
        "500 after it was taken": ("after", lambda *_: refused(500, "no")),
        "502 after it was taken": ("after", lambda *_: refused(502, "no")),
        "504 before it was taken": ("before", lambda *_: refused(504, "no")),
        "400": ("before", lambda *_: refused(400, "no")),
    }


def fail(service, operation, moment, act):
    """Let one operation of a service in memory go wrong at a moment."""
    setattr(service, moment, lambda request, *answer: act(*answer) if request.operation == operation else None)


def heal(service):
    service.before = service.after = None
